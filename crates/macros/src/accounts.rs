//! `#[derive(Accounts)]`.

use anchor_syn::{
    AccountField, AccountsStruct, ConstraintGroup, ConstraintInitGroup, Field, InitKind, SeedsExpr,
    Ty,
};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, FnArg, Item, ItemStruct, PatType, Token, Type, TypePath};

pub(crate) fn derive(input: TokenStream) -> syn::Result<TokenStream> {
    let item: ItemStruct = syn::parse2(input)?;
    let accounts = anchor_syn::parser::accounts::parse(&item)?;
    let parse = parse(&accounts, &item)?;
    // Everything that Anchor generates is kept, except for its parsing of the accounts.
    let mut anchors: syn::File = syn::parse2(accounts.to_token_stream())?;
    anchors.items.retain(|item| !implements(item, "Accounts"));
    let kept = &anchors.items;
    Ok(quote!(#(#kept)* #parse))
}

/// Whether an argument is passed by value, because seeds use it by value.
fn is_number(ty: &Type) -> bool {
    let Type::Path(path) = ty else {
        return false;
    };
    ["u8", "u16", "u32", "u64", "i64"]
        .iter()
        .any(|name| path.path.is_ident(name))
}

fn implements(item: &Item, name: &str) -> bool {
    let Item::Impl(block) = item else {
        return false;
    };
    let of = block
        .trait_
        .as_ref()
        .and_then(|(_, path, _)| path.segments.last());
    of.is_some_and(|segment| segment.ident == name)
}

/// The arguments in `#[instruction(...)]`.
fn arguments(item: &ItemStruct) -> syn::Result<Vec<PatType>> {
    let mut attrs = item.attrs.iter();
    let Some(attr) = attrs.find(|attr| attr.path().is_ident("instruction")) else {
        return Ok(Vec::new());
    };
    let list = attr.parse_args_with(Punctuated::<FnArg, Token![,]>::parse_terminated)?;
    let typed = list.into_iter().map(|argument| match argument {
        FnArg::Typed(typed) => Ok(typed),
        FnArg::Receiver(receiver) => Err(Error::new_spanned(
            receiver,
            "an instruction's argument must be `name: type`",
        )),
    });
    typed.collect()
}

/// The implementations of the program's `crate::account::Parse`, and of Anchor's `Accounts` with it.
fn parse(accounts: &AccountsStruct, item: &ItemStruct) -> syn::Result<TokenStream> {
    let arguments = arguments(item)?;
    let name = &accounts.ident;
    let bumps = format_ident!("{name}Bumps");
    let fields: Vec<&Field> = accounts
        .fields
        .iter()
        .map(|field| match field {
            AccountField::Field(field) => Ok(field),
            AccountField::CompositeField(inner) => Err(Error::new_spanned(
                &inner.ident,
                "accounts within accounts are not supported",
            )),
        })
        .collect::<syn::Result<_>>()?;
    let count = fields.len();
    let rules = fields
        .iter()
        .map(|f| rule(f))
        .collect::<syn::Result<Vec<_>>>()?;
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let mut existing = Vec::new();
    let mut created = Vec::new();
    // The types as written in the source: Anchor's parser replaces them by its own types.
    for (field, written) in fields.iter().zip(&item.fields) {
        match &field.constraints.init {
            None => existing.push(wrap(field, &written.ty)),
            Some(init) => created.push(create(field, &written.ty, init)?),
        }
    }
    let relations = fields.iter().map(|f| relations(f));

    // Accounts that depend on arguments must list all arguments of the instruction.
    let (names, types): (Vec<_>, Vec<_>) = arguments.iter().map(|a| (&a.pat, &a.ty)).unzip();
    let (generics, args) = if arguments.is_empty() {
        (quote!('info, A), quote!(A))
    } else {
        (quote!('info), quote!((#(#types,)*)))
    };
    let place = (0..arguments.len()).map(syn::Index::from);
    let named = names.iter().zip(&types).zip(place).map(|((name, ty), at)| {
        if is_number(ty) {
            quote!(let #name = args.#at;)
        } else {
            quote!(let #name = &args.#at;)
        }
    });
    let decoded = quote!((#(crate::account::deserialize_arg::<#types>(&mut data)?,)*));
    Ok(quote! {
        #[automatically_derived]
        impl<#generics> crate::account::Parse<'info, #args> for #name<'info> {
            #[inline(never)]
            #[allow(unused_variables)]
            fn parse(
                rest: &mut &'info [anchor_lang::prelude::AccountInfo<'info>],
                args: &#args,
                bumps: &mut #bumps,
            ) -> anchor_lang::Result<Box<Self>> {
                static RULES: [crate::account::AccountRule; #count] = [#(#rules),*];
                let [#(#idents),*] = crate::account::check_accounts(&RULES, rest)?;
                #(#named)*
                #(#existing)*
                #(#created)*
                #(#relations)*
                Ok(Box::new(Self { #(#idents),* }))
            }
        }

        #[automatically_derived]
        impl<'info> anchor_lang::Accounts<'info, #bumps> for #name<'info> {
            #[allow(unused_mut)]
            fn try_accounts(
                _: &anchor_lang::prelude::Pubkey,
                rest: &mut &'info [anchor_lang::prelude::AccountInfo<'info>],
                mut data: &[u8],
                bumps: &mut #bumps,
                _: &mut ::std::collections::BTreeSet<anchor_lang::prelude::Pubkey>,
            ) -> anchor_lang::Result<Self> {
                let args = #decoded;
                <Self as crate::account::Parse<_>>::parse(rest, &args, bumps).map(|own| *own)
            }
        }
    })
}

/// The rule for an account.
fn rule(field: &Field) -> syn::Result<TokenStream> {
    require_supported(field)?;
    let writable = field.constraints.is_mutable() && field.constraints.init.is_none();
    let optional = field.is_optional;
    // The same token account under two names would be one balance counted twice.
    let unique = matches!(field.ty, Ty::InterfaceAccount(_))
        && field.constraints.is_mutable()
        && field.constraints.init.is_none()
        && !field.constraints.is_dup();
    let kind = match &field.ty {
        _ if field.constraints.init.is_some() => quote!(New),
        Ty::Signer => quote!(Signer),
        Ty::AccountLoader(of) => {
            let of = &of.account_type_path;
            quote!(ProgramAccount(crate::account::ProgramAccountType::of::<#of>()))
        }
        Ty::InterfaceAccount(of) if is_named(&of.account_type_path, "Mint") => quote!(Mint),
        Ty::InterfaceAccount(of) if is_named(&of.account_type_path, "TokenAccount") => {
            quote!(Token)
        }
        Ty::Interface(of) if is_named(&of.account_type_path, "TokenInterface") => {
            quote!(TokenProgram)
        }
        Ty::Program(of) if is_named(&of.account_type_path, "System") => quote!(SystemProgram),
        Ty::UncheckedAccount | Ty::AccountInfo => quote!(Any),
        _ => {
            return Err(Error::new_spanned(
                &field.ident,
                "this account type is not supported",
            ));
        }
    };
    Ok(quote!(crate::account::AccountRule {
        kind: crate::account::AccountKind::#kind,
        writable: #writable,
        optional: #optional,
        unique: #unique,
    }))
}

fn is_named(path: &TypePath, name: &str) -> bool {
    let last = path.path.segments.last();
    last.is_some_and(|segment| segment.ident == name)
}

/// Refuses constraints that this derive does not check.
fn require_supported(field: &Field) -> syn::Result<()> {
    let ConstraintGroup {
        init,
        zeroed,
        mutable,
        dup: _,
        signer,
        owner,
        rent_exempt,
        seeds,
        executable,
        has_one: _,
        raw,
        close,
        address: _,
        associated_token,
        token_account,
        mint,
        realloc,
    } = &field.constraints;
    // `init` carries its own copy of what creates the account: `create` reads that copy alone.
    let created = match init {
        None => rent_exempt.is_none() && seeds.is_none() && token_account.is_none(),
        Some(init) => match &init.kind {
            _ if init.if_needed => false,
            InitKind::Program { owner } | InitKind::Interface { owner } => owner.is_none(),
            _ => true,
        },
    };
    let named_mut = mutable
        .as_ref()
        .is_some_and(|mutable| mutable.error.is_some());
    let supported = created
        && !named_mut
        && zeroed.is_none()
        && signer.is_none()
        && owner.is_none()
        && executable.is_none()
        && raw.is_empty()
        && close.is_none()
        && associated_token.is_none()
        && mint.is_none()
        && realloc.is_none();
    if supported {
        Ok(())
    } else {
        Err(Error::new_spanned(
            &field.ident,
            "a constraint of this account is not supported",
        ))
    }
}

fn wrap(field: &Field, ty: &Type) -> TokenStream {
    let name = &field.ident;
    if field.is_optional {
        quote!(let #name: #ty = crate::account::optional_account(#name).map(crate::account::FromChecked::from_checked);)
    } else {
        quote!(let #name: #ty = crate::account::FromChecked::from_checked(#name);)
    }
}

/// Creates the account of an `init`.
fn create(field: &Field, ty: &Type, init: &ConstraintInitGroup) -> syn::Result<TokenStream> {
    let name = &field.ident;
    let wrong = |what| Error::new_spanned(&field.ident, what);
    let seeds = init
        .seeds
        .as_ref()
        .ok_or_else(|| wrong("`init` requires `seeds`"))?;
    let SeedsExpr::List(seeds) = &seeds.seeds else {
        return Err(wrong("`seeds` must be a list"));
    };
    let seeds: Vec<_> = seeds.iter().collect();
    let seeds = quote!(&[#(#seeds),*]);
    let payer = &init.payer;
    let body = match &init.kind {
        InitKind::Program { .. } | InitKind::Interface { .. } => {
            let space = init
                .space
                .as_ref()
                .ok_or_else(|| wrong("`init` requires `space`"))?;
            quote!(crate::account::create(&#payer, #name, #space, #seeds)?)
        }
        kind => {
            let parties = parties(kind, name)?;
            quote!(crate::account::create_vault(&#payer, #name, #parties, #seeds)?)
        }
    };
    Ok(quote! {
        bumps.#name = #body;
        let #name: #ty = crate::account::FromChecked::from_checked(#name);
    })
}

/// Mint, authority and program of the token account that an `init` creates.
fn parties(kind: &InitKind, name: &syn::Ident) -> syn::Result<TokenStream> {
    let wrong = |what| Error::new_spanned(name, what);
    let InitKind::Token {
        owner,
        mint,
        token_program,
    } = kind
    else {
        return Err(wrong("`init` of this kind of account is not supported"));
    };
    let program = token_program.as_ref();
    let program = program
        .ok_or_else(|| wrong("`init` of a token account requires `token::token_program`"))?;
    Ok(quote!(&#mint, &#owner, &#program))
}

/// The comparisons of `has_one` and `address`.
fn relations(field: &Field) -> TokenStream {
    let name = &field.ident;
    let mut checks = Vec::new();
    for has in &field.constraints.has_one {
        let (target, error) = (&has.join_target, code(&has.error, "ConstraintHasOne"));
        checks.push(quote! {
            crate::account::require_same_key(&#name.load()?.#target, crate::account::key(&#target), #error)?;
        });
    }
    if let Some(address) = &field.constraints.address {
        let (wanted, error) = (&address.address, code(&address.error, "ConstraintAddress"));
        checks.push(quote!(crate::account::require_same_key(&#wanted, crate::account::key(&#name), #error)?;));
    }
    quote!(#(#checks)*)
}

/// The error in the attribute, or Anchor's code for the constraint.
fn code(named: &Option<Expr>, default: &str) -> TokenStream {
    let default = format_ident!("{default}");
    match named {
        Some(error) => quote!(#error),
        None => quote!(anchor_lang::error::ErrorCode::#default),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(attribute: TokenStream) -> Result<String, String> {
        let input = quote! {
            pub struct Act<'info> {
                #[account(#attribute)]
                pub job: AccountLoader<'info, Job>,
                pub other: Signer<'info>,
            }
        };
        let output = derive(input).map_err(|error| error.to_string())?;
        Ok(output.to_string())
    }

    #[test]
    fn a_supported_constraint_becomes_a_rule_or_a_comparison() {
        let plain = derived(quote!()).unwrap_or_default();
        assert!(
            plain.contains("writable : false") && !plain.contains("account :: require_same_key")
        );
        let written = derived(quote!(mut)).unwrap_or_default();
        assert!(written.contains("writable : true"), "{written}");
        let related = derived(quote!(has_one = other @ E::Wrong)).unwrap_or_default();
        assert!(related.contains("account :: require_same_key") && related.contains("E :: Wrong"));
        let placed = derived(quote!(address = PLACE)).unwrap_or_default();
        assert!(placed.contains("ConstraintAddress"), "{placed}");
    }

    #[test]
    fn everything_that_anchor_generates_but_its_parsing_is_kept() {
        let output = derived(quote!(mut)).unwrap_or_default();
        let file: syn::File = syn::parse_str(&output).unwrap_or_else(|e| panic!("{e}"));
        let implemented = |name| {
            file.items
                .iter()
                .filter(|item| implements(item, name))
                .count()
        };
        assert_eq!(implemented("Accounts"), 1);
        assert_eq!(implemented("Parse"), 1);
        assert_eq!(implemented("AccountsExit"), 1);
        assert!(output.contains("__client_accounts_act"), "{output}");
    }
}

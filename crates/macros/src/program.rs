//! `#[program]`.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, FnArg, GenericArgument, Item, ItemFn, ItemMod, PatType, PathArguments, Type};

pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let module: ItemMod = syn::parse2(input)?;
    let name = &module.ident;
    let items = module.content.as_ref().map(|(_, items)| items.as_slice());
    let functions: Vec<&ItemFn> = items
        .unwrap_or_default()
        .iter()
        .filter_map(|item| match item {
            Item::Fn(function) => Some(function),
            _ => None,
        })
        .collect();
    let mut arms = Vec::new();
    let mut handlers = Vec::new();
    for function in functions {
        let verb = &function.sig.ident;
        let discriminator = format_ident!("{}", verb.to_string().to_uppercase());
        let variant = format_ident!("{}", camel(&verb.to_string()));
        let (accounts, args) = signature(function)?;
        let names: Vec<_> = args.iter().map(|arg| &arg.pat).collect();
        let types: Vec<_> = args.iter().map(|arg| &arg.ty).collect();
        arms.push(quote! {
            const #discriminator: u64 = crate::account::discriminator_number(<instruction::#variant as anchor_lang::Discriminator>::DISCRIMINATOR);
        });
        handlers.push((
            quote!(#discriminator => #verb(infos, data)),
            quote! {
                #[inline(never)]
                fn #verb<'info>(infos: &'info [AccountInfo<'info>], data: &[u8]) -> Result<()> {
                    let mut data = data;
                    let args: (#(#types,)*) = (#(crate::account::deserialize_arg::<#types>(&mut data)?,)*);
                    let mut rest = infos;
                    let mut bumps = <#accounts as anchor_lang::Bumps>::Bumps::default();
                    let own = <#accounts as crate::account::Parse<_>>::parse(&mut rest, &args, &mut bumps)?;
                    let (#(#names,)*) = args;
                    let context = Context {
                        program_id: &crate::ID,
                        // A leak instead of a copy: the heap of a call is never freed.
                        accounts: Box::leak(own),
                        remaining_accounts: rest,
                        bumps,
                    };
                    super::#name::#verb(context, #(#names),*)
                }
            },
        ));
    }
    let (choices, bodies): (Vec<_>, Vec<_>) = handlers.into_iter().unzip();
    Ok(quote! {
        #[anchor_lang::program]
        #module

        /// Calls the handler of an instruction.
        #[cfg(target_os = "solana")]
        mod dispatch {
            use super::*;

            #(#arms)*

            /// Executes the instruction with the discriminator.
            pub fn call<'info>(discriminator: u64, infos: &'info [AccountInfo<'info>], data: &[u8]) -> Result<()> {
                match discriminator {
                    #(#choices,)*
                    _ => Err(crate::account::error_from_code(ErrorCode::InstructionFallbackNotFound as u32)),
                }
            }

            #(#bodies)*
        }
    })
}

/// The accounts of an instruction, and its arguments.
fn signature(function: &ItemFn) -> syn::Result<(Ident, Vec<&PatType>)> {
    let wrong = || {
        Error::new_spanned(
            &function.sig,
            "a handler must have the parameters (ctx: Context<...>, arguments)",
        )
    };
    let mut inputs = function.sig.inputs.iter().map(|input| match input {
        FnArg::Typed(typed) => Ok(typed),
        FnArg::Receiver(_) => Err(wrong()),
    });
    let Type::Path(context) = &*inputs.next().ok_or_else(wrong)??.ty else {
        return Err(wrong());
    };
    let arguments = context.path.segments.last().map(|last| &last.arguments);
    let Some(PathArguments::AngleBracketed(arguments)) = arguments else {
        return Err(wrong());
    };
    let accounts = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(Type::Path(path)) => path.path.segments.last(),
        _ => None,
    });
    let accounts = accounts.ok_or_else(wrong)?.ident.clone();
    Ok((accounts, inputs.collect::<syn::Result<_>>()?))
}

/// The name of Anchor's type for the data of an instruction.
fn camel(verb: &str) -> String {
    let words = verb.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    });
    words.collect()
}

//! `#[error_code]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemEnum;

pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let whole: ItemEnum = syn::parse2(input)?;
    let mut bare = whole.clone();
    for variant in &mut bare.variants {
        variant.attrs.retain(|attr| !attr.path().is_ident("msg"));
    }
    let name = &whole.ident;
    let variants = whole.variants.iter().map(|variant| &variant.ident);
    Ok(quote! {
        #[cfg(not(target_os = "solana"))]
        #[anchor_lang::error_code]
        #whole

        #[cfg(not(target_os = "solana"))]
        impl #name {
            /// Every error, in the order of the codes.
            pub const ALL: &[Self] = &[#(Self::#variants),*];
        }

        #[cfg(target_os = "solana")]
        #[derive(Clone, Copy)]
        #[repr(u32)]
        #bare

        #[cfg(target_os = "solana")]
        impl From<#name> for anchor_lang::error::Error {
            fn from(error: #name) -> Self {
                crate::account::error_from_code(error as u32 + anchor_lang::error::ERROR_CODE_OFFSET)
            }
        }
    })
}

use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(associated_token::mint = other, associated_token::authority = other)]
    pub job: InterfaceAccount<'info, TokenAccount>,
    pub other: Signer<'info>,
}

fn main() {}

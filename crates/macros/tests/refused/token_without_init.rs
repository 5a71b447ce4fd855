use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(token::mint = other)]
    pub job: InterfaceAccount<'info, TokenAccount>,
    pub other: Signer<'info>,
}

fn main() {}

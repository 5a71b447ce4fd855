use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(token::token_program = other)]
    pub job: InterfaceAccount<'info, TokenAccount>,
    pub other: Signer<'info>,
}

fn main() {}

use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(init_if_needed, payer = other, seeds = [b"job"], bump, token::mint = other, token::authority = other, token::token_program = token_program)]
    pub job: InterfaceAccount<'info, TokenAccount>,
    #[account(mut)]
    pub other: Signer<'info>,
    pub system_program: Program<'info, System>,
    pub token_program: Interface<'info, TokenInterface>,
}

fn main() {}

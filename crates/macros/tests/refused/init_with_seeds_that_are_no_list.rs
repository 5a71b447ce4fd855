use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(init, payer = other, space = 8, seeds = seeds(), bump)]
    pub job: AccountLoader<'info, Job>,
    #[account(mut)]
    pub other: Signer<'info>,
    pub system_program: Program<'info, System>,
}

fn main() {}

use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(mut, realloc = 8, realloc::payer = other, realloc::zero = false)]
    pub job: AccountLoader<'info, Job>,
    #[account(mut)]
    pub other: Signer<'info>,
    pub system_program: Program<'info, System>,
}

fn main() {}

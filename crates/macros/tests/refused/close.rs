use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(mut, close = other)]
    pub job: AccountLoader<'info, Job>,
    pub other: Signer<'info>,
}

fn main() {}

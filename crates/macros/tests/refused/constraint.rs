use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(constraint = job.key() == other.key())]
    pub job: AccountLoader<'info, Job>,
    pub other: Signer<'info>,
}

fn main() {}

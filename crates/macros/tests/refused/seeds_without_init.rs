use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(seeds = [b"job"], bump)]
    pub job: AccountLoader<'info, Job>,
    pub other: Signer<'info>,
}

fn main() {}

use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(rent_exempt = enforce)]
    pub job: AccountLoader<'info, Job>,
    pub other: Signer<'info>,
}

fn main() {}

use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    pub job: Account<'info, Job>,
    pub other: Signer<'info>,
}

fn main() {}

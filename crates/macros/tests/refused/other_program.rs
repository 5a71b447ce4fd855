use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    pub job: Program<'info, Other>,
    pub other: Signer<'info>,
}

fn main() {}

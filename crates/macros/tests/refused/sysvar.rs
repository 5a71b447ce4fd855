use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    pub job: Sysvar<'info, Clock>,
    pub other: Signer<'info>,
}

fn main() {}

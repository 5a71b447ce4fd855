use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    pub job: Others<'info>,
    pub other: Signer<'info>,
}

fn main() {}

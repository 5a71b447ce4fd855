use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    pub job: Interface<'info, OtherInterface>,
    pub other: Signer<'info>,
}

fn main() {}

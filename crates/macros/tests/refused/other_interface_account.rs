use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    pub job: InterfaceAccount<'info, Vault>,
    pub other: Signer<'info>,
}

fn main() {}

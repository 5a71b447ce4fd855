use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(mint::authority = other)]
    pub job: InterfaceAccount<'info, Mint>,
    pub other: Signer<'info>,
}

fn main() {}

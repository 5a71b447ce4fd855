use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(signer)]
    pub job: UncheckedAccount<'info>,
    pub other: Signer<'info>,
}

fn main() {}

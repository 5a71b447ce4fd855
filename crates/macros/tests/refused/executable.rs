use millrace_macros::Accounts;

#[derive(Accounts)]
pub struct Act<'info> {
    #[account(executable)]
    pub job: UncheckedAccount<'info>,
    pub other: Signer<'info>,
}

fn main() {}

//! Replaces one account of a transaction by another of its kind, which the program has to refuse.

use crate::action::Action;
use crate::run::{Mismatch, Run, error_of};
use crate::world::{JobId, ModelResult};
use millrace_fixture::{Outcome, outcome, replace_account};
use solana_sdk::instruction::Instruction;
use solana_sdk::pubkey::Pubkey;

/// Errors for a wrong account. The matrix tests which error belongs to which account.
const ERRORS: [&str; 12] = [
    "WrongAccount",
    "NotAuthorized",
    // The other provider has nothing to claim.
    "AmountZero",
    "ConstraintSeeds",
    "ConstraintDuplicateMutableAccount",
    "AccountNotInitialized",
    "AccountOwnedByWrongProgram",
    "Token::OwnerMismatch",
    "Token::MintMismatch",
    "Token::IncorrectProgramId",
    "Token::InvalidAccountData",
    "Token::InsufficientFunds",
];

impl Run<'_> {
    /// Replaces an account by another of its kind. Returns a description if there was a candidate.
    pub(crate) fn tamper(
        &self,
        all: &mut [Instruction],
        actions: &[Action],
        number: u64,
    ) -> Option<String> {
        let addresses = &self.chain.addresses;
        let (token_accounts, anybody) = match actions.first()? {
            // The signer may send the instruction with the other account too.
            Action::Donate { .. }
            | Action::RetireOrchestrator { .. }
            | Action::BankRewards { .. } => return None,
            Action::WithdrawTreasury { .. } => (false, false),
            Action::Assign { .. } => (false, true),
            _ => (true, false),
        };
        // Without a penalty, the program does not read the mint of stake.
        let (stake, payment) = (addresses.mints.stake, addresses.mints.payment);
        let settles = matches!(actions.first()?, Action::Settle { .. });
        let unread =
            |key: &Pubkey| settles && stake != payment && *key == stake && !self.penalizes(actions);
        let instruction = all.last_mut()?;
        let mut others = Vec::new();
        for meta in &instruction.accounts {
            let sits = anybody && addresses.providers.contains(&meta.pubkey);
            let other = addresses.counterpart(&meta.pubkey, token_accounts, number >> 8);
            let other = other.filter(|_| !sits && !unread(&meta.pubkey));
            others.extend(other.map(|to| (meta.pubkey, to)));
            others.extend(
                self.shard_of_another(&meta.pubkey)
                    .map(|to| (meta.pubkey, to)),
            );
        }
        let at = (number & 0xFF) as usize;
        let (from, to) = *others.get(at % others.len().max(1))?;
        *instruction = replace_account(instruction.clone(), from, to);
        Some(format!("{from} was replaced by {to}"))
    }

    /// Whether the actions penalize a seat.
    fn penalizes(&self, actions: &[Action]) -> bool {
        let after = self.world.after(actions, &self.chain.addresses);
        let penalty = |note: &&str| ["late", "silent", "disagreed"].contains(note);
        after.is_ok_and(|after| after.notes.iter().any(penalty))
    }

    /// For a shard's own account, the account of a shard of another job.
    fn shard_of_another(&self, account: &Pubkey) -> Option<Pubkey> {
        let addresses = &self.chain.addresses;
        let all = self.world.jobs.iter().filter(|job| job.terms.shards > 1);
        let all = all.flat_map(|job| (0..job.terms.shards).map(move |index| (job.id, index)));
        let all: Vec<(JobId, u32)> = all.collect();
        let own = all
            .iter()
            .find(|(id, n)| addresses.shard(*id, *n) == *account)?;
        let other = all.iter().find(|(id, _)| *id != own.0)?;
        Some(addresses.shard(other.0, other.1))
    }

    /// Checks that the transaction was refused, either for the account or for its original error.
    pub(crate) fn refuses_another_account(
        &mut self,
        says: ModelResult,
        outcome: &Outcome,
    ) -> Result<(), Mismatch> {
        let found = error_of(outcome);
        // If two things are wrong, either error is allowed.
        let anyway = says.is_err() && outcome.is_err();
        if anyway || ERRORS.contains(&found.as_str()) {
            return Ok(());
        }
        let kind = match found.as_str() {
            outcome::DONE => "an account was replaced, and the program succeeded".to_owned(),
            found => format!("an account was replaced, and the program returned {found}"),
        };
        Err(Mismatch::new(kind.clone(), kind))
    }
}

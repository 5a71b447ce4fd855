//! An instruction that another instruction invoked.

use crate::events::ProgramEvent;
use crate::pda::{PROGRAM, event_authority};
use anchor_lang::event::EVENT_IX_TAG_LE;
use solana_sdk::pubkey::Pubkey;

/// An instruction with its accounts resolved to addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// The invoked program.
    pub(super) program: Pubkey,
    pub(super) accounts: Vec<Pubkey>,
    pub(super) data: Vec<u8>,
}

impl Invocation {
    /// The event that the program recorded with this instruction: an invocation of the program by itself,
    /// with its event authority as the only account. Only the program can sign for that key, so in a
    /// transaction that succeeded no one else can have made such an invocation.
    pub(super) fn event(&self) -> Option<ProgramEvent> {
        if self.program != PROGRAM || self.accounts != [event_authority()] {
            return None;
        }
        ProgramEvent::decode(self.data.strip_prefix(EVENT_IX_TAG_LE)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::Event as _;
    use millrace_program::events::JobExpired;

    #[test]
    fn only_the_programs_own_invocations_are_events() {
        let event = JobExpired {
            job: Pubkey::new_from_array([3; 32]),
            shards: 2,
        };
        let real = Invocation {
            program: PROGRAM,
            accounts: vec![event_authority()],
            data: [EVENT_IX_TAG_LE, &event.data()].concat(),
        };
        let stranger = Pubkey::new_from_array([8; 32]);
        let by_another = Invocation {
            program: stranger,
            ..real.clone()
        };
        let other_authority = Invocation {
            accounts: vec![stranger],
            ..real.clone()
        };
        let more_accounts = Invocation {
            accounts: vec![event_authority(), stranger],
            ..real.clone()
        };
        let untagged = Invocation {
            data: event.data(),
            ..real.clone()
        };
        for fake in [by_another, other_authority, more_accounts, untagged] {
            assert_eq!(fake.event(), None);
        }
        assert_eq!(real.event(), Some(ProgramEvent::JobExpired(event)));
    }
}

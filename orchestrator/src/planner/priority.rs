//! Which chain actions come first when not all of them can start.
//!
//! The number of actions in flight is bounded, so that many jobs cannot grow queues without limit. Finished
//! work goes to the chain before new work is assigned: a seat that misses its window costs its provider
//! stake, while a job that waits costs no one anything.

use super::action::ChainAction;

/// One slot in so many is reserved for closing jobs, because a job that is not closed keeps its rent
/// locked.
const CLOSING_SHARE: usize = 8;

/// Urgency of an action; lower is more urgent.
fn rank(action: &ChainAction) -> u8 {
    match action {
        // The window for these ends.
        ChainAction::Commit { .. } | ChainAction::Reveal { .. } => 0,
        // Providers are waiting to be paid.
        ChainAction::Settle { .. } => 1,
        // Other actions depend on these.
        ChainAction::ExpireSeat { .. }
        | ChainAction::DrawAudit { .. }
        | ChainAction::SeedJob { .. } => 2,
        ChainAction::ExpireJob { .. } => 3,
        ChainAction::Assign { .. } => 4,
        ChainAction::CloseJob { .. } => 5,
    }
}

/// Sorts by urgency and drops actions for which there is no room; the next plan contains them again.
pub(super) fn prioritize(mut actions: Vec<ChainAction>, room: usize) -> Vec<ChainAction> {
    actions.sort_by_key(rank);
    if actions.len() <= room {
        return actions;
    }
    let is_closing = |action: &ChainAction| matches!(action, ChainAction::CloseJob { .. });
    let closing = actions.iter().filter(|action| is_closing(action)).count();
    let others = actions.len() - closing;
    let reserved = room.div_ceil(CLOSING_SHARE).min(closing);
    let mut room_for_others = (room - reserved).min(others);
    let mut room_for_closing = room - room_for_others;
    actions.retain(|action| {
        let left = if is_closing(action) {
            &mut room_for_closing
        } else {
            &mut room_for_others
        };
        let fits = *left > 0;
        *left = left.saturating_sub(1);
        fits
    });
    actions
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_client::Pubkey;
    use millrace_protocol::selection::SelectionRecord;

    const JOB: Pubkey = Pubkey::new_from_array([5; 32]);

    fn close() -> ChainAction {
        ChainAction::CloseJob {
            job: JOB,
            client: JOB,
            shards: Vec::new(),
        }
    }

    fn assign(shard: u32) -> ChainAction {
        ChainAction::Assign {
            job: JOB,
            shard,
            providers: Vec::new(),
            selection: SelectionRecord::default(),
        }
    }

    fn settle(shard: u32) -> ChainAction {
        ChainAction::Settle { job: JOB, shard }
    }

    #[test]
    fn settlements_come_before_assignments() {
        let actions = vec![assign(0), close(), settle(1), assign(2)];
        assert_eq!(prioritize(actions, 2), [settle(1), close()]);
    }

    #[test]
    fn nothing_is_dropped_if_everything_fits() {
        let actions = vec![close(), assign(0), settle(1)];
        assert_eq!(prioritize(actions, 3), [settle(1), assign(0), close()]);
    }

    #[test]
    fn closing_has_a_reserved_share_and_takes_what_others_leave() {
        let load = |assigns: u32, closings: usize| {
            let mut actions: Vec<ChainAction> = (0..assigns).map(assign).collect();
            actions.extend((0..closings).map(|_| close()));
            let kept = prioritize(actions, 16);
            let closings = kept
                .iter()
                .filter(|action| matches!(action, ChainAction::CloseJob { .. }));
            (kept.len(), closings.count())
        };
        assert_eq!(load(100, 100), (16, 2));
        assert_eq!(load(100, 1), (16, 1));
        assert_eq!(load(3, 100), (16, 13));
        assert_eq!(load(100, 0), (16, 0));
    }

    #[test]
    fn nothing_starts_without_room() {
        assert_eq!(prioritize(vec![assign(0), close()], 0), []);
    }
}

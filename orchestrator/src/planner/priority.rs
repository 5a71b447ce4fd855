//! What comes first where not everything can be done at once.
//!
//! Acts under way are bounded, so that a crowd of jobs can't grow queues without end. Whoever has worked
//! is brought to the chain before new work is handed out: a seat that misses its window costs its
//! provider, a job that waits costs nobody.

use super::Action;

/// Of the room for acts, the part that closing jobs has at least, where others could fill all of it: a
/// job that is not closed holds its rent. One in so many.
const CLOSING_PART: usize = 8;

/// How urgent an action is; less is more.
fn rank(action: &Action) -> u8 {
    match action {
        // Messages and notes, which take no room.
        Action::File { .. }
        | Action::Run { .. }
        | Action::AskReveal { .. }
        | Action::Release { .. } => 0,
        // Windows end.
        Action::Commit { .. } | Action::Reveal { .. } => 1,
        // Somebody waits for money.
        Action::Settle { .. } => 2,
        // Others can go on after it.
        Action::ExpireSeat { .. } | Action::DrawAudit { .. } | Action::SeedJob { .. } => 3,
        Action::ExpireJob { .. } => 4,
        Action::Assign { .. } => 5,
        Action::CloseJob { .. } => 6,
    }
}

/// Sorts by urgency, and leaves out the acts on chain for which there is no room: they are planned again.
pub fn prioritize(mut actions: Vec<Action>, room: usize) -> Vec<Action> {
    actions.sort_by_key(rank);
    let acts = actions.iter().filter(|action| action.key().is_some());
    let (closing, others): (Vec<_>, Vec<_>) =
        acts.partition(|action| matches!(action, Action::CloseJob { .. }));
    let (closing, others) = (closing.len(), others.len());
    if closing + others <= room {
        return actions;
    }
    let kept = room.div_ceil(CLOSING_PART).min(closing);
    let mut for_others = room - kept.max(room.saturating_sub(others)).min(closing);
    let mut for_closing = room - for_others.min(others);
    actions.retain(|action| {
        let left = match action {
            Action::CloseJob { .. } => &mut for_closing,
            action if action.key().is_some() => &mut for_others,
            _ => return true,
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

    fn close() -> Action {
        Action::CloseJob {
            job: JOB,
            client: JOB,
            shards: Vec::new(),
        }
    }

    fn assign(shard: u32) -> Action {
        Action::Assign {
            job: JOB,
            shard,
            providers: Vec::new(),
            selection: SelectionRecord::default(),
        }
    }

    fn settle(shard: u32) -> Action {
        Action::Settle { job: JOB, shard }
    }

    fn ask() -> Action {
        Action::AskReveal {
            seat: crate::submissions::model::SeatKey {
                job: JOB,
                shard: 0,
                attempt: 0,
                provider: JOB,
            },
        }
    }

    #[test]
    fn payments_come_before_new_work_and_messages_take_no_room() {
        let actions = vec![assign(0), close(), settle(1), ask(), assign(2)];
        assert_eq!(prioritize(actions, 2), [ask(), settle(1), close()]);
    }

    #[test]
    fn where_all_fits_nothing_is_left_out() {
        let actions = vec![close(), assign(0), settle(1)];
        assert_eq!(prioritize(actions, 3), [settle(1), assign(0), close()]);
    }

    #[test]
    fn closing_has_its_part_under_load_and_the_rest_where_nothing_else_is_due() {
        let load = |assigns: u32, closings: usize| {
            let mut actions: Vec<Action> = (0..assigns).map(assign).collect();
            actions.extend((0..closings).map(|_| close()));
            let kept = prioritize(actions, 16);
            let closings = kept.iter().filter(|a| matches!(a, Action::CloseJob { .. }));
            (kept.len(), closings.count())
        };
        assert_eq!(load(100, 100), (16, 2));
        assert_eq!(load(100, 1), (16, 1));
        assert_eq!(load(3, 100), (16, 13));
        assert_eq!(load(100, 0), (16, 0));
    }

    #[test]
    fn without_room_only_messages_are_left() {
        assert_eq!(prioritize(vec![assign(0), ask(), close()], 0), [ask()]);
    }
}

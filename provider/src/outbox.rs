//! What is to be said to the orchestrators, whether there is a connection or not.

use millrace_protocol::agent::FromAgent;
use tokio::sync::mpsc;

/// Messages that wait for one orchestrator. What does not fit any more is left out: commitments are
/// said again with each new connection, and everything else when it is asked for again.
const MOST: usize = 1_024;

/// Takes what is to be said.
pub(crate) struct Outbox(Vec<mpsc::Sender<FromAgent>>);

impl Outbox {
    /// An outbox for so many orchestrators, with what is to be said to each.
    pub(crate) fn new(orchestrators: usize) -> (Self, Vec<mpsc::Receiver<FromAgent>>) {
        let (senders, receivers) = (0..orchestrators).map(|_| mpsc::channel(MOST)).unzip();
        (Self(senders), receivers)
    }

    /// Says something to all.
    pub(crate) fn say(&self, message: FromAgent) {
        for orchestrator in 0..self.0.len() {
            self.tell(orchestrator, message.clone());
        }
    }

    /// Says something to one.
    pub(crate) fn tell(&self, orchestrator: usize, message: FromAgent) {
        let Some(sender) = self.0.get(orchestrator) else {
            return;
        };
        // Nobody listens only once the agent has stopped.
        if let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(message) {
            tracing::debug!(orchestrator, "a message is left out, as too many wait");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_one_that_is_away_stays_bounded_and_the_others_hear_everything() {
        let (outbox, mut receivers) = Outbox::new(2);
        for n in 0..MOST as u64 * 2 {
            outbox.say(FromAgent::Pong { n });
            assert!(receivers[1].try_recv().is_ok());
        }
        let waiting = std::iter::from_fn(|| receivers[0].try_recv().ok()).count();
        assert_eq!(waiting, MOST);
        outbox.tell(1, FromAgent::Draining);
        assert!(receivers[0].try_recv().is_err());
        assert!(receivers[1].try_recv().is_ok());
    }
}

//! Messages to the orchestrators, queued while there is no connection.

use millrace_protocol::agent::FromAgent;
use tokio::sync::mpsc;

/// Maximum number of messages queued for one orchestrator. Further messages are dropped: commitments
/// are sent again on each new connection, and the orchestrator asks again for everything else.
const MAX_QUEUED: usize = 1_024;

/// The sending ends, one for each orchestrator.
pub(crate) struct Outbox(Vec<mpsc::Sender<FromAgent>>);

impl Outbox {
    pub(crate) fn new(orchestrators: usize) -> (Self, Vec<mpsc::Receiver<FromAgent>>) {
        let (senders, receivers) = (0..orchestrators)
            .map(|_| mpsc::channel(MAX_QUEUED))
            .unzip();
        (Self(senders), receivers)
    }

    pub(crate) fn send_to_all(&self, message: FromAgent) {
        for orchestrator in 0..self.0.len() {
            self.send_to(orchestrator, message.clone());
        }
    }

    pub(crate) fn send_to(&self, orchestrator: usize, message: FromAgent) {
        let Some(sender) = self.0.get(orchestrator) else {
            return;
        };
        // The receiver closes only when the agent stops.
        if let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(message) {
            tracing::debug!(orchestrator, "outbox full; message dropped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_of_an_absent_orchestrator_is_bounded_and_does_not_block_others() {
        let (outbox, mut receivers) = Outbox::new(2);
        for n in 0..MAX_QUEUED as u64 * 2 {
            outbox.send_to_all(FromAgent::Pong { n });
            assert!(receivers[1].try_recv().is_ok());
        }
        let queued = std::iter::from_fn(|| receivers[0].try_recv().ok()).count();
        assert_eq!(queued, MAX_QUEUED);
        outbox.send_to(1, FromAgent::Draining);
        assert!(receivers[0].try_recv().is_err());
        assert!(receivers[1].try_recv().is_ok());
    }
}

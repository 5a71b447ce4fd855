//! Pauses between attempts that grow, with chance in them, so that a crowd of agents does not come
//! back all at once.

use std::time::Duration;

/// Pauses that double from `first` up to `most`; each is shortened by chance, by up to half.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    step: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            step: first,
        }
    }

    /// The pause before the next attempt.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = self.step.mul_f64(rand::random_range(0.5..=1.0));
        self.step = self.step.saturating_mul(2).min(self.most);
        pause
    }

    /// After a success: the next pause is the shortest again.
    pub(crate) fn reset(&mut self) {
        self.step = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_most_and_start_anew_after_a_success() {
        let ms = Duration::from_millis;
        let mut backoff = Backoff::new(ms(100), ms(350));
        for step in [100, 200, 350, 350] {
            let pause = backoff.pause();
            assert!(
                ms(step / 2) <= pause && pause <= ms(step),
                "{step}: {pause:?}"
            );
        }
        backoff.reset();
        assert!(backoff.pause() <= ms(100));
    }
}

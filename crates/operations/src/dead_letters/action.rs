//! An action on dead letters, and the operator's control of it.

use std::{num::NonZeroU32, time::Duration};

use config::BrokerConfig;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{reader::DeliveredLetter, report::ActionReport};

/// What is done with each letter.
pub(super) trait Action {
    /// Prepares for a new connection; the last one may have been lost.
    async fn begin(&mut self, config: &BrokerConfig) -> anyhow::Result<()>;

    /// Starts to handle a letter; may wait until others are done. Results go into the report; an
    /// error ends the connection, and the letter is handled again on the next one.
    async fn handle(
        &mut self,
        id: Uuid,
        letter: DeliveredLetter,
        report: &mut ActionReport<'_>,
    ) -> anyhow::Result<()>;

    /// Completes what was started.
    async fn complete(&mut self, report: &mut ActionReport<'_>) -> anyhow::Result<()>;
}

/// The stop request and the speed limit of an action.
#[derive(Debug)]
pub struct Control {
    /// Cancelled when no further letter is to be started.
    pub(super) stop: CancellationToken,
    /// Ticks for each letter, where there is a limit.
    pub(super) rate: Option<Interval>,
}

impl Control {
    /// No further letter is started once `stop` is cancelled, and at most `per_second` are started in a second, where
    /// there is a limit. Needs a Tokio runtime.
    pub fn new(stop: CancellationToken, per_second: Option<NonZeroU32>) -> Self {
        let rate = per_second.map(|per_second| {
            let mut rate = interval(Duration::from_secs(1) / per_second.get());
            rate.set_missed_tick_behavior(MissedTickBehavior::Delay);
            rate
        });
        Self { stop, rate }
    }
}

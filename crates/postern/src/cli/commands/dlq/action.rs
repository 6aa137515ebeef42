//! An action on dead letters, and the operator's control of it.

use config::BrokerConfig;
use tokio::time::Interval;
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
        report: &mut ActionReport,
    ) -> anyhow::Result<()>;

    /// Completes what was started.
    async fn complete(&mut self, report: &mut ActionReport) -> anyhow::Result<()>;
}

/// The stop request and the speed limit of an action.
pub(super) struct Control {
    /// Cancelled when no further letter is to be started.
    pub(super) stop: CancellationToken,
    /// Ticks for each letter, where there is a limit.
    pub(super) rate: Option<Interval>,
}

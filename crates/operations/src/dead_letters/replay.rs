//! Publishes dead letters to their original queues.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use config::BrokerConfig;
use publisher::{HeaderKey, Message, PublishError, Publisher};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    access::DeadLetters,
    action::{Action, Control},
    for_each::handle_all,
    reader::DeliveredLetter,
    report::{ActionReport, ActionResult, Handled},
};
use crate::connections::broker::{self, BROKER_TIMEOUT};

/// The number of letters that wait for their confirm at the same time, each on its own channel.
const CONCURRENT_PUBLISHES: usize = 16;

/// Publishes the selected letters to their original queues. A letter that becomes a dead letter again meanwhile is not
/// replayed a second time.
pub async fn replay(
    letters: DeadLetters<'_>,
    selected: ActionReport<'_>,
    control: Control,
) -> Handled {
    handle_all(letters, ReplayAction::default(), selected, control).await
}

/// The result of the replay of one letter; an error where it is not known.
struct Replayed {
    id: Uuid,
    result: anyhow::Result<ActionResult>,
}

/// Publishes on a connection of its own, because RabbitMQ may block a connection that publishes.
#[derive(Default)]
struct ReplayAction {
    publisher: Option<Publisher>,
    header_key: Option<Arc<HeaderKey>>,
    in_progress: JoinSet<Replayed>,
}

impl Action for ReplayAction {
    async fn begin(&mut self, config: &BrokerConfig) -> anyhow::Result<()> {
        let nodes = &config.broker.nodes;
        let connection = nodes.connect("postern dlq replay", BROKER_TIMEOUT).await?;
        self.publisher = Some(broker::open_publisher(connection, CONCURRENT_PUBLISHES).await?);
        let settings = config.complete.as_ref();
        self.header_key = settings.map(|settings| settings.secrets.header_key());
        Ok(())
    }

    async fn handle(
        &mut self,
        id: Uuid,
        letter: DeliveredLetter,
        report: &mut ActionReport<'_>,
    ) -> anyhow::Result<()> {
        while let Some(replayed) = self.in_progress.try_join_next() {
            record(replayed?, report)?;
        }
        while self.in_progress.len() >= CONCURRENT_PUBLISHES {
            self.complete_one(report).await?;
        }
        let publisher = self.publisher.clone().context("there is no publisher")?;
        let header_key = self.header_key.clone();
        self.in_progress.spawn(async move {
            Replayed { id, result: replay_one(&publisher, header_key.as_deref(), &letter).await }
        });
        Ok(())
    }

    async fn complete(&mut self, report: &mut ActionReport<'_>) -> anyhow::Result<()> {
        let mut completed = Ok(());
        while !self.in_progress.is_empty() {
            completed = completed.and(self.complete_one(report).await);
        }
        completed
    }
}

impl ReplayAction {
    async fn complete_one(&mut self, report: &mut ActionReport<'_>) -> anyhow::Result<()> {
        match self.in_progress.join_next().await {
            Some(replayed) => record(replayed?, report),
            None => Ok(()),
        }
    }
}

fn record(replayed: Replayed, report: &mut ActionReport<'_>) -> anyhow::Result<()> {
    report.record(replayed.id, replayed.result?);
    Ok(())
}

/// Publishes the letter to its queue, and then removes it from the dead letters. An interruption
/// between the two leaves it in both, which has no second effect: a request opens at most once.
async fn replay_one(
    publisher: &Publisher,
    header_key: Option<&HeaderKey>,
    letter: &DeliveredLetter,
) -> anyhow::Result<ActionResult> {
    let message = match Message::replay(&letter.arrival, header_key) {
        Ok(message) => message,
        Err(error) => return Ok(ActionResult::Failed(error.to_string())),
    };
    let published = broker::publish(publisher, message).await;
    match published.context("a dead letter may have been replayed")? {
        Ok(()) => {}
        Err(error @ (PublishError::Returned { .. } | PublishError::Refused)) => {
            return Ok(ActionResult::Failed(error.to_string()));
        }
        Err(error @ (PublishError::Unconfirmed(_) | PublishError::Lost(_))) => {
            return Err(anyhow!(error).context("a dead letter may have been replayed"));
        }
    }
    letter.remove().await?;
    Ok(ActionResult::Replayed)
}

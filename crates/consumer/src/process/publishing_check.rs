//! The check whether RabbitMQ takes messages, or blocks publishers because of a memory or disk alarm.

use std::{convert::Infallible, time::Duration};

use publisher::{PublishError, Publisher};
use tokio::time::sleep;

use crate::operator::health::Health;

/// How often a probe is published: RabbitMQ blocks a connection only once it publishes, so a worker with
/// nothing to publish would not learn of an alarm.
const PROBE_EVERY: Duration = Duration::from_secs(4);

/// Waits until RabbitMQ takes messages, and shows meanwhile that it does not.
pub(super) async fn until_unblocked(
    publisher: &Publisher,
    health: &Health,
) -> Result<(), PublishError> {
    let probed = tokio::select! {
        biased;
        probed = publisher.probe() => probed,
        never = show(publisher, health) => match never {},
    };
    match probed {
        Ok(()) => {}
        Err(error) if publisher.is_closed() => return Err(error),
        Err(PublishError::Unconfirmed(limit)) => return Err(PublishError::Unconfirmed(limit)),
        // This says nothing about other messages.
        Err(
            error @ (PublishError::Lost(_) | PublishError::Refused | PublishError::Returned { .. }),
        ) => tracing::debug!(%error, "publishing not checked"),
    }
    health.set_blocked(None);
    Ok(())
}

/// Shows whether RabbitMQ blocks publishers.
pub(super) async fn watch(publisher: &Publisher, health: &Health) -> Infallible {
    tokio::select! {
        never = show(publisher, health) => never,
        never = probe_regularly(publisher) => never,
    }
}

async fn show(publisher: &Publisher, health: &Health) -> Infallible {
    loop {
        let reason = publisher.blocked().await;
        health.set_blocked(Some(&reason));
        publisher.unblocked().await;
        health.set_blocked(None);
    }
}

/// A probe that fails ends no session: messages do, where they fail as well.
async fn probe_regularly(publisher: &Publisher) -> Infallible {
    loop {
        sleep(PROBE_EVERY).await;
        if let Err(error) = publisher.probe().await {
            tracing::debug!(%error, "publishing not checked");
        }
    }
}

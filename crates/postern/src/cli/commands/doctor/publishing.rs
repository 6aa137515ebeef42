//! Whether RabbitMQ takes messages, or blocks publishers because of a memory or disk alarm.

use lapin::Connection;
use operations::{
    checks::{Check, Deadline, DeadlineExceeded, Finding},
    connections::{advice, broker::BROKER_TIMEOUT},
};
use publisher::{PublishError, Publisher};

const PUBLISHING: Check<'_> = Check::new("rabbitmq.publishing", "RabbitMQ");

/// Publishes a message that no queue takes, and closes the connection: RabbitMQ blocks a connection only
/// once it publishes.
pub(super) async fn check(connection: Connection, deadline: Deadline) -> Finding {
    match deadline.within(probe(connection)).await {
        Ok(finding) => finding,
        Err(exceeded) => unanswered(exceeded),
    }
}

async fn probe(connection: Connection) -> Finding {
    let publisher = match Publisher::open(connection, 1, BROKER_TIMEOUT).await {
        Ok(publisher) => publisher,
        Err(error) => return failed(&PublishError::Lost(error)),
    };
    let finding = tokio::select! {
        reason = publisher.blocked() => PUBLISHING.broken(
            format!("it blocks publishers, so workers take no messages: {reason}"),
            advice::BROKER_BLOCKED,
        ),
        probed = publisher.probe() => match probed {
            Ok(()) => PUBLISHING.ok("it takes messages"),
            Err(error) => failed(&error),
        },
    };
    publisher.close().await;
    finding
}

fn failed(error: &PublishError) -> Finding {
    PUBLISHING.broken(error.to_string(), "check the log of RabbitMQ, and the user's permissions")
}

fn unanswered(exceeded: DeadlineExceeded) -> Finding {
    PUBLISHING.broken(exceeded.to_string(), "check the log of RabbitMQ")
}

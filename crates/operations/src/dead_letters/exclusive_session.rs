//! The exclusive session: only one operation reads the dead letters at a time.

use std::time::Duration;

use anyhow::{Context, anyhow};
use events::names;
use lapin::{
    Channel, Connection, ErrorKind,
    options::{QueueDeclareOptions, QueueDeleteOptions},
    protocol::{AMQPErrorKind, AMQPSoftError},
    types::FieldTable,
};
use publisher::queue_state;
use tokio::time::{Instant, sleep};

use crate::Observer;

/// An exclusive queue: its connection has the session. The broker removes it with the connection, even
/// where the process was killed.
const SESSION_QUEUE: &str = "postern.dead-letters.turn";

const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// The time after which a note says that the command waits.
const NOTE_AFTER: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// The time for which the broker may still count a consumer of a closed connection.
const LONGEST_CLEANUP: Duration = Duration::from_secs(5);

/// Waits until no other operation reads the dead letters, because a letter that is delivered to
/// one is hidden from another. The session ends with the connection.
pub(super) async fn acquire(
    connection: &Connection,
    observer: &dyn Observer,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut noted = false;
    while !try_acquire(connection).await? {
        if started.elapsed() > LONGEST_WAIT {
            return Err(anyhow!(
                "another postern command has used the dead letters for {LONGEST_WAIT:?}"
            ));
        }
        if started.elapsed() > NOTE_AFTER && !noted {
            observer.note("waiting: another postern command uses the dead letters");
            noted = true;
        }
        sleep(RETRY_INTERVAL).await;
    }
    Ok(())
}

/// Releases the session for other operations.
pub(super) async fn release(connection: &Connection) -> anyhow::Result<()> {
    let channel = connection.create_channel().await?;
    channel.queue_delete(SESSION_QUEUE.into(), QueueDeleteOptions::default()).await?;
    let _ = channel.close(200, "released".into()).await;
    Ok(())
}

async fn try_acquire(connection: &Connection) -> anyhow::Result<bool> {
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    match channel.queue_declare(SESSION_QUEUE.into(), options, FieldTable::default()).await {
        Ok(_) => {
            let _ = channel.close(200, "acquired".into()).await;
            Ok(true)
        }
        Err(error) if is_in_use(&error) => Ok(false),
        Err(error) => Err(error).context("the dead letters cannot be reserved"),
    }
}

fn is_in_use(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED))
}

/// The number of dead letters. Waits for a consumer that still has some of them, such as a command that
/// was just killed.
pub(super) async fn count_letters(
    channel: &Channel,
    observer: &dyn Observer,
) -> anyhow::Result<u32> {
    let started = Instant::now();
    loop {
        let state = queue_state(channel, names::DEAD_LETTERS_QUEUE).await?;
        if state.consumers == 0 {
            return Ok(state.ready);
        }
        if started.elapsed() > LONGEST_CLEANUP {
            observer.note(
                "warning: a program that is not postern consumes dead letters; those delivered to it \
                 are missing here",
            );
            return Ok(state.ready);
        }
        sleep(RETRY_INTERVAL).await;
    }
}

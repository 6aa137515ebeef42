//! One command at a time at the dead letters.

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

use super::super::output::note;

/// A queue that belongs to one connection: whoever has it reads the dead letters. The broker takes
/// it away with the connection, however that ends.
const TURN: &str = "postern.dead-letters.turn";

const ASK_AGAIN: Duration = Duration::from_millis(50);
/// When to say that we wait.
const TELL_AFTER: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// How long a connection that has gone may still be holding letters.
const LONGEST_LEAVING: Duration = Duration::from_secs(5);

/// Waits until no other command of postern's reads the dead letters, for they would be hidden from
/// each other: what one holds the other does not see. The turn ends with the connection.
pub(super) async fn take(connection: &Connection) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut told = false;
    while !try_take(connection).await? {
        if started.elapsed() > LONGEST_WAIT {
            return Err(anyhow!(
                "another postern command has been at the dead letters for {LONGEST_WAIT:?}"
            ));
        }
        if started.elapsed() > TELL_AFTER && !told {
            note("waiting: another postern command is at the dead letters");
            told = true;
        }
        sleep(ASK_AGAIN).await;
    }
    Ok(())
}

/// Lets others have their turn.
pub(super) async fn leave(connection: &Connection) -> anyhow::Result<()> {
    let channel = connection.create_channel().await?;
    channel.queue_delete(TURN.into(), QueueDeleteOptions::default()).await?;
    let _ = channel.close(200, "left".into()).await;
    Ok(())
}

async fn try_take(connection: &Connection) -> anyhow::Result<bool> {
    let channel = connection.create_channel().await?;
    let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    match channel.queue_declare(TURN.into(), options, FieldTable::default()).await {
        Ok(_) => {
            let _ = channel.close(200, "taken".into()).await;
            Ok(true)
        }
        Err(error) if is_taken(&error) => Ok(false),
        Err(error) => Err(error).context("the dead letters cannot be reserved"),
    }
}

fn is_taken(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Soft(AMQPSoftError::RESOURCELOCKED))
}

/// How many dead letters there are. Waits a little for whoever still holds some of them, such as a
/// command that was killed just now.
pub(super) async fn count(channel: &Channel) -> anyhow::Result<u32> {
    let started = Instant::now();
    loop {
        let state = queue_state(channel, names::DEAD_LETTERS_QUEUE).await?;
        if state.consumers == 0 {
            return Ok(state.ready);
        }
        if started.elapsed() > LONGEST_LEAVING {
            note(
                "warning: something that is not postern takes dead letters; what it holds is not \
                 seen here",
            );
            return Ok(state.ready);
        }
        sleep(ASK_AGAIN).await;
    }
}

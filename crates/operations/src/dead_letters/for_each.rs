//! An action for each of the selected dead letters. An interruption at any point loses no letter.

use std::time::Duration;

use lapin::Connection;
use publisher::{DeadLetterHeaders, Reconnect};
use tokio::time::{Instant, sleep};

use super::{
    access::DeadLetters,
    action::{Action, Control},
    connection, exclusive_session,
    identity::fingerprint,
    reader::QueueReader,
    report::{ActionReport, ActionResult, Handled},
};
use crate::{Observer, one_line};

/// The time after which the exclusive session is released for other operations. It starts with the
/// first letter that is handled, because all letters before it have to be read again.
const SESSION_TIME: Duration = Duration::from_secs(5);
/// The pause after a release. Other operations try to acquire the session more often.
const PAUSE: Duration = Duration::from_millis(250);
/// The number of checks that removed letters are gone.
const REMOVAL_CHECKS: u32 = 5;
/// The number of consecutive connections without a handled letter after which the operation fails.
const MAX_FAILED_CONNECTIONS: u32 = 5;

/// Handles all selected letters. Those that are left when it returns are still dead letters.
pub(super) async fn handle_all(
    letters: DeadLetters<'_>,
    mut action: impl Action,
    mut selected: ActionReport<'_>,
    mut control: Control,
) -> Handled {
    let handled = for_each(letters, &mut action, &mut selected, &mut control).await;
    Handled { letters: selected.results(), ended_by: handled.err() }
}

/// Handles the letters with as many connections as necessary.
async fn for_each(
    letters: DeadLetters<'_>,
    action: &mut impl Action,
    report: &mut ActionReport<'_>,
    control: &mut Control,
) -> anyhow::Result<()> {
    let mut reconnect = Reconnect::new();
    let mut failed_connections = 0;
    loop {
        let before = report.done();
        let error = match handle_on_one_connection(letters, action, report, control).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if report.done() > before {
            failed_connections = 0;
            reconnect.reset();
        }
        failed_connections += 1;
        if failed_connections >= MAX_FAILED_CONNECTIONS {
            return Err(error);
        }
        letters.observer.note(&format!("{}; trying again", one_line(&error)));
        tokio::select! {
            () = control.stop.cancelled() => return Ok(()),
            () = sleep(reconnect.next_delay()) => {}
        }
    }
}

async fn handle_on_one_connection(
    letters: DeadLetters<'_>,
    action: &mut impl Action,
    report: &mut ActionReport<'_>,
    control: &mut Control,
) -> anyhow::Result<()> {
    let connection = connection::open(letters.config).await?;
    let handled = match action.begin(letters.config).await {
        Ok(()) => {
            let letters = OpenLetters { connection: &connection, observer: letters.observer };
            handle_in_sessions(letters, action, report, control).await
        }
        Err(error) => Err(error),
    };
    // It has the exclusive session, for which the next connection must not wait until a timeout.
    let _ = tokio::time::timeout(PAUSE, connection.close(200, "done".into())).await;
    handled
}

/// The queue of dead letters, on one connection.
#[derive(Clone, Copy)]
struct OpenLetters<'a> {
    connection: &'a Connection,
    observer: &'a dyn Observer,
}

impl OpenLetters<'_> {
    async fn read(&self) -> anyhow::Result<QueueReader> {
        QueueReader::begin(self.connection, self.observer).await
    }
}

async fn handle_in_sessions(
    letters: OpenLetters<'_>,
    action: &mut impl Action,
    report: &mut ActionReport<'_>,
    control: &mut Control,
) -> anyhow::Result<()> {
    if !acquire_session(letters, control).await? {
        return Ok(());
    }
    while !report.remaining().is_empty() {
        let mut reader = letters.read().await?;
        let end = read_and_complete(&mut reader, action, report, control).await?;
        report.reached(reader.position());
        reader.end().await?;
        match end {
            PassEnd::Stopped => break,
            PassEnd::EndOfQueue => {
                // The whole queue was read, so the remaining letters are no longer in it.
                for id in report.remaining().into_values().flatten() {
                    report.record(id, ActionResult::Gone);
                }
            }
            PassEnd::Paused if report.remaining().is_empty() => {}
            PassEnd::Paused => {
                exclusive_session::release(letters.connection).await?;
                sleep(PAUSE).await;
                if !acquire_session(letters, control).await? {
                    return Ok(());
                }
            }
        }
    }
    remove_returned_letters(letters, report).await
}

/// Acquires the exclusive session, unless the action is to stop.
async fn acquire_session(letters: OpenLetters<'_>, control: &Control) -> anyhow::Result<bool> {
    tokio::select! {
        biased;
        () = control.stop.cancelled() => Ok(false),
        acquired = exclusive_session::acquire(letters.connection, letters.observer) => acquired.map(|()| true),
    }
}

/// Removes letters that were handled and are in the queue again. A quorum queue does not confirm
/// acknowledgements; the broker delays some of them where there are many, and loses those when the
/// channel closes.
async fn remove_returned_letters(
    letters: OpenLetters<'_>,
    report: &ActionReport<'_>,
) -> anyhow::Result<()> {
    for _ in 0..REMOVAL_CHECKS {
        let mut reader = letters.read().await?;
        let mut staying = report.staying();
        let remaining = report.remaining();
        let mut removed = 0;
        while reader.position() < report.last_position()
            && let Some(letter) = reader.next().await?
        {
            let fingerprint =
                fingerprint(&letter.arrival, &DeadLetterHeaders::read(&letter.arrival));
            let Some(stay) = staying.get_mut(&fingerprint) else { continue };
            if remaining.contains_key(&fingerprint) {
                continue;
            }
            match stay.checked_sub(1) {
                Some(fewer) => *stay = fewer,
                None => {
                    letter.remove().await?;
                    removed += 1;
                }
            }
        }
        reader.end().await?;
        if removed == 0 {
            break;
        }
    }
    Ok(())
}

/// The reason why a pass through the queue ended.
enum PassEnd {
    /// The last letter was read.
    EndOfQueue,
    /// No letters remain, or other operations are to get the session.
    Paused,
    /// The operator has stopped the action.
    Stopped,
}

async fn read_and_complete(
    reader: &mut QueueReader,
    action: &mut impl Action,
    report: &mut ActionReport<'_>,
    control: &mut Control,
) -> anyhow::Result<PassEnd> {
    let end = read(reader, action, report, control).await;
    // Also after an error of the reader: what was started may succeed nevertheless.
    let completed = action.complete(report).await;
    let end = end?;
    completed.map(|()| end)
}

async fn read(
    reader: &mut QueueReader,
    action: &mut impl Action,
    report: &mut ActionReport<'_>,
    control: &mut Control,
) -> anyhow::Result<PassEnd> {
    let mut remaining = report.remaining();
    let mut since: Option<Instant> = None;
    while !remaining.is_empty() {
        if since.is_some_and(|since| since.elapsed() > SESSION_TIME) {
            return Ok(PassEnd::Paused);
        }
        // The reader is not used after a stop, so its future may be dropped here.
        let letter = tokio::select! {
            biased;
            () = control.stop.cancelled() => return Ok(PassEnd::Stopped),
            letter = reader.next() => letter?,
        };
        let Some(letter) = letter else { return Ok(PassEnd::EndOfQueue) };
        let fingerprint = fingerprint(&letter.arrival, &DeadLetterHeaders::read(&letter.arrival));
        let Some(ids) = remaining.get_mut(&fingerprint) else { continue };
        let Some(id) = ids.pop() else { continue };
        if ids.is_empty() {
            remaining.remove(&fingerprint);
        }
        if let Some(rate) = &mut control.rate {
            tokio::select! {
                biased;
                () = control.stop.cancelled() => return Ok(PassEnd::Stopped),
                _ = rate.tick() => {}
            }
        }
        since.get_or_insert_with(Instant::now);
        action.handle(id, letter, report).await?;
    }
    Ok(PassEnd::Paused)
}

//! Doing something with dead letters, one after the other, so that stopping anywhere loses nothing.

use std::time::Duration;

use consumer::Settings;
use lapin::Connection;
use publisher::{DeadLetterHeaders, Reconnect};
use tokio::time::{Instant, Interval, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    identity::fingerprint,
    open,
    report::{Fortune, Report},
    turn,
    walk::{Letter, Walk},
};
use crate::cli::{failure::chain, output::note};

/// How long to keep others from the dead letters. It counts from the first letter handled: on the
/// way there it holds whatever it passes.
const SLICE: Duration = Duration::from_secs(5);
/// Others ask for their turn more often than this.
const BREAK: Duration = Duration::from_millis(250);
/// How often to look whether what was removed is gone.
const CHECKS: u32 = 5;
/// Lost connections in a row without a letter handled.
const TRIES: u32 = 5;

/// What is done with a letter.
pub(super) trait Deed {
    /// Prepares for a session; the last one may have been lost.
    async fn begin(&mut self, settings: &Settings) -> anyhow::Result<()>;

    /// Begins with a letter; may wait until others are done. Whatever is certain goes into the
    /// report; an error ends the session, and the letter comes again in the next.
    async fn take(&mut self, id: Uuid, letter: Letter, report: &mut Report) -> anyhow::Result<()>;

    /// Sees everything through that was begun.
    async fn settle(&mut self, report: &mut Report) -> anyhow::Result<()>;
}

/// When to stop, and how fast to go.
pub(super) struct Pace {
    /// Cancelled when nothing more should be begun.
    pub(super) stop: CancellationToken,
    /// Ticks for each letter, where there is a limit.
    pub(super) rate: Option<Interval>,
}

/// Handles all letters due, over as many connections as it takes. What is not handled when it
/// returns is left.
pub(super) async fn sweep(
    settings: &Settings,
    deed: &mut impl Deed,
    report: &mut Report,
    pace: &mut Pace,
) -> anyhow::Result<()> {
    let mut reconnect = Reconnect::new();
    let mut tries = 0;
    loop {
        let before = report.done();
        let error = match session(settings, deed, report, pace).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if report.done() > before {
            tries = 0;
            reconnect.reset();
        }
        tries += 1;
        if tries >= TRIES {
            return Err(error);
        }
        note(&format!("{}; trying again", chain(&error)));
        tokio::select! {
            () = pace.stop.cancelled() => return Ok(()),
            () = sleep(reconnect.next_delay()) => {}
        }
    }
}

async fn session(
    settings: &Settings,
    deed: &mut impl Deed,
    report: &mut Report,
    pace: &mut Pace,
) -> anyhow::Result<()> {
    let connection = open(settings).await?;
    let passed = match deed.begin(settings).await {
        Ok(()) => passes(&connection, deed, report, pace).await,
        Err(error) => Err(error),
    };
    // It has the turn: the next session should not have to wait until the broker misses it.
    let _ = tokio::time::timeout(BREAK, connection.close(200, "done".into())).await;
    passed
}

async fn passes(
    connection: &Connection,
    deed: &mut impl Deed,
    report: &mut Report,
    pace: &mut Pace,
) -> anyhow::Result<()> {
    if !take_turn(connection, pace).await? {
        return Ok(());
    }
    while !report.left().is_empty() {
        let mut walk = Walk::begin(connection).await?;
        let slice = handle(&mut walk, deed, report, pace).await?;
        report.reached(walk.passed());
        walk.end().await?;
        match slice {
            Slice::Stopped => break,
            Slice::Through => {
                // The whole queue was seen, and they were not in it.
                for id in report.left().into_values().flatten() {
                    report.record(id, Fortune::Gone);
                }
            }
            Slice::Over if report.left().is_empty() => {}
            Slice::Over => {
                turn::leave(connection).await?;
                sleep(BREAK).await;
                if !take_turn(connection, pace).await? {
                    return Ok(());
                }
            }
        }
    }
    check(connection, report).await
}

/// Waits for the turn; not if it is to stop.
async fn take_turn(connection: &Connection, pace: &Pace) -> anyhow::Result<bool> {
    tokio::select! {
        biased;
        () = pace.stop.cancelled() => Ok(false),
        taken = turn::take(connection) => taken.map(|()| true),
    }
}

/// Removes what was handled and is there again. A quorum queue takes acknowledgements without a
/// word, the broker holds some back when there are many, and forgets those when the channel closes.
async fn check(connection: &Connection, report: &Report) -> anyhow::Result<()> {
    for _ in 0..CHECKS {
        let mut walk = Walk::begin(connection).await?;
        let mut staying = report.staying();
        let left = report.left();
        let mut removed = 0;
        while walk.passed() < report.deepest()
            && let Some(letter) = walk.next().await?
        {
            let fingerprint =
                fingerprint(&letter.arrival, &DeadLetterHeaders::read(&letter.arrival));
            let Some(stay) = staying.get_mut(&fingerprint) else { continue };
            if left.contains_key(&fingerprint) {
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
        walk.end().await?;
        if removed == 0 {
            break;
        }
    }
    Ok(())
}

/// How a pass through the dead letters ended.
enum Slice {
    /// At the last letter.
    Through,
    /// Nothing is left to look for, or others may want their turn.
    Over,
    /// By the operator.
    Stopped,
}

async fn handle(
    walk: &mut Walk,
    deed: &mut impl Deed,
    report: &mut Report,
    pace: &mut Pace,
) -> anyhow::Result<Slice> {
    let walked = walk_on(walk, deed, report, pace).await;
    // Also where the walk broke off: what was begun may well be done.
    let settled = deed.settle(report).await;
    let slice = walked?;
    settled.map(|()| slice)
}

async fn walk_on(
    walk: &mut Walk,
    deed: &mut impl Deed,
    report: &mut Report,
    pace: &mut Pace,
) -> anyhow::Result<Slice> {
    let mut left = report.left();
    let mut since: Option<Instant> = None;
    while !left.is_empty() {
        if since.is_some_and(|since| since.elapsed() > SLICE) {
            return Ok(Slice::Over);
        }
        report.progress();
        // The walk does not go on after a stop, so it may be left in the middle of a step.
        let letter = tokio::select! {
            biased;
            () = pace.stop.cancelled() => return Ok(Slice::Stopped),
            letter = walk.next() => letter?,
        };
        let Some(letter) = letter else { return Ok(Slice::Through) };
        let fingerprint = fingerprint(&letter.arrival, &DeadLetterHeaders::read(&letter.arrival));
        let Some(ids) = left.get_mut(&fingerprint) else { continue };
        let Some(id) = ids.pop() else { continue };
        if ids.is_empty() {
            left.remove(&fingerprint);
        }
        if let Some(rate) = &mut pace.rate {
            tokio::select! {
                biased;
                () = pace.stop.cancelled() => return Ok(Slice::Stopped),
                _ = rate.tick() => {}
            }
        }
        since.get_or_insert_with(Instant::now);
        deed.take(id, letter, report).await?;
    }
    Ok(Slice::Over)
}

//! `postern dlq`: the dead letters, looked at, replayed, dropped.
//!
//! All of it goes through the queue in a [`walk`], one command at a time ([`turn`]). A [`survey`]
//! finds the letters of a [`selection`] and changes nothing; a [`sweep`] then handles what a survey
//! has found. Letters are told apart by [`identity`].

mod archive;
mod document;
mod drop;
mod export;
mod facts;
mod identity;
mod list;
mod predict;
mod replay;
mod report;
mod selection;
mod show;
mod survey;
mod sweep;
mod turn;
mod walk;
mod wire;

use clap::Subcommand;
use consumer::Settings;
use lapin::Connection;
use tokio_util::sync::CancellationToken;

use self::{
    report::{Due, Report},
    selection::{Wanted, unknown},
    survey::Survey,
};
use super::{broker, failure::Failure};

/// About dead letters.
#[derive(Debug, Subcommand)]
pub(super) enum Dlq {
    /// List dead letters, grouped by reason, queue and integration. Changes nothing.
    List(list::List),
    /// Show one dead letter whole, and what would become of it if it were replayed.
    ///
    /// The body may hold personal data.
    Show(show::Show),
    /// Publish dead letters to the queues they come from.
    Replay(replay::Replay),
    /// Remove dead letters, after writing them to a file.
    Drop(drop::Drop),
    /// Write dead letters to standard output or a file, as JSON Lines. Changes nothing.
    ///
    /// The bodies may hold personal data.
    Export(export::Export),
}

/// Does what the command line asks for.
pub(super) async fn run(dlq: Dlq, settings: &Settings) -> Result<(), Failure> {
    match dlq {
        Dlq::List(list) => list::run(list, settings).await,
        Dlq::Show(show) => show::run(show, settings).await,
        Dlq::Replay(replay) => replay::run(replay, settings).await,
        Dlq::Drop(drop) => drop::run(drop, settings).await,
        Dlq::Export(export) => export::run(export, settings).await,
    }
}

async fn open(settings: &Settings) -> anyhow::Result<Connection> {
    broker::connect(settings, "postern dlq").await
}

/// The letters there are now, of those wanted; nothing where one of the ids is unknown.
async fn choose(wanted: &Wanted, settings: &Settings) -> Result<Report, Failure> {
    let connection = open(settings).await?;
    let mut survey = Survey::begin(&connection, wanted).await?;
    let mut due = Vec::new();
    while let Some(found) = survey.next().await? {
        due.push(Due { id: found.facts.id, fingerprint: found.fingerprint });
    }
    let (totals, missing) = survey.end().await?;
    let _ = connection.close(200, "done".into()).await;
    if missing.is_empty() { Ok(Report::new(due, totals)) } else { Err(unknown(missing)) }
}

/// Cancelled by the first Ctrl-C.
fn stop() -> CancellationToken {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        // Where it cannot be listened for, Ctrl-C ends the process, which loses nothing either.
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.cancel();
        }
    });
    stop
}

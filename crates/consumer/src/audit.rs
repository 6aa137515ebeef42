//! The audit: one line per decision, that alone proves who asked, which rule spoke, which door and when.
//!
//! - [`Entry`] is a line. Into Redis it goes with the outcome itself, in one step of the ledger
//!   ([`Due::Stream`]), so it is there exactly once.
//! - Elsewhere ([`Due::Keep`]) the ledger keeps it with the outcome until a worker has written it, so
//!   a worker that dies in between loses nothing, and may leave it twice, with one id. That is the
//!   step [`audit`], between conclude and report; [`Days`] are the files.
//! - [`Trail`] and [`Days`] are read by `postern audit`.

mod days;
mod entry;
mod trail;
mod writer;

pub use days::Days;
pub use entry::{Entry, Outcome, Saw};
pub use trail::{Lines, Trail};
pub use writer::Unwritten;
pub(crate) use writer::{Writer, tidy};

use crate::{
    failpoint,
    ledger::Known,
    line::{Line, Unstored},
    pursuit::Pursuit,
    settings::AuditSink,
    worker::Worker,
};

/// A decision's line, and where it goes when the outcome is recorded.
#[derive(Debug)]
pub(crate) enum Due {
    /// There is no audit.
    Nowhere,
    /// Into the stream, in the same step.
    Stream(Box<Entry>),
    /// To the outcome, until it is written where it belongs.
    Keep(Box<Entry>),
}

impl Due {
    pub(crate) fn new(sink: &AuditSink, entry: Option<Entry>) -> Self {
        let Some(entry) = entry.map(Box::new) else { return Self::Nowhere };
        match sink {
            AuditSink::Redis => Self::Stream(entry),
            AuditSink::Directory(_) | AuditSink::Stdout => Self::Keep(entry),
            AuditSink::Off => Self::Nowhere,
        }
    }
}

/// A line is not where it belongs.
#[derive(Debug)]
pub(crate) enum Unaudited {
    /// See [`Unstored`].
    Unstored(Unstored),
    /// File or standard output do not take it now.
    Unwritten,
}

impl From<Unstored> for Unaudited {
    fn from(unstored: Unstored) -> Self {
        Self::Unstored(unstored)
    }
}

impl From<Unwritten> for Unaudited {
    fn from(error: Unwritten) -> Self {
        tracing::error!(%error, "an audit line is not written, and its message waits");
        Self::Unwritten
    }
}

/// Writes the line that an outcome still keeps, by whoever recorded it, and takes it off the outcome.
pub(crate) async fn audit(
    worker: &Worker,
    line: &Line,
    pursuit: &Pursuit,
    known: &Known,
) -> Result<(), Unaudited> {
    let Some(kept) = &known.audit else { return Ok(()) };
    match worker.audit.sink() {
        // It was kept by a worker that had to write it elsewhere.
        AuditSink::Redis => line.insist(|| worker.ledger.append_audit(kept)).await?,
        AuditSink::Directory(_) | AuditSink::Stdout => worker.audit.write(kept).await?,
        AuditSink::Off => {}
    }
    failpoint::reach("after-audit");
    line.insist(|| worker.ledger.audited(pursuit.reference())).await?;
    Ok(())
}

//! The table as a document: `docs/classification.md`.

use super::{Classification, Condition, ErrorBody, ROWS, Row};
use crate::breaker::HostHealth;
use crate::error::Certainty;

const HEAD: &str = "\
# How answers to an open command are classified

Written by `cargo run -p salto --example classification -- docs/classification.md` from
`crates/salto/src/classification/rows.rs`, which is the table that decides. Exactly one row applies to each command; a test checks all
statuses and bodies.

| the command met | status | the error says | for example | did it happen? | cause | the host |
| --- | --- | --- | --- | --- | --- | --- |
";

const TAIL: &str = "
Codes and words of an error are looked for in its `ErrorCode` and `Message`, in any case; a code may be a text or a number.
HTML is a body whose `Content-Type` says so, or that begins with `<`. Of a 2xx, what has arrived of the body is read, for at most 2 s: one
that is empty or cut off counts as opened, unless it is HTML. A 404 whose body breaks off is read as a 400, because it may have been about
the one-time password.

**What follows.**

- *opened*: the request ends as opened.
- *no, again*: the door did not open. The command may be sent again until the request expires, after `Retry-After` where Salto sends
  one, which applies to the whole integration, for at most 15 minutes. A token that is no longer accepted is replaced first. Commands of which no byte was
  written (\"not sent\") are no attempts.
- *unknown*: the door may have opened: Salto's log is asked. The command may be sent again only within `opening.resend_window` of the first
  one, and not where Salto judged the one-time password: such a request ends.
- *no, final*: the door did not open, and the same command would get the same answer. The request fails.

**The host.** After 5 failures without a success, each within 30 s of the one before, a circuit breaker opens and no calls are sent: for at most 1 s at
first, doubling to 5 s with each probe that fails; the first success closes it. A failure counts for the lock first (\"this lock fails\"). Locks of an IQ, IQs of an integration and accounts
of the host have a breaker above them, for which each of them counts as 3 failures at most, and no longer once its own breaker is open: it opens only where several fail and none succeeds. It stops only calls for those
that have failed themselves, and these take turns at the probe. A host that cannot be reached (\"fails\") fails by itself: after 5 such calls without a success, whoever made them, no call is
sent. A deadline that passes while connecting counts as such a failure where connecting took at least 1 s.
";

/// The document.
#[must_use]
pub fn document() -> String {
    let lines: String = ROWS.iter().map(line).collect();
    [HEAD, &lines, TAIL].concat()
}

fn line(row: &Row) -> String {
    let (status, error, example) = match &row.condition {
        Condition::Answer { statuses, bodies, example } => {
            let ranges = statuses.iter().map(|range| match (range.start(), range.end()) {
                (start, end) if start == end => start.to_string(),
                (start, end) => format!("{start}–{end}"),
            });
            let example = match example.body {
                "" => example.status.to_string(),
                body => format!("{} `{body}`", example.status),
            };
            (list(ranges), bodies_text(bodies), example)
        }
        Condition::NoAnswer(example) => ("–".to_owned(), "–".to_owned(), (*example).to_owned()),
    };
    let (happened, cause) = match row.classification {
        Classification::Opened => ("opened".to_owned(), "–".to_owned()),
        Classification::Failed { cause, certainty } => {
            let happened = match certainty {
                Certainty::NeverHappened => "no, again",
                Certainty::Unknown => "unknown",
                Certainty::Refused => "no, final",
            };
            let sent = if row.written { "" } else { " (not sent)" };
            (format!("{happened}{sent}"), format!("`{cause:?}`: {}", cause.description()))
        }
    };
    let host = match row.health {
        HostHealth::Up => "works",
        HostHealth::Failed => "this lock fails",
        HostHealth::Unreachable => "fails",
        HostHealth::Unknown => "–",
    };
    format!(
        "| {} | {status} | {error} | {example} | {happened} | {cause} | {host} |\n",
        row.description
    )
}

fn bodies_text(bodies: &[ErrorBody]) -> String {
    if bodies == ErrorBody::ALL {
        "anything".to_owned()
    } else {
        list(bodies.iter().map(|body| body.description().to_owned()))
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/classification.md");
        let file = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            file == super::document(),
            "run `cargo run -p salto --example classification -- docs/classification.md`"
        );
    }
}

//! The table for people: `docs/verdicts.md`.

use super::{Body, Met, Outcome, ROWS, Row};
use crate::breaker::Health;
use crate::error::Certainty;

const HEAD: &str = "\
# What an open command met, and what it means

Written by `cargo run -p salto --example verdicts -- docs/verdicts.md` from `crates/salto/src/verdict/rows.rs`, which is the
table that decides. Whatever a command meets is exactly one of these rows; a test walks all statuses and bodies.

| the command met | status | the error says | for example | did it happen? | cause | the host |
| --- | --- | --- | --- | --- | --- | --- |
";

const TAIL: &str = "
Codes and words of an error are looked for in its `ErrorCode` and `Message`, in any case; a code may be text or a number.
A 404 whose body breaks off is read as a 400: it may have been Salto's word on the one-time password.

**What follows.**

- *opened*: the request ends as opened.
- *no, again*: it certainly did not happen. The command may be sent again until the request expires; after `Retry-After` where
  Salto names one, which holds for the whole integration. A token that no longer counts is replaced first. Commands that did not
  begin to leave (\"not sent\") are no attempts.
- *unknown*: the door may have opened. The command may be sent again only within `opening.resend_window` of the first one.
- *no, final*: it certainly did not happen, and sending it again would bring the same answer. The request fails.

**The host.** 5 failures in a row without a success, and for a moment nothing is asked of this host: at first 1 s at most, doubling to
5 s with each probe that fails; the first success ends it. What may be the fault of one IQ (\"or its IQ\") counts only where it happened to
two IQs since the last success: a healthy IQ never waits because another one hangs. A deadline that passes while connecting counts as a
failure where connecting had a second.
";

/// The document.
#[must_use]
pub fn document() -> String {
    let lines: String = ROWS.iter().map(line).collect();
    [HEAD, &lines, TAIL].concat()
}

fn line(row: &Row) -> String {
    let (status, says, example) = match &row.met {
        Met::Answer { statuses, bodies, example } => {
            let ranges = statuses.iter().map(|range| match (range.start(), range.end()) {
                (start, end) if start == end => start.to_string(),
                (start, end) => format!("{start}–{end}"),
            });
            let example = match example.body {
                "" => example.status.to_string(),
                body => format!("{} `{body}`", example.status),
            };
            (list(ranges), says(bodies), example)
        }
        Met::NoAnswer(example) => ("–".to_owned(), "–".to_owned(), (*example).to_owned()),
    };
    let (happened, cause) = match row.outcome {
        Outcome::Opened => ("opened".to_owned(), "–".to_owned()),
        Outcome::Failed { cause, certainty } => {
            let happened = match certainty {
                Certainty::NeverHappened => "no, again",
                Certainty::Unknown => "unknown",
                Certainty::Refused => "no, final",
            };
            let sent = if row.written { "" } else { " (not sent)" };
            (format!("{happened}{sent}"), format!("`{cause:?}`: {}", cause.words()))
        }
    };
    let host = match row.host {
        Health::Works => "works",
        Health::Down => "fails",
        Health::PerhapsOneIq => "fails, or its IQ",
        Health::Untold => "–",
    };
    format!("| {} | {status} | {says} | {example} | {happened} | {cause} | {host} |\n", row.words)
}

fn says(bodies: &[Body]) -> String {
    if bodies == Body::ALL {
        "anything".to_owned()
    } else {
        list(bodies.iter().map(|body| body.words().to_owned()))
    }
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_file_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/verdicts.md");
        let file = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            file == super::document(),
            "run `cargo run -p salto --example verdicts -- docs/verdicts.md`"
        );
    }
}

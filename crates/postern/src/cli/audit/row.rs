//! A decision as people read it.

use consumer::audit::Entry;

use crate::cli::output::{local, printable};

pub(super) const HEADER: [&str; 8] =
    ["AT", "INTEGRATION", "BOOKING", "OBJECT", "ASKED BY", "OUTCOME", "REASON", "DETAIL"];

/// A row of the table.
pub(super) fn cells(entry: &Entry) -> [String; 8] {
    let text = |text: &Option<String>| text.as_deref().map(printable).unwrap_or_default();
    [
        local(Some(entry.at)),
        printable(&entry.integration_id),
        printable(&entry.booking_id),
        text(&entry.object_id),
        text(&entry.requested_by),
        outcome(entry),
        text(&entry.reason),
        detail(entry),
    ]
}

/// The same in one line of its own.
pub(super) fn words(entry: &Entry) -> String {
    let cells = cells(entry).map(|cell| if cell.is_empty() { "-".to_owned() } else { cell });
    cells.join("  ")
}

fn outcome(entry: &Entry) -> String {
    let rehearsal = if entry.rehearsal { " (rehearsal)" } else { "" };
    format!("{}{rehearsal}", entry.outcome.code())
}

fn detail(entry: &Entry) -> String {
    let lock = entry.lock_id.map(|lock| format!("lock {lock}"));
    let opens = entry.opens_at.map(|at| format!("opens at {}", local(Some(at))));
    let tries = (entry.attempts > 1).then(|| format!("after {} commands", entry.attempts));
    let detail = entry.detail.as_deref().map(printable);
    [detail, opens, lock, tries].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_tells_what_matters_and_steers_no_terminal() {
        let line = r#"{"id":"00000000-0000-0000-0000-000000000000","at":"2026-11-22T10:00:00Z",
            "integration_id":"acme","booking_id":"B\u001b[1m","request_id":"R","outcome":"failed",
            "request_source":"/s","reason":"iq_offline","detail":"offline","attempts":2,
            "lock_id":"00000000-0000-0000-0000-000000000000","rehearsal":true,
            "saw":{"taken_at":"2026-11-22T10:00:00Z","expires_at":"2026-11-22T10:00:00Z"}}"#;
        let words = words(&serde_json::from_str(line).unwrap());
        let (_, words) = words.split_once("  ").unwrap();
        assert_eq!(
            words,
            "acme  B\u{fffd}[1m  -  -  failed (rehearsal)  iq_offline  offline, lock \
             00000000-0000-0000-0000-000000000000, after 2 commands"
        );
    }
}

//! A decision as text.

use consumer::audit::{AuditEntry, IntegrationChangeLine};

use crate::cli::terminal::text::{printable, time_text};

pub(super) const HEADER: [&str; 8] =
    ["AT", "INTEGRATION", "BOOKING", "OBJECT", "ASKED BY", "OUTCOME", "REASON", "DETAIL"];

/// A row of the table.
pub(super) fn cells(entry: &AuditEntry) -> [String; 8] {
    let text = |text: &Option<String>| text.as_deref().map(printable).unwrap_or_default();
    [
        time_text(Some(entry.at)),
        printable(&entry.integration_id),
        printable(&entry.booking_id),
        text(&entry.object_id),
        text(if entry.operator.is_some() { &entry.operator } else { &entry.requested_by }),
        outcome(entry),
        text(if entry.action.is_some() { &entry.action } else { &entry.reason }),
        detail(entry),
    ]
}

/// A decision as one line, without alignment.
pub(super) fn line(entry: &AuditEntry) -> String {
    let cells = cells(entry).map(|cell| if cell.is_empty() { "-".to_owned() } else { cell });
    cells.join("  ")
}

fn outcome(entry: &AuditEntry) -> String {
    let rehearsal = if entry.rehearsal { " (rehearsal)" } else { "" };
    format!("{}{rehearsal}", entry.outcome.code())
}

fn detail(entry: &AuditEntry) -> String {
    let lock = entry.lock_id.map(|lock| format!("lock {lock}"));
    let opens = entry.opens_at.map(|at| format!("opens at {}", time_text(Some(at))));
    let opened = entry.opened_at.map(|at| format!("opened at {}", time_text(Some(at))));
    let seen = entry.seen_in.map(|seen_in| format!("seen in {}", seen_in.code()));
    let commands = (entry.attempts > 1).then(|| format!("after {} commands", entry.attempts));
    let detail = entry.detail.as_deref().map(printable);
    let operator = entry.operator_reason.as_deref().map(printable);
    let operator = operator.map(|reason| match entry.action {
        Some(_) => reason,
        None => format!("by an operator: {reason}"),
    });
    let change = entry.change.as_ref().map(change);
    let parts = [operator, change, detail, opens, opened, seen, lock, commands];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Changed settings that a row names.
const MOST_SETTINGS: usize = 5;

fn change(change: &IntegrationChangeLine) -> String {
    let before = change.version_before.map(|it| format!(" after {it}")).unwrap_or_default();
    let head = format!("{} as version {}{before}", change.action.code(), change.version);
    let value = |value: &Option<String>| value.as_deref().map_or("-".to_owned(), printable);
    let shown = change.settings.iter().take(MOST_SETTINGS).map(|it| match (&it.old, &it.new) {
        (None, None) => printable(&it.key),
        (old, new) => format!("{} {} -> {}", printable(&it.key), value(old), value(new)),
    });
    let shown: Vec<String> = shown.collect();
    let more = (change.settings.len() - shown.len()).saturating_add(change.more);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    if shown.is_empty() { head } else { format!("{head}: {}{more}", shown.join("; ")) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_row_contains_no_control_characters() {
        let line = r#"{"id":"00000000-0000-0000-0000-000000000000","at":"2026-11-22T10:00:00Z",
            "integration_id":"acme","booking_id":"B\u001b[1m","request_id":"R","outcome":"failed",
            "request_source":"/s","reason":"iq_offline","detail":"offline","attempts":2,
            "lock_id":"00000000-0000-0000-0000-000000000000","rehearsal":true,
            "saw":{"taken_at":"2026-11-22T10:00:00Z","expires_at":"2026-11-22T10:00:00Z"}}"#;
        let text = super::line(&serde_json::from_str(line).unwrap());
        let (_, text) = text.split_once("  ").unwrap();
        assert_eq!(
            text,
            "acme  B\\u{1b}[1m  -  -  failed (rehearsal)  iq_offline  offline, lock \
             00000000-0000-0000-0000-000000000000, after 2 commands"
        );
    }
}

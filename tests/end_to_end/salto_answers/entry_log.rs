//! The door opened and the answer was lost, and the entry log has a fault too: the log can confirm an opening, but a
//! fault of the log must not decide anything.

use super::row::{End, IN_DOUBT, ONCE, Row, error, status, with};
use serde_json::{Value, json};

pub fn rows() -> Vec<Row> {
    let dropped = || json!({"kind": "opened_then_dropped"});
    let unknown = |fault: Value| {
        let row = Row::under("open", dropped(), End::Failed("outcome_unknown"));
        row.and_under("entries", fault).commands(IN_DOUBT).openings(IN_DOUBT)
    };
    let mut rows: Vec<_> = [
        status(200),
        status(302),
        status(403),
        error(403, "2203", "Missing right"),
        status(404),
        error(404, "1000", "Not found"),
        status(500),
        status(503),
        json!({"kind": "reset"}),
        json!({"kind": "half_answer"}),
    ]
    .map(unknown)
    .into();
    // Without a token, or after the resend window, there is no second command.
    for fault in [status(401), json!({"kind": "no_answer"})] {
        rows.push(unknown(fault).commands(1..=3).openings(1..=3));
    }
    let pause = with(status(429), &json!({"retry_after": 3600}));
    rows.push(unknown(pause).commands(ONCE).openings(ONCE));
    let slow = Row::under("open", dropped(), End::OpenedByLog);
    let slow = slow.and_under("entries", json!({"kind": "delay", "delay_ms": 200}));
    rows.push(slow.commands(ONCE).openings(ONCE));
    rows
}

//! Salto's answers to the lists of sites and locks, which the worker needs to find a lock's IQ: without them no command
//! is sent.

use super::row::{End, ONCE, Row, error, status, with};
use serde_json::{Value, json};

pub fn rows() -> Vec<Row> {
    ["sites", "locks"].into_iter().flat_map(of).collect()
}

fn of(call: &str) -> Vec<Row> {
    let failed = |fault: Value, reason| Row::under(call, fault, End::Failed(reason)).cold();
    // A missing site in the list of locks is the integration's; the list of sites cannot be missing.
    let missing = if call == "locks" { "forbidden" } else { "salto_unavailable" };
    let mut rows = vec![
        failed(error(404, "2202", "Site not found"), missing),
        failed(error(404, "1000", "Not found"), missing),
        failed(error(400, 1100, "Invalid id"), missing),
        failed(error(400, "1101", "Invalid parameter"), "forbidden"),
        failed(error(403, "2203", "Missing right"), "forbidden"),
        failed(error(403, 9999, "An error that is not documented"), "forbidden"),
        failed(status(401), "salto_unavailable"),
        failed(status(429), "rate_limited"),
    ];
    for code in [400, 403, 405, 418, 422, 499] {
        rows.push(failed(status(code), "forbidden"));
    }
    for code in [200, 204, 300, 302, 404, 408, 500, 502, 503, 504, 599] {
        rows.push(failed(status(code), "salto_unavailable"));
    }
    rows.push(failed(error(500, "3102", "otp_invalid"), "salto_unavailable"));
    for value in [json!(1), json!(3600), json!("soon")] {
        let after = |code| with(status(code), &json!({"retry_after": value}));
        rows.push(failed(after(429), "rate_limited"));
        let either = End::FailedEither("salto_unavailable", "rate_limited");
        rows.push(Row::under(call, after(503), either).cold());
    }
    for fault in [
        json!({"kind": "reset"}),
        json!({"kind": "no_answer"}),
        json!({"kind": "no_answer", "hold_ms": 200}),
        json!({"kind": "half_answer"}),
        json!({"kind": "opened_then_dropped"}),
        json!({"kind": "delay", "delay_ms": 20_000}),
    ] {
        rows.push(failed(fault, "salto_unavailable"));
    }
    for fault in [
        json!({"kind": "delay", "delay_ms": 300}),
        json!({"kind": "reset", "times": 1}),
        json!({"kind": "rate_limit", "times": 1}),
        with(status(401), &json!({"times": 1})),
        with(status(503), &json!({"times": 1})),
    ] {
        let opened = Row::under(call, fault, End::Opened).cold();
        rows.push(opened.commands(ONCE).openings(ONCE));
    }
    rows
}

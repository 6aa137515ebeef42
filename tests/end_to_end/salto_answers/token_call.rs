//! Answers of the identity provider to a token request, and missing answers: without a token no command is sent.

use super::row::{End, ONCE, Row, error, status, with};
use serde_json::{Value, json};

fn failed(fault: Value, reason: &'static str) -> Row {
    Row::under("token", fault, End::Failed(reason)).cold()
}

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for code in [
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    ] {
        rows.push(failed(error(400, code, "in words"), "credentials_rejected"));
    }
    rows.push(failed(error(401, "invalid_client", "in words"), "credentials_rejected"));
    rows.push(failed(error(500, "invalid_grant", "in words"), "salto_unavailable"));
    for (status, code) in [(400, "not_documented"), (403, "access_denied"), (403, "mfa_required")] {
        rows.push(failed(error(status, code, "in words"), "credentials_rejected"));
    }
    for code in ["temporarily_unavailable", "server_error", "slow_down"] {
        rows.push(failed(error(400, code, "in words"), "salto_unavailable"));
    }
    for code in [200, 204, 300, 302, 400, 401, 403, 404, 408, 418, 500, 502, 503, 504, 599] {
        rows.push(failed(status(code), "salto_unavailable"));
    }
    rows.push(failed(status(429), "rate_limited"));
    for value in [json!(1), json!(3600), json!("soon")] {
        let after = |code| with(status(code), &json!({"retry_after": value}));
        rows.push(failed(after(429), "rate_limited"));
        let either = End::FailedEither("salto_unavailable", "rate_limited");
        rows.push(Row::under("token", after(503), either).cold());
    }
    for fault in [
        json!({"kind": "reset"}),
        json!({"kind": "no_answer"}),
        json!({"kind": "no_answer", "hold_ms": 200}),
        json!({"kind": "half_answer"}),
        json!({"kind": "opened_then_dropped"}),
        json!({"kind": "identity_gone"}),
        json!({"kind": "delay", "delay_ms": 20_000}),
    ] {
        rows.push(failed(fault, "salto_unavailable"));
    }
    for fault in [
        json!({"kind": "delay", "delay_ms": 300}),
        json!({"kind": "reset", "times": 1}),
        json!({"kind": "opened_then_dropped", "times": 1}),
        json!({"kind": "rate_limit", "times": 1}),
        with(status(503), &json!({"times": 1})),
    ] {
        let opened = Row::under("token", fault, End::Opened).cold();
        rows.push(opened.commands(ONCE).openings(ONCE));
    }
    rows
}

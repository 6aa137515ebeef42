//! Salto's answers to a command, and missing answers.

use super::row::{End, IN_DOUBT, NONE, ONCE, Row, THREE_TIMES, UNTIL_EXPIRY, error, status, with};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

fn under(fault: Value, end: End) -> Row {
    Row::under("open", fault, end)
}

fn carried_out(fault: Value) -> Value {
    with(fault, &json!({"carried_out": true}))
}

/// Finally refused, after one command.
fn refused(fault: Value, reason: &'static str) -> Row {
    under(fault, End::Failed(reason)).commands(ONCE)
}

/// Certainly not executed: repeated until the expiry.
fn not_done(fault: Value, reason: &'static str) -> Row {
    under(fault, End::Failed(reason)).commands(UNTIL_EXPIRY)
}

/// The outcome is unknown, unless the door opened and the entry log shows it.
fn in_doubt(fault: Value) -> [Row; 2] {
    [
        under(fault.clone(), End::Failed("outcome_unknown")).commands(IN_DOUBT).two_per_site(),
        under(carried_out(fault), End::OpenedByLog).commands(ONCE).openings(ONCE).two_per_site(),
    ]
}

/// Every class of status and every named status, without a body.
pub fn statuses() -> Vec<Row> {
    let mut rows = Vec::new();
    for code in [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 299] {
        rows.push(under(status(code), End::Opened).commands(ONCE).openings(NONE).four_per_site());
        let opened = under(carried_out(status(code)), End::Opened);
        rows.push(opened.commands(ONCE).openings(ONCE).four_per_site());
    }
    for code in [300, 301, 302, 303, 304, 305, 307, 308, 399] {
        rows.push(not_done(status(code), "salto_unavailable"));
    }
    for code in [
        400, 402, 403, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422,
        423, 424, 425, 426, 428, 431, 444, 451, 499,
    ] {
        rows.push(refused(status(code), "forbidden").four_per_site());
    }
    // Repeated with other tokens: the second one at once, the next ones after 1 s, 2 s, 4 s.
    rows.push(under(status(401), End::Failed("salto_unavailable")).commands(3..=5));
    rows.push(not_done(status(404), "salto_unavailable"));
    rows.push(not_done(status(429), "rate_limited"));
    rows.push(not_done(status(503), "salto_unavailable"));
    for code in [408, 500, 501, 502, 504, 505, 506, 507, 508, 510, 511, 520, 599] {
        rows.extend(in_doubt(status(code)));
    }
    rows
}

/// Salto's error bodies, with codes as text and as numbers.
pub fn bodies() -> Vec<Row> {
    let mut rows = Vec::new();
    for (code, text, number, message, reason) in [
        (404, "2202", 2202, "Otp is invalid", "otp_invalid"),
        (400, "2202", 2202, "Otp is invalid", "otp_invalid"),
        (400, "3102", 3102, "otp_invalid", "otp_invalid"),
        (400, "3102", 3102, "Command failed: OTP_INVALID.", "otp_invalid"),
        (403, "3102", 3102, "otp_blocked", "otp_blocked"),
        (400, "3102", 3102, "otp_blocked", "otp_blocked"),
        (400, "3102", 3102, "pin_not_changed", "iq_not_activated"),
        (404, "2202", 2202, "Lock not found", "lock_not_found"),
        (404, "2202", 2202, "Iq not found", "lock_not_found"),
        (400, "2202", 2202, "Lock not found", "lock_not_found"),
        (404, "1000", 1000, "Not found", "lock_not_found"),
        (400, "1100", 1100, "Invalid id", "lock_not_found"),
        (400, "1101", 1101, "Invalid parameter", "forbidden"),
        (404, "9999", 9999, "An error that is not documented", "lock_not_found"),
        (403, "2203", 2203, "Missing right", "forbidden"),
        (403, "3102", 3102, "command_forbidden", "forbidden"),
        (415, "1101", 1101, "Invalid parameter", "forbidden"),
        (400, "9999", 9999, "An error that is not documented", "forbidden"),
        (403, "9999", 9999, "An error that is not documented", "forbidden"),
        (409, "9999", 9999, "An error that is not documented", "forbidden"),
        (422, "9999", 9999, "An error that is not documented", "forbidden"),
    ] {
        // The other reasons affect the IQ or its user.
        let rows_per_site = if ["forbidden", "lock_not_found"].contains(&reason) { 4 } else { 1 };
        for code_as in [Value::from(text), Value::from(number)] {
            rows.push(Row { rows_per_site, ..refused(error(code, code_as, message), reason) });
        }
    }
    rows.extend(refused_by_iq());
    let first = "Cannot get first secret for an already activated Iq";
    rows.push(refused(error(403, "2203", first), "forbidden"));
    let message_only = json!({"kind": "status", "status": 400, "message": "otp_invalid"});
    rows.push(refused(message_only, "otp_invalid"));
    // The status counts more than the body.
    rows.push(not_done(error(400, "3102", "iq_offline"), "iq_offline"));
    rows.push(not_done(error(503, "3102", "otp_invalid"), "salto_unavailable"));
    rows.push(not_done(error(429, "2202", "Otp is invalid"), "rate_limited"));
    rows.push(not_done(error(302, "3102", "otp_invalid"), "salto_unavailable"));
    let rejected = under(error(401, "2203", "Missing right"), End::Failed("salto_unavailable"));
    rows.push(rejected.commands(3..=5));
    // A verdict on the one-time password ends the request, whatever its status.
    for message in ["otp_invalid", "otp_blocked"] {
        rows.push(refused(error(200, "3102", message), "outcome_unknown"));
        let opened = under(carried_out(error(200, "3102", message)), End::OpenedByLog);
        rows.push(opened.commands(ONCE).openings(ONCE));
    }
    rows.extend(in_doubt(error(200, "3102", "not_documented")));
    rows.extend(in_doubt(error(202, 9999, "An error that is not documented")));
    rows.extend(in_doubt(with(status(200), &json!({"body": "<html>Back soon</html>"}))));
    let text = json!({"body": "ok", "content_type": "text/plain"});
    rows.push(under(with(status(200), &text), End::Opened).commands(ONCE));
    rows.extend(in_doubt(error(500, "3102", "otp_blocked")));
    rows.extend(in_doubt(error(502, "1000", "Not found")));
    rows.extend(in_doubt(error(408, "3102", "otp_invalid")));
    rows
}

/// Codes of the IQ that are not known.
fn refused_by_iq() -> impl Iterator<Item = Row> {
    let messages = [
        (400, "Request execution failed with code: not_documented"),
        (403, "not_documented"),
        (400, "Request execution failed with code: Not Known"),
    ];
    messages.into_iter().map(|(code, message)| {
        let row = under(error(code, "3102", message), End::Failed("iq_refused"));
        row.commands(THREE_TIMES).apart(1)
    })
}

/// `Retry-After` in seconds, as a date, as invalid text, and longer than the life of the request.
pub fn retry_after() -> Vec<Row> {
    let after = |code: u16, value: Value| with(status(code), &json!({"retry_after": value}));
    let once = |fault: Value| with(fault, &json!({"times": 1}));
    let date = |seconds| (Utc::now() + TimeDelta::seconds(seconds)).to_rfc2822();
    let mut rows = Vec::new();
    for (code, reason) in [(429, "rate_limited"), (503, "salto_unavailable")] {
        for value in [json!(3600), json!(date(3600)), json!("18446744073709551615")] {
            rows.push(refused(after(code, value), reason));
        }
        rows.push(under(after(code, json!(1)), End::Failed(reason)).commands(2..=13).apart(1));
        for value in [json!("soon"), json!("-1"), json!("1.5"), json!(""), json!(date(-60))] {
            rows.push(not_done(after(code, value), reason));
        }
        for value in [json!(2), json!("2")] {
            let row = under(once(after(code, value)), End::Opened);
            rows.push(row.commands(2..=2).openings(ONCE).apart(2));
        }
    }
    rows.push(not_done(after(302, json!("soon")), "salto_unavailable"));
    rows.push(refused(after(302, json!(3600)), "salto_unavailable"));
    rows.push(refused(after(403, json!(3600)), "forbidden"));
    rows.push(
        under(carried_out(after(200, json!(3600))), End::Opened).commands(ONCE).openings(ONCE),
    );
    let pause = under(once(after(401, json!(2))), End::Opened);
    rows.push(pause.commands(2..=2).openings(ONCE).apart(2));
    // Another token would be available, but may not be used before the end of the pause.
    rows.push(refused(after(401, json!(3600)), "salto_unavailable"));
    // In doubt, with a pause: neither a second command nor a call of the entry log before its end.
    for code in [408, 500, 502] {
        rows.push(refused(after(code, json!(3600)), "outcome_unknown"));
        rows.push(refused(carried_out(after(code, json!(3600))), "outcome_unknown").openings(ONCE));
        let pause = under(once(after(code, json!(1))), End::Opened);
        rows.push(pause.commands(2..=2).openings(ONCE).apart(1));
    }
    rows
}

/// All faults other than a status.
pub fn wire() -> Vec<Row> {
    let once = |fault: Value| with(fault, &json!({"times": 1}));
    let mut rows = Vec::new();
    rows.extend(in_doubt(json!({"kind": "reset"})));
    rows.extend(in_doubt(json!({"kind": "no_answer"})));
    rows.extend(in_doubt(json!({"kind": "no_answer", "hold_ms": 200})));
    let dropped = json!({"kind": "opened_then_dropped"});
    rows.push(under(dropped, End::OpenedByLog).commands(ONCE).openings(ONCE));
    for fault in
        [json!({"kind": "reset"}), json!({"kind": "no_answer", "hold_ms": 100}), status(500)]
    {
        rows.push(under(once(fault), End::Opened).commands(2..=2).openings(ONCE));
    }
    for fault in [status(503), status(404), status(302), status(401)] {
        rows.push(under(once(fault), End::Opened).commands(2..=2).openings(ONCE));
    }
    // The head of the answer counts.
    let half = json!({"kind": "half_answer"});
    rows.push(under(half, End::Opened).commands(ONCE).openings(ONCE));
    let slow = json!({"kind": "delay", "delay_ms": 500});
    rows.push(under(slow.clone(), End::Opened).commands(ONCE).openings(ONCE));
    rows.push(under(carried_out(slow), End::Opened).commands(ONCE).openings(ONCE));
    let too_slow = json!({"kind": "delay", "delay_ms": 4500});
    let known = under(carried_out(too_slow.clone()), End::OpenedByLog);
    rows.push(known.commands(ONCE).openings(ONCE));
    // The command takes effect after its timeout: the next command prolongs the same opening.
    rows.push(under(once(too_slow), End::Opened).commands(1..=2).openings(1..=2));
    let rate_limit = json!({"kind": "rate_limit"});
    rows.push(under(rate_limit, End::Failed("rate_limited")).commands(2..=13).apart(1));
    let at_identity = json!({"kind": "identity_gone"});
    rows.push(under(at_identity, End::Opened).commands(ONCE).openings(ONCE));
    rows
}

//! How answers are read, by examples.

use super::*;

use crate::classification::Condition;

fn lock_cause(status: u16, body: &str) -> Cause {
    cause_about(CallTarget::Lock, status, body)
}

fn cause_about(target: CallTarget, status: u16, body: &str) -> Cause {
    let status = StatusCode::from_u16(status).unwrap();
    refusal(status, &HeaderMap::new(), body.as_bytes(), target).0.cause
}

#[test]
fn codes_are_read_as_texts_and_numbers_in_any_case() {
    assert_eq!(
        lock_cause(404, r#"{"ErrorCode":"2202","Message":"Otp is invalid"}"#),
        Cause::OtpInvalid
    );
    assert_eq!(lock_cause(404, r#"{"ErrorCode":2202,"Message":null}"#), Cause::OtpInvalid);
    assert_eq!(lock_cause(400, r#"{"errorCode":3102,"message":"OTP_Invalid"}"#), Cause::OtpInvalid);
    assert_eq!(
        lock_cause(403, r#"{"ErrorCode":"3102","Message":"otp_blocked!"}"#),
        Cause::OtpBlocked
    );
    assert_eq!(lock_cause(400, r#"{"ErrorCode":3102,"Message":"iq_offline"}"#), Cause::IqOffline);
}

#[test]
fn an_outage_does_not_always_look_like_a_5xx() {
    assert_eq!(lock_cause(404, "<html>not found</html>"), Cause::Unavailable);
    assert_eq!(lock_cause(404, ""), Cause::Unavailable);
    assert_eq!(lock_cause(302, ""), Cause::Unavailable);
    assert_eq!(lock_cause(404, r#"{"ErrorCode":1000}"#), Cause::LockNotFound);
}

#[test]
fn refusals_have_their_causes() {
    let unchanged = r#"{"ErrorCode":"3102","Message":"pin_not_changed"}"#;
    assert_eq!(lock_cause(400, unchanged), Cause::NotActivated);
    assert_eq!(lock_cause(400, r#"{"ErrorCode":1100}"#), Cause::LockNotFound);
    assert_eq!(lock_cause(400, r#"{"ErrorCode":1300}"#), Cause::Forbidden);
    assert_eq!(lock_cause(403, "nothing known"), Cause::Forbidden);
    let activated =
        r#"{"ErrorCode":"2203","Message":"Cannot get first secret for an already activated Iq"}"#;
    assert_eq!(cause_about(CallTarget::FirstSecret, 403, activated), Cause::AlreadyActivated);
    assert_eq!(lock_cause(403, activated), Cause::Forbidden);
    assert_eq!(cause_about(CallTarget::FirstSecret, 503, activated), Cause::Unavailable);
    assert_eq!(lock_cause(403, r#"{"ErrorCode":"2203","Message":"no right"}"#), Cause::Forbidden);
    assert_eq!(lock_cause(429, ""), Cause::RateLimited);
    assert_eq!(
        lock_cause(503, r#"{"ErrorCode":3102,"Message":"otp_invalid"}"#),
        Cause::Unavailable
    );
}

#[test]
fn error_texts_hold_no_message() {
    let body = br#"{"ErrorCode":"2203","Message":"Jane Doe may not"}"#;
    let (error, _) = refusal(StatusCode::FORBIDDEN, &HeaderMap::new(), body, CallTarget::Lock);
    assert_eq!(
        error.to_string(),
        "Salto refuses this: the user lacks a right at the site, or is blocked (HTTP 403, code 2203)"
    );
    let odd = br#"{"ErrorCode":"Jane Doe","Message":""}"#;
    let (error, _) = refusal(StatusCode::FORBIDDEN, &HeaderMap::new(), odd, CallTarget::Lock);
    assert_eq!(error.to_string(), "Salto refuses this (HTTP 403)");
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = "2026-08-25T07:25:00Z".parse().unwrap();
    let read = |text: &str| {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        retry_after(&headers, now)
    };
    assert_eq!(read("120"), Some(Duration::from_secs(120)));
    assert_eq!(read("Tue, 25 Aug 2026 07:25:30 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(read("Tue, 25 Aug 2026 07:24:30 GMT"), Some(Duration::ZERO));
    assert_eq!(read("soon"), None);
    assert_eq!(read("18446744073709551615"), Some(RETRY_AFTER_MAX));
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
}

#[test]
fn the_example_of_every_row_is_classified_as_that_row() {
    for row in classification::ROWS {
        let Condition::Answer { example, .. } = &row.condition else { continue };
        let status = StatusCode::from_u16(example.status).unwrap();
        let (headers, body) = (HeaderMap::new(), example.body.as_bytes());
        let read = refusal(status, &headers, body, CallTarget::Lock);
        assert_eq!(read.1, row);
        assert_eq!(read.0.cause, row.cause());
    }
}

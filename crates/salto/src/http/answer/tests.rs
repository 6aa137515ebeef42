//! How answers are read, by examples.

use reqwest::header::CONTENT_TYPE;

use super::*;
use crate::classification::Condition;

fn lock_cause(status: u16, body: &str) -> Cause {
    cause_about(CallTarget::Lock, status, body)
}

fn cause_about(target: CallTarget<'_>, status: u16, body: &str) -> Cause {
    let status = StatusCode::from_u16(status).unwrap();
    refusal(status, &HeaderMap::new(), body.as_bytes(), target).0.cause
}

#[test]
fn codes_are_read_as_texts_and_numbers_in_any_case() {
    assert_eq!(
        lock_cause(404, r#"{"ErrorCode":"2202","Message":"Otp is invalid"}"#),
        Cause::OtpInvalid
    );
    assert_eq!(lock_cause(404, r#"{"ErrorCode":2202,"message":"OTP missing"}"#), Cause::OtpInvalid);
    assert_eq!(lock_cause(400, r#"{"errorCode":3102,"message":"OTP_Invalid"}"#), Cause::OtpInvalid);
    assert_eq!(
        lock_cause(403, r#"{"ErrorCode":"3102","Message":"otp_blocked!"}"#),
        Cause::OtpBlocked
    );
    assert_eq!(lock_cause(400, r#"{"ErrorCode":3102,"Message":"iq_offline"}"#), Cause::IqOffline);
}

#[test]
fn code_2202_is_about_what_its_message_names_and_without_one_about_the_path() {
    for message in [r#""Lock not found""#, r#""User not found""#, r#""Laptop not found""#, "null"] {
        for code in ["2202", r#""2202""#] {
            let body = format!(r#"{{"ErrorCode":{code},"Message":{message}}}"#);
            for status in [400, 403, 404] {
                assert_eq!(lock_cause(status, &body), Cause::LockNotFound, "{status} {body}");
            }
            assert_eq!(cause_about(CallTarget::Iq("q"), 404, &body), Cause::IqNotFound);
            assert_eq!(cause_about(CallTarget::FirstSecret("q"), 404, &body), Cause::IqNotFound);
            assert_eq!(cause_about(CallTarget::Site, 404, &body), Cause::SiteNotFound);
            assert_eq!(cause_about(CallTarget::EventLog, 404, &body), Cause::Forbidden);
        }
    }
}

#[test]
fn an_unknown_code_of_the_iq_is_repeated_where_it_looks_like_one() {
    let read = |status: u16, message: &str| {
        let body = serde_json::json!({"ErrorCode": "3102", "Message": message}).to_string();
        let status = StatusCode::from_u16(status).unwrap();
        let (error, _) = refusal(status, &HeaderMap::new(), body.as_bytes(), CallTarget::Lock);
        assert_eq!(error.cause, Cause::IqRefused, "{message}");
        assert!(!error.to_string().contains("Jane"), "{error}");
        error
    };
    let error = read(400, "Request execution failed with code: lock_busy");
    assert_eq!(error.iq_code.as_deref(), Some("lock_busy"));
    assert_eq!(
        error.to_string(),
        "the IQ did not carry the command out: it gave the code `lock_busy` (HTTP 400, code 3102)"
    );
    assert_eq!(read(403, "lock_busy").iq_code.as_deref(), Some("lock_busy"));
    let long = "a".repeat(41);
    for message in
        ["", "Request execution failed with code: Jane Doe", "JANE", "jane doe", "7", &long]
    {
        assert_eq!(read(400, message).iq_code, None, "{message}");
    }
    let forbidden =
        r#"{"ErrorCode":"3102","Message":"Request execution failed with code: command_forbidden"}"#;
    assert_eq!(lock_cause(403, forbidden), Cause::Forbidden);
    let otp = r#"{"ErrorCode":"3102","Message":"Request execution failed with code: otp_invalid"}"#;
    assert_eq!(lock_cause(400, otp), Cause::OtpInvalid);
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
    assert_eq!(lock_cause(400, r#"{"ErrorCode":1102,"Message":"Bad id."}"#), Cause::LockNotFound);
    assert_eq!(lock_cause(400, r#"{"ErrorCode":1101,"Message":"Invalid"}"#), Cause::Forbidden);
    assert_eq!(lock_cause(400, r#"{"ErrorCode":1300}"#), Cause::Forbidden);
    assert_eq!(lock_cause(403, "nothing known"), Cause::Forbidden);
    let activated =
        r#"{"ErrorCode":"2203","Message":"Cannot get first secret for an already activated Iq"}"#;
    assert_eq!(cause_about(CallTarget::FirstSecret("q"), 403, activated), Cause::AlreadyActivated);
    assert_eq!(lock_cause(403, activated), Cause::Forbidden);
    assert_eq!(cause_about(CallTarget::FirstSecret("q"), 503, activated), Cause::Unavailable);
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
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
}

#[test]
fn a_date_in_retry_after_is_measured_against_the_answers_own_date() {
    let ours = "2026-08-25T07:25:00Z".parse().unwrap();
    let read = |date: &str| {
        let until = "Tue, 25 Aug 2026 07:35:30 GMT".parse().unwrap();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, until), (DATE, date.parse().unwrap())]);
        retry_after(&headers, ours)
    };
    assert_eq!(read("Tue, 25 Aug 2026 07:35:00 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(read("Tue, 25 Aug 2026 07:36:00 GMT"), Some(Duration::ZERO));
    assert_eq!(read("yesterday"), Some(Duration::from_secs(630)));
}

#[test]
fn retry_after_is_cut_off_at_15_minutes() {
    let now = "2026-08-25T07:25:00Z".parse().unwrap();
    for (text, seconds) in [
        ("899", 899),
        ("901", 900),
        ("86400", 900),
        ("18446744073709551615", 900),
        ("99999999999999999999999", 900),
        ("Tue, 25 Aug 2026 07:39:59 GMT", 899),
        ("Wed, 25 Aug 2027 07:25:00 GMT", 900),
    ] {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        assert_eq!(retry_after(&headers, now), Some(Duration::from_secs(seconds)), "{text}");
    }
}

#[test]
fn html_is_known_by_its_type_or_its_first_character() {
    let read = |content_type: &str, body: &str| {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
        SaltoError::read(&headers, body.as_bytes()).body
    };
    for (content_type, body) in [
        ("text/html", "Back soon"),
        ("Text/HTML; charset=utf-8", "<p>Back soon"),
        ("application/xhtml+xml", "Back soon"),
        ("application/json", "<!DOCTYPE html>"),
        ("", "\u{feff}\r\n <html>"),
    ] {
        assert_eq!(read(content_type, body), ErrorBody::Html, "{content_type} {body}");
    }
    for (content_type, body) in
        [("text/html", ""), ("text/html", " \n"), ("text/plain", "ok"), ("application/json", "{}")]
    {
        assert_eq!(read(content_type, body), ErrorBody::NotSaltos, "{content_type} {body}");
    }
    assert_eq!(read("text/html", r#"{"ErrorCode":"9"}"#), ErrorBody::OtherOfSalto);
}

#[test]
fn a_code_of_another_form_is_an_error_and_a_missing_one_is_not() {
    let read = |body: &str| SaltoError::read(&HeaderMap::new(), body.as_bytes()).body;
    for odd in [r#"{"ErrorCode":"not a code"}"#, r#"{"errorcode":{}}"#, r#"{"ErrorCode":true}"#] {
        assert_eq!(read(odd), ErrorBody::OddCode, "{odd}");
    }
    for none in [r#"{"ErrorCode":null}"#, r#"{"ErrorCode":""}"#, r#"{"locked_state":"unlocked"}"#] {
        assert_eq!(read(none), ErrorBody::NotSaltos, "{none}");
    }
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

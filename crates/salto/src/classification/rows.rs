//! The rows. Rows about an error code rest on `docs/salto-ks.md`, Connect API, and The OTP; the others
//! are decisions.

use super::parts::{
    ACCEPTED, CODES, NOT_SALTOS, answer, answered, any_body, refusal, unknown, without_effect,
};
use super::without_answer::{BREAKER_OPEN, EXPIRED, NO_CONNECTION, UNANSWERED, WITHDRAWN};
use super::{Classification, ErrorBody, Row};
use crate::breaker::HostHealth::{Failed, Unknown, Up};
use crate::error::Cause;

/// All rows. Their order has no meaning.
pub const ROWS: &[Row] = &[
    Row {
        description: "accepted (also where the body is empty or cut off)",
        condition: answer(ACCEPTED, &[ErrorBody::NotSaltos], 200, r#"{"locked_state":"unlocked"}"#),
        classification: Classification::Opened,
        written: true,
        health: Up,
    },
    // A 2xx with HTML or an error in it (docs/contract.md, invariant 10).
    answered(
        "a 2xx with HTML: a host in front of Salto answered",
        answer(ACCEPTED, &[ErrorBody::Html], 200, "<html>Maintenance</html>"),
        unknown(Cause::Unavailable),
        Failed,
    ),
    answered(
        "a 2xx that says that the one-time password is wrong",
        answer(
            ACCEPTED,
            &[ErrorBody::OtpInvalid],
            200,
            r#"{"ErrorCode":"3102","Message":"otp_invalid"}"#,
        ),
        unknown(Cause::OtpInvalid),
        Up,
    ),
    answered(
        "a 2xx that says that the user is blocked",
        answer(
            ACCEPTED,
            &[ErrorBody::OtpBlocked],
            200,
            r#"{"ErrorCode":"3102","Message":"otp_blocked"}"#,
        ),
        unknown(Cause::OtpBlocked),
        Up,
    ),
    answered(
        "a 2xx with another error in it",
        answer(
            ACCEPTED,
            &[
                ErrorBody::NotFound,
                ErrorBody::IqOffline,
                ErrorBody::PinNotChanged,
                ErrorBody::IqRefused,
                ErrorBody::BadId,
                ErrorBody::OtherOfSalto,
                ErrorBody::OddCode,
            ],
            200,
            r#"{"ErrorCode":"3102","Message":"something_new"}"#,
        ),
        unknown(Cause::Forbidden),
        Up,
    ),
    BREAKER_OPEN,
    NO_CONNECTION,
    EXPIRED,
    WITHDRAWN,
    UNANSWERED,
    answered(
        "the access token is no longer accepted",
        any_body(&[401..=401], 401, ""),
        without_effect(Cause::TokenRejected),
        Up,
    ),
    answered(
        "too many calls",
        any_body(&[429..=429], 429, ""),
        without_effect(Cause::RateLimited),
        Up,
    ),
    answered(
        "Salto accepts no calls at present",
        any_body(&[503..=503], 503, ""),
        without_effect(Cause::Unavailable),
        Failed,
    ),
    answered(
        "Salto, or its connection to the IQ, failed while it handled the command",
        any_body(&[500..=500, 502..=502, 504..=504], 502, "<html>Bad Gateway</html>"),
        unknown(Cause::Unavailable),
        Failed,
    ),
    answered(
        "another failure of the server",
        any_body(&[501..=501, 505..=999], 520, ""),
        unknown(Cause::Unavailable),
        Failed,
    ),
    answered(
        "a host on the way to Salto stopped waiting",
        any_body(&[408..=408], 408, ""),
        unknown(Cause::Unanswered),
        Failed,
    ),
    answered(
        "a redirect: a host in front of Salto answered",
        any_body(&[100..=199, 300..=399], 302, ""),
        without_effect(Cause::Unavailable),
        Failed,
    ),
    // An outage has been seen to answer 404 on every path (docs/salto-ks.md, Environments).
    answered(
        "a 404 without an error of Salto's: a host in front of Salto answered",
        answer(&[404..=404], NOT_SALTOS, 404, "<html>Not Found</html>"),
        without_effect(Cause::Unavailable),
        Failed,
    ),
    answered(
        "the IQ is not online",
        refusal(&[ErrorBody::IqOffline], 400, r#"{"ErrorCode":"3102","Message":"iq_offline"}"#),
        without_effect(Cause::IqOffline),
        Up,
    ),
    answered(
        "the IQ did not carry the command out, for a reason that is not known",
        refusal(
            &[ErrorBody::IqRefused],
            400,
            r#"{"ErrorCode":"3102","Message":"Request execution failed with code: something_new"}"#,
        ),
        without_effect(Cause::IqRefused),
        Up,
    ),
    answered(
        "the one-time password is wrong",
        refusal(
            &[ErrorBody::OtpInvalid],
            404,
            r#"{"ErrorCode":"2202","Message":"Otp is invalid"}"#,
        ),
        without_effect(Cause::OtpInvalid),
        Up,
    ),
    answered(
        "the user is blocked after wrong one-time passwords",
        refusal(&[ErrorBody::OtpBlocked], 403, r#"{"ErrorCode":"3102","Message":"otp_blocked"}"#),
        without_effect(Cause::OtpBlocked),
        Up,
    ),
    answered(
        "the user is not activated at the IQ",
        refusal(
            &[ErrorBody::PinNotChanged],
            400,
            r#"{"ErrorCode":"3102","Message":"pin_not_changed"}"#,
        ),
        without_effect(Cause::NotActivated),
        Up,
    ),
    answered(
        "no such lock",
        refusal(&[ErrorBody::NotFound], 404, r#"{"ErrorCode":"2202","Message":"Lock not found"}"#),
        without_effect(Cause::LockNotFound),
        Up,
    ),
    answered(
        "no such lock, with a code that is not known",
        answer(&[404..=404], CODES, 404, r#"{"ErrorCode":"1000","Message":"Not found"}"#),
        without_effect(Cause::LockNotFound),
        Up,
    ),
    answered(
        "the lock's id is not an id",
        answer(
            &[400..=400],
            &[ErrorBody::BadId],
            400,
            r#"{"ErrorCode":"1100","Message":"Invalid id"}"#,
        ),
        without_effect(Cause::LockNotFound),
        Up,
    ),
    answered(
        "a request that Salto does not accept",
        answer(
            &[400..=400],
            &[ErrorBody::OtherOfSalto],
            400,
            r#"{"ErrorCode":"9999","Message":"Not acceptable"}"#,
        ),
        without_effect(Cause::Forbidden),
        Up,
    ),
    answered(
        "a right is missing",
        answer(&[403..=403], CODES, 403, r#"{"ErrorCode":"2203","Message":"Forbidden"}"#),
        without_effect(Cause::Forbidden),
        Up,
    ),
    answered(
        "another refusal in Salto's form",
        answer(
            &[402..=402, 405..=407, 409..=428, 430..=499],
            CODES,
            409,
            r#"{"ErrorCode":"9","Message":"Conflict"}"#,
        ),
        without_effect(Cause::Forbidden),
        Up,
    ),
    answered(
        "another refusal, not in Salto's form",
        answer(&[400..=400, 402..=403, 405..=407, 409..=428, 430..=499], NOT_SALTOS, 403, ""),
        without_effect(Cause::Forbidden),
        Unknown,
    ),
];

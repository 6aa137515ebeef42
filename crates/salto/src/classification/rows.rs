//! The rows. Rows about an error code rest on `docs/salto-ks.md`, Connect API, and The OTP; the others
//! are decisions.

use std::ops::RangeInclusive;

use super::{Classification, Condition, ErrorBody, Example, Row};
use crate::breaker::HostHealth::{self, Down, HostOrIqDown, Unknown, Up};
use crate::error::{Cause, Certainty};

/// All rows. Their order has no meaning.
pub const ROWS: &[Row] = &[
    Row {
        description: "accepted (whatever the body)",
        condition: any_body(&[200..=299], 200, r#"{"locked_state":"unlocked"}"#),
        classification: Classification::Opened,
        written: true,
        health: Up,
    },
    BREAKER_OPEN,
    NO_CONNECTION,
    EXPIRED,
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
        Down,
    ),
    answered(
        "Salto, or its connection to the IQ, failed while it handled the command",
        any_body(&[500..=500, 502..=502, 504..=504], 502, "<html>Bad Gateway</html>"),
        unknown(Cause::Unavailable),
        HostOrIqDown,
    ),
    answered(
        "another failure of the server",
        any_body(&[501..=501, 505..=999], 520, ""),
        unknown(Cause::Unavailable),
        Down,
    ),
    answered(
        "a host on the way to Salto stopped waiting",
        any_body(&[408..=408], 408, ""),
        unknown(Cause::Unanswered),
        HostOrIqDown,
    ),
    answered(
        "a redirect: a host in front of Salto answered",
        any_body(&[100..=199, 300..=399], 302, ""),
        without_effect(Cause::Unavailable),
        Down,
    ),
    // An outage has been seen to answer 404 on every path (docs/salto-ks.md, Environments).
    answered(
        "a 404 without an error of Salto's: a host in front of Salto answered",
        answer(&[404..=404], &[ErrorBody::NotSaltos], 404, "<html>Not Found</html>"),
        without_effect(Cause::Unavailable),
        Down,
    ),
    answered(
        "the IQ is not online",
        refusal(&[ErrorBody::IqOffline], 400, r#"{"ErrorCode":"3102","Message":"iq_offline"}"#),
        without_effect(Cause::IqOffline),
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
        answer(&[404..=404], CODES, 404, r#"{"ErrorCode":"1000","Message":"Lock not found"}"#),
        without_effect(Cause::LockNotFound),
        Up,
    ),
    answered(
        "the lock's id is not an id",
        answer(
            &[400..=400],
            &[ErrorBody::BadParameter],
            400,
            r#"{"ErrorCode":"1100","Message":"Bad parameter"}"#,
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
            r#"{"ErrorCode":"3102","Message":"something_new"}"#,
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
        answer(
            &[400..=400, 402..=403, 405..=407, 409..=428, 430..=499],
            &[ErrorBody::NotSaltos],
            403,
            "",
        ),
        without_effect(Cause::Forbidden),
        Unknown,
    ),
];

/// The circuit breaker is open.
pub(crate) const BREAKER_OPEN: Row = not_sent(
    "the open circuit breaker of a host that keeps failing",
    "the circuit breaker is open",
    Cause::BreakerOpen,
    Unknown,
);

/// There is no connection, or none in time.
pub(crate) const NO_CONNECTION: Row = not_sent(
    "no connection",
    "connection refused; TLS fails; no connection within the time limit",
    Cause::Unavailable,
    Down,
);

/// The deadline for sending passed first. Only a long time of connecting says something about the
/// host.
pub(crate) const EXPIRED: Row = not_sent(
    "its deadline before it could be sent",
    "the request expired while connecting",
    Cause::Expired,
    Unknown,
);

/// The bytes were written, and nothing else is known.
pub(crate) const UNANSWERED: Row = answered(
    "no answer, after the bytes were written",
    Condition::NoAnswer("no answer within `command_timeout`; reset; half an answer"),
    unknown(Cause::Unanswered),
    HostOrIqDown,
);

/// Statuses 4xx whose body is read for a more precise cause.
const REFUSALS: &[RangeInclusive<u16>] = &[400..=400, 402..=407, 409..=428, 430..=499];

/// Errors in Salto's form whose code alone says little.
const CODES: &[ErrorBody] = &[ErrorBody::BadParameter, ErrorBody::OtherOfSalto];

const fn answered(
    description: &'static str,
    condition: Condition,
    classification: Classification,
    health: HostHealth,
) -> Row {
    Row { description, condition, classification, written: true, health }
}

const fn not_sent(
    description: &'static str,
    example: &'static str,
    cause: Cause,
    health: HostHealth,
) -> Row {
    let condition = Condition::NoAnswer(example);
    Row { description, condition, classification: without_effect(cause), written: false, health }
}

const fn any_body(
    statuses: &'static [RangeInclusive<u16>],
    status: u16,
    body: &'static str,
) -> Condition {
    answer(statuses, ErrorBody::ALL, status, body)
}

const fn refusal(bodies: &'static [ErrorBody], status: u16, body: &'static str) -> Condition {
    answer(REFUSALS, bodies, status, body)
}

const fn answer(
    statuses: &'static [RangeInclusive<u16>],
    bodies: &'static [ErrorBody],
    status: u16,
    body: &'static str,
) -> Condition {
    Condition::Answer { statuses, bodies, example: Example { status, body } }
}

const fn without_effect(cause: Cause) -> Classification {
    Classification::Failed { cause, certainty: cause.certainty_without_effect() }
}

const fn unknown(cause: Cause) -> Classification {
    Classification::Failed { cause, certainty: Certainty::Unknown }
}

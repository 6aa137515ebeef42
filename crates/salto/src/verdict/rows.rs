//! The rows. What is not marked \[M\] (measured) is a decision.

use std::ops::RangeInclusive;

use super::{Body, Example, Met, Outcome, Row};
use crate::breaker::Health;
use crate::error::{Cause, Certainty};

/// All rows, each for itself: their order means nothing.
pub const ROWS: &[Row] = &[
    Row {
        words: "accepted (whatever becomes of the body)",
        met: any_body(&[200..=299], 200, r#"{"locked_state":"unlocked"}"#),
        outcome: Outcome::Opened,
        written: true,
        host: Health::Works,
    },
    NOT_ASKED,
    NO_CONNECTION,
    LATE,
    LOST,
    Row {
        words: "the access token no longer counts",
        met: any_body(&[401..=401], 401, ""),
        outcome: never(Cause::TokenRejected),
        written: true,
        host: Health::Works,
    },
    Row {
        words: "too many calls",
        met: any_body(&[429..=429], 429, ""),
        outcome: never(Cause::RateLimited),
        written: true,
        host: Health::Works,
    },
    Row {
        words: "Salto takes no calls now",
        met: any_body(&[503..=503], 503, ""),
        outcome: never(Cause::Unavailable),
        written: true,
        host: Health::Down,
    },
    Row {
        words: "Salto, or its way to the IQ, broke down over the command",
        met: any_body(&[500..=500, 502..=502, 504..=504], 502, "<html>Bad Gateway</html>"),
        outcome: unknown(Cause::Unavailable),
        written: true,
        host: Health::PerhapsOneIq,
    },
    Row {
        words: "another failure of the server",
        met: any_body(&[501..=501, 505..=999], 520, ""),
        outcome: unknown(Cause::Unavailable),
        written: true,
        host: Health::Down,
    },
    Row {
        words: "somebody on the way gave up waiting",
        met: any_body(&[408..=408], 408, ""),
        outcome: unknown(Cause::Unanswered),
        written: true,
        host: Health::PerhapsOneIq,
    },
    Row {
        words: "a redirect: something in front of Salto answers",
        met: any_body(&[100..=199, 300..=399], 302, ""),
        outcome: never(Cause::Unavailable),
        written: true,
        host: Health::Down,
    },
    // An outage has been seen to answer 404 on every path [M].
    Row {
        words: "a 404 that is not Salto's own: something in front of it answers",
        met: answer(&[404..=404], &[Body::NotSaltos], 404, "<html>Not Found</html>"),
        outcome: never(Cause::Unavailable),
        written: true,
        host: Health::Down,
    },
    Row {
        words: "the IQ is not online",
        met: answer(
            REFUSALS,
            &[Body::IqOffline],
            400,
            r#"{"ErrorCode":"3102","Message":"iq_offline"}"#,
        ),
        outcome: never(Cause::IqOffline),
        written: true,
        host: Health::Works,
    },
    // [M]
    Row {
        words: "the one-time password is wrong",
        met: answer(
            REFUSALS,
            &[Body::OtpInvalid],
            404,
            r#"{"ErrorCode":"2202","Message":"Otp is invalid"}"#,
        ),
        outcome: refused(Cause::OtpInvalid),
        written: true,
        host: Health::Works,
    },
    // [M]
    Row {
        words: "the user is blocked after wrong one-time passwords",
        met: answer(
            REFUSALS,
            &[Body::OtpBlocked],
            403,
            r#"{"ErrorCode":"3102","Message":"otp_blocked"}"#,
        ),
        outcome: refused(Cause::OtpBlocked),
        written: true,
        host: Health::Works,
    },
    // [M]
    Row {
        words: "the user is not activated at the IQ",
        met: answer(
            REFUSALS,
            &[Body::PinNotChanged],
            400,
            r#"{"ErrorCode":"3102","Message":"pin_not_changed"}"#,
        ),
        outcome: refused(Cause::NotActivated),
        written: true,
        host: Health::Works,
    },
    Row {
        words: "no such lock",
        met: answer(
            &[404..=404],
            &[Body::BadParameter, Body::OtherOfSalto],
            404,
            r#"{"ErrorCode":"1000","Message":"Lock not found"}"#,
        ),
        outcome: refused(Cause::LockNotFound),
        written: true,
        host: Health::Works,
    },
    // [M]
    Row {
        words: "the lock's id is none",
        met: answer(
            &[400..=400],
            &[Body::BadParameter],
            400,
            r#"{"ErrorCode":"1100","Message":"Bad parameter"}"#,
        ),
        outcome: refused(Cause::LockNotFound),
        written: true,
        host: Health::Works,
    },
    Row {
        words: "a request that Salto does not accept",
        met: answer(
            &[400..=400],
            &[Body::OtherOfSalto],
            400,
            r#"{"ErrorCode":"3102","Message":"something_new"}"#,
        ),
        outcome: refused(Cause::Forbidden),
        written: true,
        host: Health::Works,
    },
    // [M]
    Row {
        words: "a right is missing",
        met: answer(
            &[403..=403],
            &[Body::BadParameter, Body::OtherOfSalto],
            403,
            r#"{"ErrorCode":"2203","Message":"Forbidden"}"#,
        ),
        outcome: refused(Cause::Forbidden),
        written: true,
        host: Health::Works,
    },
    Row {
        words: "another refusal of Salto's",
        met: answer(
            &[402..=402, 405..=407, 409..=428, 430..=499],
            &[Body::BadParameter, Body::OtherOfSalto],
            409,
            r#"{"ErrorCode":"9","Message":"Conflict"}"#,
        ),
        outcome: refused(Cause::Forbidden),
        written: true,
        host: Health::Works,
    },
    Row {
        words: "another refusal, not in Salto's form",
        met: answer(
            &[400..=400, 402..=403, 405..=407, 409..=428, 430..=499],
            &[Body::NotSaltos],
            403,
            "",
        ),
        outcome: refused(Cause::Forbidden),
        written: true,
        host: Health::Untold,
    },
];

/// The breaker is open.
pub(crate) const NOT_ASKED: Row = Row {
    words: "nothing: the host keeps failing and is left alone for a moment",
    met: Met::NoAnswer("the circuit breaker is open"),
    outcome: never(Cause::NotAsked),
    written: false,
    host: Health::Untold,
};

/// No connection, or none in time.
pub(crate) const NO_CONNECTION: Row = Row {
    words: "no connection",
    met: Met::NoAnswer("connection refused; TLS fails; no connection within the time limit"),
    outcome: never(Cause::Unavailable),
    written: false,
    host: Health::Down,
};

/// The deadline for leaving passed first. Whether the host is to blame, the time shows.
pub(crate) const LATE: Row = Row {
    words: "the end of its time before it could leave",
    met: Met::NoAnswer("the request expired while connecting"),
    outcome: never(Cause::Late),
    written: false,
    host: Health::Untold,
};

/// The bytes left, and that is all that is known.
pub(crate) const LOST: Row = Row {
    words: "no answer, once the bytes had left",
    met: Met::NoAnswer("no answer within `command_timeout`; reset; half an answer"),
    outcome: unknown(Cause::Unanswered),
    written: true,
    host: Health::PerhapsOneIq,
};

/// 4xx whose body may carry a verdict of its own.
const REFUSALS: &[RangeInclusive<u16>] = &[400..=400, 402..=407, 409..=428, 430..=499];

const fn any_body(
    statuses: &'static [RangeInclusive<u16>],
    status: u16,
    body: &'static str,
) -> Met {
    answer(statuses, Body::ALL, status, body)
}

const fn answer(
    statuses: &'static [RangeInclusive<u16>],
    bodies: &'static [Body],
    status: u16,
    body: &'static str,
) -> Met {
    Met::Answer { statuses, bodies, example: Example { status, body } }
}

const fn never(cause: Cause) -> Outcome {
    Outcome::Failed { cause, certainty: Certainty::NeverHappened }
}

const fn unknown(cause: Cause) -> Outcome {
    Outcome::Failed { cause, certainty: Certainty::Unknown }
}

const fn refused(cause: Cause) -> Outcome {
    Outcome::Failed { cause, certainty: Certainty::Refused }
}

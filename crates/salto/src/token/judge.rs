//! What to do about a token, by what the cache holds. Pure: the time comes from outside.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::record::{Rejection, Token, TokenRecord, TokenState};
use crate::error::{CallError, Cause};

/// A replacement that is rejected too is not replaced again before it is this old.
const REPLACEMENT_REST: TimeDelta = TimeDelta::seconds(60);
/// Rejected credentials are tried again after this, doubling up to [`REJECTED_MOST`].
const REJECTED_FIRST: TimeDelta = TimeDelta::seconds(60);
const REJECTED_MOST: TimeDelta = TimeDelta::minutes(15);

/// What to do.
pub(super) enum Judgement {
    /// This token serves.
    Use(Token),
    /// This token serves, and the next one is due.
    Renew(Token),
    /// There is none: fetch one.
    Fetch(Fetch),
    /// There is none, and asking for one is not allowed yet.
    Wait(CallError),
}

/// How to fetch a token.
#[derive(Debug, Clone, Default)]
pub(super) struct Fetch {
    /// With this, else with the password.
    pub(super) refresh: Option<SecretString>,
    /// In place of one answered with 401.
    pub(super) after_rejection: bool,
    /// How often the credentials were rejected before.
    pub(super) failures: u32,
}

/// Judges the record by the fingerprint of the credentials in use and the token last answered with
/// 401.
pub(super) fn judge(
    record: Option<&TokenRecord>,
    fingerprint: &str,
    rejected: Option<Uuid>,
    now: DateTime<Utc>,
) -> Judgement {
    match record.filter(|record| record.fingerprint == fingerprint).map(|record| &record.state) {
        None => Judgement::Fetch(Fetch { after_rejection: rejected.is_some(), ..Fetch::default() }),
        Some(TokenState::Granted(token)) if rejected == Some(token.id) => {
            judge_rejected(token, now)
        }
        Some(TokenState::Granted(token)) if now >= token.expires_at => {
            Judgement::Fetch(Fetch { refresh: token.refresh.clone(), ..Fetch::default() })
        }
        Some(TokenState::Granted(token)) if now >= token.refresh_at() => {
            Judgement::Renew(token.clone())
        }
        Some(TokenState::Granted(token)) => Judgement::Use(token.clone()),
        Some(TokenState::Rejected(rejection)) if now < rejection.retry_at => {
            Judgement::Wait(rejected_until(rejection, now))
        }
        Some(TokenState::Rejected(rejection)) => {
            Judgement::Fetch(Fetch { failures: rejection.failures, ..Fetch::default() })
        }
    }
}

/// A token answered with 401 is replaced by means of the password: whatever made Salto drop it may
/// have taken the refresh token too.
fn judge_rejected(token: &Token, now: DateTime<Utc>) -> Judgement {
    let rest = REPLACEMENT_REST - (now - token.obtained_at);
    if token.after_rejection && rest > TimeDelta::zero() {
        let error = CallError::new(
            Cause::TokenRejected,
            "and not the one fetched in its place either; another one is not asked for yet",
        );
        return Judgement::Wait(error.after(rest.to_std().ok()));
    }
    Judgement::Fetch(Fetch { after_rejection: true, ..Fetch::default() })
}

/// The error while rejected credentials rest.
pub(super) fn rejected_until(rejection: &Rejection, now: DateTime<Utc>) -> CallError {
    let mut error = CallError::new(Cause::CredentialsRejected, "");
    error.code = Some(rejection.code.clone());
    error.after((rejection.retry_at - now).to_std().ok())
}

/// Credentials rejected once more, after `failures` times.
pub(super) fn rejection(code: String, failures: u32, now: DateTime<Utc>) -> Rejection {
    let doubled = REJECTED_FIRST * 2_i32.pow(failures.min(10));
    Rejection {
        code,
        failures: failures.saturating_add(1),
        retry_at: now + doubled.min(REJECTED_MOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn token(lifetime: i64, after_rejection: bool) -> Token {
        Token {
            id: Uuid::from_u128(1),
            access: "a".into(),
            refresh: Some("r".into()),
            obtained_at: at(0),
            expires_at: at(lifetime),
            after_rejection,
        }
    }

    fn granted(token: Token) -> TokenRecord {
        TokenRecord { fingerprint: "f".into(), state: TokenState::Granted(token) }
    }

    fn word(record: Option<&TokenRecord>, rejected: Option<Uuid>, now: i64) -> &'static str {
        match judge(record, "f", rejected, at(now)) {
            Judgement::Use(_) => "use",
            Judgement::Renew(_) => "renew",
            Judgement::Fetch(Fetch { refresh: Some(_), .. }) => "refresh",
            Judgement::Fetch(Fetch { after_rejection: true, .. }) => "replace",
            Judgement::Fetch(Fetch { failures: 1.., .. }) => "try again",
            Judgement::Fetch(_) => "fetch",
            Judgement::Wait(error) if error.cause == Cause::TokenRejected => "rest",
            Judgement::Wait(_) => "wait",
        }
    }

    #[test]
    fn a_token_is_renewed_ahead_of_its_end_by_a_minute_or_a_tenth() {
        let hour = granted(token(3600, false));
        assert_eq!(word(Some(&hour), None, 3539), "use");
        assert_eq!(word(Some(&hour), None, 3540), "renew");
        assert_eq!(word(Some(&hour), None, 3600), "refresh");
        let short = granted(token(20, false));
        assert_eq!(word(Some(&short), None, 17), "use");
        assert_eq!(word(Some(&short), None, 18), "renew");
    }

    #[test]
    fn a_rejected_token_is_replaced_once_and_its_replacement_not_within_a_minute() {
        let rejected = Some(Uuid::from_u128(1));
        assert_eq!(word(Some(&granted(token(3600, false))), rejected, 1), "replace");
        assert_eq!(word(Some(&granted(token(3600, true))), rejected, 59), "rest");
        assert_eq!(word(Some(&granted(token(3600, true))), rejected, 60), "replace");
        assert_eq!(word(Some(&granted(token(3600, true))), Some(Uuid::from_u128(2)), 1), "use");
    }

    #[test]
    fn other_credentials_make_a_record_useless_whatever_it_says() {
        let mut record = granted(token(3600, false));
        record.fingerprint = "g".into();
        assert_eq!(word(Some(&record), None, 1), "fetch");
        let state = TokenState::Rejected(rejection("invalid_grant".into(), 3, at(0)));
        let record = TokenRecord { fingerprint: "g".into(), state };
        assert_eq!(word(Some(&record), None, 1), "fetch");
        assert_eq!(word(None, None, 1), "fetch");
    }

    #[test]
    fn rejected_credentials_rest_for_a_minute_doubling_to_a_quarter_of_an_hour() {
        let rests: Vec<i64> = (0..7)
            .map(|n| (rejection("x".into(), n, at(0)).retry_at - at(0)).num_seconds())
            .collect();
        assert_eq!(rests, [60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(rejection("x".into(), u32::MAX, at(0)).retry_at, at(900));
        let state = TokenState::Rejected(rejection("invalid_grant".into(), 0, at(0)));
        let record = TokenRecord { fingerprint: "f".into(), state };
        assert_eq!(word(Some(&record), None, 59), "wait");
        assert_eq!(word(Some(&record), None, 60), "try again");
        let Judgement::Wait(error) = judge(Some(&record), "f", None, at(20)) else {
            panic!("must wait");
        };
        assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(40)));
    }
}

//! What to do about a token, by what the cache holds. Pure: the time comes from outside.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::fingerprint::Fingerprints;
use super::record::{Login, Rejection, Token, TokenRecord, TokenState};
use crate::error::{CallError, Cause};

/// A replacement that is rejected too is not replaced again before it is this old.
const REPLACEMENT_REST: TimeDelta = TimeDelta::seconds(60);
/// Rejected credentials are tried again after this, doubling up to [`REJECTED_MOST`].
const REJECTED_FIRST: TimeDelta = TimeDelta::seconds(60);
const REJECTED_MOST: TimeDelta = TimeDelta::minutes(15);

/// What is told where Salto no longer takes a login.
pub(super) const LOGIN_OVER: &str = "Salto no longer takes the last sign-in (it has ended, was \
    revoked, or the answer with its next refresh token was lost)";

/// What to do.
pub(super) enum Judgement {
    /// This token serves.
    Use(Token),
    /// This token serves, and the next one is due.
    Renew(Token, Fetch),
    /// There is none: fetch one.
    Fetch(Fetch),
    /// There is none, and asking for one is not allowed yet.
    Wait(CallError),
    /// There is none, and somebody must sign in, for this reason.
    SignIn(&'static str),
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

/// Judges the record by the fingerprints of the credentials in use and the token last answered with
/// 401.
pub(super) fn judge(
    record: Option<&TokenRecord>,
    ours: &Fingerprints,
    rejected: Option<Uuid>,
    now: DateTime<Utc>,
) -> Judgement {
    let login = match &ours.login {
        None => None,
        Some(client) => match login(record, client) {
            Ok(login) => Some(login.refresh.clone()),
            Err(why) => return Judgement::SignIn(why),
        },
    };
    // Without a login, the refresh token that came with the token, else the password.
    let renewal = |token: &Token| Fetch {
        refresh: login.clone().or_else(|| token.refresh.clone()),
        ..Fetch::default()
    };
    let anew = || Fetch { refresh: login.clone(), ..Fetch::default() };
    let state = record.filter(|record| record.fingerprint == ours.credentials);
    match state.map(|record| &record.state) {
        None => Judgement::Fetch(Fetch { after_rejection: rejected.is_some(), ..anew() }),
        Some(TokenState::Granted(token)) if rejected == Some(token.id) => {
            judge_rejected(token, anew(), now)
        }
        Some(TokenState::Granted(token)) if now >= token.expires_at => {
            Judgement::Fetch(renewal(token))
        }
        Some(TokenState::Granted(token)) if now >= token.refresh_at() => {
            Judgement::Renew(token.clone(), renewal(token))
        }
        Some(TokenState::Granted(token)) => Judgement::Use(token.clone()),
        Some(TokenState::Rejected(rejection)) if now < rejection.retry_at => {
            Judgement::Wait(rejected_until(rejection, now))
        }
        Some(TokenState::Rejected(rejection)) => {
            Judgement::Fetch(Fetch { failures: rejection.failures, ..anew() })
        }
    }
}

/// The login that is good for this client, or what there is in its place.
fn login<'a>(record: Option<&'a TokenRecord>, client: &str) -> Result<&'a Login, &'static str> {
    match record.map(|record| (&record.login, &record.state)) {
        None => Err("nobody has signed in yet"),
        Some((Some(login), _)) if login.client == client => Ok(login),
        Some((Some(_), _)) => {
            Err("the last sign-in was with another client or at another identity provider")
        }
        Some((None, TokenState::Rejected(_))) => Err(LOGIN_OVER),
        Some((None, TokenState::Granted(_))) => {
            Err("nobody has signed in since the flow was changed")
        }
    }
}

/// A token answered with 401 is replaced by means of the password, or the login where there is no
/// password: whatever made Salto drop it may have taken its refresh token too.
fn judge_rejected(token: &Token, anew: Fetch, now: DateTime<Utc>) -> Judgement {
    let rest = REPLACEMENT_REST - (now - token.obtained_at);
    if token.after_rejection && rest > TimeDelta::zero() {
        let error = CallError::new(
            Cause::TokenRejected,
            "and not the one fetched in its place either; another one is not asked for yet",
        );
        return Judgement::Wait(error.after(rest.to_std().ok()));
    }
    Judgement::Fetch(Fetch { after_rejection: true, ..anew })
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
        record("f", TokenState::Granted(token))
    }

    fn record(fingerprint: &str, state: TokenState) -> TokenRecord {
        TokenRecord { fingerprint: fingerprint.into(), state, login: None }
    }

    fn by_password() -> Fingerprints {
        Fingerprints { credentials: "f".into(), login: None }
    }

    fn word(record: Option<&TokenRecord>, rejected: Option<Uuid>, now: i64) -> &'static str {
        word_for(&by_password(), record, rejected, now)
    }

    fn word_for(
        ours: &Fingerprints,
        record: Option<&TokenRecord>,
        rejected: Option<Uuid>,
        now: i64,
    ) -> &'static str {
        match judge(record, ours, rejected, at(now)) {
            Judgement::SignIn(_) => "sign in",
            Judgement::Use(_) => "use",
            Judgement::Renew(..) => "renew",
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
        let record = self::record("g", state);
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
        let record = record("f", state);
        assert_eq!(word(Some(&record), None, 59), "wait");
        assert_eq!(word(Some(&record), None, 60), "try again");
        let Judgement::Wait(error) = judge(Some(&record), &by_password(), None, at(20)) else {
            panic!("must wait");
        };
        assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(40)));
    }

    #[test]
    fn a_login_serves_its_client_alone_and_never_gives_way_to_anything_else() {
        let ours = Fingerprints { credentials: "f".into(), login: Some("client".into()) };
        let say =
            |record: Option<&TokenRecord>, rejected, now| word_for(&ours, record, rejected, now);
        let this = Some(Uuid::from_u128(1));
        let mut record = granted(Token { refresh: None, ..token(3600, false) });
        for now in [0, 3540, 3600] {
            assert_eq!(say(Some(&record), None, now), "sign in", "no login, whatever token");
        }
        assert_eq!(say(None, None, 0), "sign in");
        let login = Login { refresh: "r".into(), client: "client".into() };
        record.login = Some(login.clone());
        let words = [0, 3540, 3600].map(|now| say(Some(&record), None, now));
        assert_eq!(words, ["use", "renew", "refresh"]);
        assert_eq!(
            say(Some(&record), this, 1),
            "refresh",
            "there is nothing else to replace it by"
        );
        record.fingerprint = "another secret".into();
        assert_eq!(say(Some(&record), None, 0), "refresh", "the login stays");
        record.login = Some(Login { client: "another".into(), ..login.clone() });
        assert_eq!(say(Some(&record), None, 0), "sign in");
        let state = TokenState::Rejected(rejection("invalid_client".into(), 0, at(0)));
        let mut record = TokenRecord { login: Some(login), ..self::record("f", state) };
        assert_eq!([59, 60].map(|now| say(Some(&record), None, now)), ["wait", "refresh"]);
        record.login = None;
        assert_eq!([59, 60].map(|now| say(Some(&record), None, now)), ["sign in"; 2], "dead");
    }
}

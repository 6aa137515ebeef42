//! The decisions of the cache policy, by name.

use super::*;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

fn token(lifetime: i64, rejections: u32) -> Token {
    Token {
        id: Uuid::from_u128(1),
        access: "a".into(),
        refresh: Some("r".into()),
        obtained_at: at(0),
        expires_at: at(lifetime),
        rejections,
    }
}

fn granted(token: Token) -> TokenRecord {
    record("f", TokenState::Granted(token))
}

fn record(fingerprint: &str, state: TokenState) -> TokenRecord {
    TokenRecord { fingerprint: fingerprint.into(), state, login: None }
}

fn by_passdecision_name() -> Fingerprints {
    Fingerprints { credentials: "f".into(), login: None }
}

fn decision_name(record: Option<&TokenRecord>, rejected: Option<Uuid>, now: i64) -> &'static str {
    decision_name_for(&by_passdecision_name(), record, rejected, now)
}

fn decision_name_for(
    fingerprints: &Fingerprints,
    record: Option<&TokenRecord>,
    rejected: Option<Uuid>,
    now: i64,
) -> &'static str {
    let local = LocalKnowledge { rejected, ..LocalKnowledge::default() };
    match decide(record, fingerprints, local, at(now)) {
        CacheDecision::SignIn(_) => "sign in",
        CacheDecision::Use(_) => "use",
        CacheDecision::Renew(..) => "renew",
        CacheDecision::Fetch(Fetch { refresh: Some(_), .. }) => "refresh",
        CacheDecision::Fetch(Fetch { rejections: 1.., .. }) => "replace",
        CacheDecision::Fetch(Fetch { failures: 1.., .. }) => "try again",
        CacheDecision::Fetch(_) => "fetch",
        CacheDecision::Wait(error) if error.cause == Cause::TokenRejected => "rest",
        CacheDecision::Wait(_) => "wait",
    }
}

#[test]
fn a_token_is_renewed_a_minute_or_a_tenth_before_its_end() {
    let hour = granted(token(3600, 0));
    assert_eq!(decision_name(Some(&hour), None, 3539), "use");
    assert_eq!(decision_name(Some(&hour), None, 3540), "renew");
    assert_eq!(decision_name(Some(&hour), None, 3600), "refresh");
    let short = granted(token(20, 0));
    assert_eq!(decision_name(Some(&short), None, 17), "use");
    assert_eq!(decision_name(Some(&short), None, 18), "renew");
}

#[test]
fn the_replacement_of_a_refused_token_is_replaced_after_a_rest_that_doubles_from_a_second_to_a_minute()
 {
    let rejected = Some(Uuid::from_u128(1));
    assert_eq!(decision_name(Some(&granted(token(3600, 0))), rejected, 0), "replace");
    for (rejections, rest) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (20, 60), (u32::MAX, 60)] {
        let record = granted(token(3600, rejections));
        let names = [rest - 1, rest].map(|now| decision_name(Some(&record), rejected, now));
        assert_eq!(names, ["rest", "replace"], "{rejections}");
    }
    let another = Some(Uuid::from_u128(2));
    assert_eq!(decision_name(Some(&granted(token(3600, 1))), another, 1), "use");
    let rejections_after = |age| {
        let local = LocalKnowledge { rejected, ..LocalKnowledge::default() };
        match decide(Some(&granted(token(3600, 3))), &by_passdecision_name(), local, at(age)) {
            CacheDecision::Fetch(fetch) => fetch.rejections,
            _ => panic!("must fetch"),
        }
    };
    assert_eq!(rejections_after(59), 4);
    assert_eq!(rejections_after(60), 1, "it was in use for long");
}

#[test]
fn an_unusable_grant_is_followed_by_a_rest_that_doubles_from_a_second_to_a_minute() {
    let rests: Vec<i64> =
        (0..8).map(|n| (unusable(n, at(0)).retry_at - at(0)).num_seconds()).collect();
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
    let record = record("f", TokenState::Unusable(unusable(2, at(0))));
    assert_eq!(decision_name(Some(&record), None, 3), "wait");
    let local = LocalKnowledge::default();
    let CacheDecision::Fetch(fetch) = decide(Some(&record), &by_passdecision_name(), local, at(4))
    else {
        panic!("must fetch");
    };
    assert_eq!(fetch.unusable, 3);
}

#[test]
fn credentials_that_were_rejected_before_a_reload_are_tried_again_at_once() {
    for failures in [0, 1, 9] {
        let state = TokenState::Rejected(rejection("access_denied".into(), failures, at(10)));
        let record = record("f", state);
        let decide_since = |since| {
            let local =
                LocalKnowledge { retry_since: Some(at(since)), ..LocalKnowledge::default() };
            decide(Some(&record), &by_passdecision_name(), local, at(12))
        };
        assert!(matches!(decide_since(11), CacheDecision::Fetch(_)), "{failures}");
        assert!(matches!(decide_since(10), CacheDecision::Wait(_)), "rejected since: {failures}");
    }
}

#[test]
fn a_record_of_other_credentials_is_not_used() {
    let mut record = granted(token(3600, 0));
    record.fingerprint = "g".into();
    assert_eq!(decision_name(Some(&record), None, 1), "fetch");
    let state = TokenState::Rejected(rejection("invalid_grant".into(), 3, at(0)));
    let record = self::record("g", state);
    assert_eq!(decision_name(Some(&record), None, 1), "fetch");
    assert_eq!(decision_name(None, None, 1), "fetch");
}

#[test]
fn the_pause_after_rejected_credentials_doubles_from_one_minute_to_15() {
    let pauses: Vec<i64> =
        (0..7).map(|n| (rejection("x".into(), n, at(0)).retry_at - at(0)).num_seconds()).collect();
    assert_eq!(pauses, [60, 120, 240, 480, 900, 900, 900]);
    assert_eq!(rejection("x".into(), u32::MAX, at(0)).retry_at, at(900));
    let state = TokenState::Rejected(rejection("invalid_grant".into(), 0, at(0)));
    let record = record("f", state);
    assert_eq!(decision_name(Some(&record), None, 59), "wait");
    assert_eq!(decision_name(Some(&record), None, 60), "try again");
    let CacheDecision::Wait(error) =
        decide(Some(&record), &by_passdecision_name(), LocalKnowledge::default(), at(20))
    else {
        panic!("must wait");
    };
    assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(40)));
}

#[test]
fn a_login_is_used_by_its_own_client_only_and_has_no_substitute() {
    let fingerprints = Fingerprints { credentials: "f".into(), login: Some("client".into()) };
    let decide_at = |record: Option<&TokenRecord>, rejected, now| {
        decision_name_for(&fingerprints, record, rejected, now)
    };
    let this = Some(Uuid::from_u128(1));
    let mut record = granted(Token { refresh: None, ..token(3600, 0) });
    for now in [0, 3540, 3600] {
        assert_eq!(
            decide_at(Some(&record), None, now),
            "sign in",
            "without a login no token is used"
        );
    }
    assert_eq!(decide_at(None, None, 0), "sign in");
    let login = Login { refresh: "r".into(), client: "client".into() };
    record.login = Some(login.clone());
    let names = [0, 3540, 3600].map(|now| decide_at(Some(&record), None, now));
    assert_eq!(names, ["use", "renew", "refresh"]);
    assert_eq!(decide_at(Some(&record), this, 1), "refresh", "only the login can replace it");
    record.fingerprint = "another secret".into();
    assert_eq!(decide_at(Some(&record), None, 0), "refresh", "the login stays");
    record.login = Some(Login { client: "another".into(), ..login.clone() });
    assert_eq!(decide_at(Some(&record), None, 0), "sign in");
    let state = TokenState::Rejected(rejection("invalid_client".into(), 0, at(0)));
    let mut record = TokenRecord { login: Some(login), ..self::record("f", state) };
    assert_eq!([59, 60].map(|now| decide_at(Some(&record), None, now)), ["wait", "refresh"]);
    record.login = None;
    assert_eq!(
        [59, 60].map(|now| decide_at(Some(&record), None, now)),
        ["sign in"; 2],
        "the login has ended"
    );
}

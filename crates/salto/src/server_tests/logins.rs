//! One suite for every token cache, against the simulator: sign-ins by the browser, whose refresh token
//! is replaced by each use.

mod fixture;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use self::fixture::{CONFIDENTIAL, Fixture, LosesLease, NeverStores, OauthClient, PUBLIC, call};
use super::token_cache::{SharedCache, for_every_cache};
use crate::Cause;

for_every_cache!(
    a_login_serves_public_and_confidential_clients_and_sends_no_password,
    without_a_login_no_call_is_made_and_the_error_says_to_sign_in,
    two_processes_replace_one_refresh_token_fifty_times_and_use_none_twice,
    a_process_that_ends_before_it_has_stored_the_answer_loses_the_login,
    an_answer_that_could_not_be_stored_is_stored_first,
    a_login_outlives_rejections_for_another_cause,
    a_rejected_code_keeps_the_earlier_login,
);

async fn a_login_serves_public_and_confidential_clients_and_sends_no_password(shared: SharedCache) {
    for client in [PUBLIC, CONFIDENTIAL] {
        let fixture = Fixture::new().await;
        let site = fixture.process(client, shared.cache());
        fixture.sign_in(&site).await;
        let other = fixture.process(client, shared.cache());
        assert_eq!((call(&site).await, call(&other).await), (Ok(()), Ok(())));
        assert_eq!(
            fixture.token_requests("refresh_token").await,
            (0, 0),
            "the first token is used"
        );
        fixture.after_tokens(1);
        assert_eq!((call(&site).await, call(&other).await), (Ok(()), Ok(())));
        assert_eq!(fixture.token_requests("refresh_token").await, (1, 0));
        fixture.control("tokens/revoke", json!({})).await;
        // The call is made once more with the token that comes in place of the revoked one.
        assert_eq!((call(&site).await, call(&other).await), (Ok(()), Ok(())));
        assert_eq!(fixture.token_requests("refresh_token").await, (2, 0));
        assert_eq!(fixture.token_requests("authorization_code").await, (1, 0));
        assert_eq!(fixture.token_requests("password").await, (0, 0));
    }
}

async fn without_a_login_no_call_is_made_and_the_error_says_to_sign_in(shared: SharedCache) {
    let fixture = Fixture::new().await;
    let site = fixture.process(PUBLIC, shared.cache());
    for _ in 0..2 {
        let error = call(&site).await.unwrap_err();
        assert_eq!(error.cause, Cause::NotSignedIn);
        let text = error.to_string();
        assert!(text.ends_with("run `postern login --integration acme`"), "{text}");
    }
    assert_eq!(fixture.counters().await["calls"], json!({}));
    fixture.sign_in(&fixture.process(PUBLIC, shared.cache())).await;
    assert_eq!(call(&site).await, Ok(()), "no new start is needed");
    let error = call(&fixture.process(CONFIDENTIAL, shared.cache())).await.unwrap_err();
    assert_eq!(error.cause, Cause::NotSignedIn, "another client's login");
}

async fn two_processes_replace_one_refresh_token_fifty_times_and_use_none_twice(
    shared: SharedCache,
) {
    let fixture = Fixture::new().await;
    let sites = [(); 2].map(|()| fixture.process(CONFIDENTIAL, shared.cache()));
    fixture.sign_in(&sites[0]).await;
    for hour in 1..=50 {
        fixture.after_tokens(hour);
        let tasks: Vec<_> = sites
            .iter()
            .cycle()
            .take(6)
            .map(|site| {
                tokio::spawn({
                    let site = site.clone();
                    async move { call(&site).await }
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(()), "hour {hour}");
        }
    }
    assert_eq!(fixture.token_requests("refresh_token").await, (50, 0));
    assert_eq!(fixture.reused_refresh_tokens().await, 0);
}

async fn a_process_that_ends_before_it_has_stored_the_answer_loses_the_login(shared: SharedCache) {
    let fixture = Fixture::new().await;
    let other = fixture.process(PUBLIC, shared.cache());
    fixture.sign_in(&other).await;
    fixture.after_tokens(1);
    let ending = fixture.process(PUBLIC, Arc::new(NeverStores(shared.cache())));
    let ending_task = tokio::spawn(async move { call(&ending).await });
    let deadline = Instant::now() + Duration::from_secs(10);
    while fixture.token_requests("refresh_token").await.0 == 0 {
        assert!(Instant::now() < deadline, "no token was requested");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..3 {
        let error = call(&other).await.unwrap_err();
        assert_eq!(error.cause, Cause::NotSignedIn);
        assert!(error.to_string().contains("run `postern login --integration acme`"), "{error}");
        fixture.after_tokens(2);
    }
    ending_task.abort();
    let requests =
        (fixture.token_requests("refresh_token").await, fixture.reused_refresh_tokens().await);
    assert_eq!(requests, ((1, 1), 1), "a login that Salto has ended is not tried again");
    fixture.sign_in(&other).await;
    assert_eq!(call(&other).await, Ok(()));
}

async fn an_answer_that_could_not_be_stored_is_stored_first(shared: SharedCache) {
    let fixture = Fixture::new().await;
    let loses_lease = Arc::new(LosesLease { cache: shared.cache(), now: AtomicBool::new(false) });
    let site = fixture.process(PUBLIC, loses_lease.clone());
    let other = fixture.process(PUBLIC, shared.cache());
    fixture.sign_in(&site).await;
    fixture.after_tokens(1);
    loses_lease.now.store(true, Ordering::SeqCst);
    assert_eq!(call(&site).await.unwrap_err().cause, Cause::Cache, "not used before it is stored");
    assert_eq!(call(&site).await, Ok(()));
    assert_eq!(call(&other).await, Ok(()));
    assert_eq!(
        (fixture.token_requests("refresh_token").await, fixture.reused_refresh_tokens().await),
        ((1, 0), 0)
    );
    fixture.after_tokens(2);
    assert_eq!((call(&other).await, call(&site).await), (Ok(()), Ok(())));
    assert_eq!(
        (fixture.token_requests("refresh_token").await, fixture.reused_refresh_tokens().await),
        ((2, 0), 0)
    );
}

async fn a_login_outlives_rejections_for_another_cause(shared: SharedCache) {
    let fixture = Fixture::new().await;
    fixture.sign_in(&fixture.process(CONFIDENTIAL, shared.cache())).await;
    fixture.after_tokens(1);
    let wrong =
        fixture.process(OauthClient { secret: Some("wrong"), ..CONFIDENTIAL }, shared.cache());
    for _ in 0..2 {
        let error = call(&wrong).await.unwrap_err();
        assert_eq!(error.cause, Cause::CredentialsRejected, "{error}");
    }
    assert_eq!(
        fixture.token_requests("refresh_token").await,
        (0, 1),
        "they are not tried again yet"
    );
    assert_eq!(call(&fixture.process(CONFIDENTIAL, shared.cache())).await, Ok(()));
    let unavailable = json!({"kind": "status", "status": 503, "call": "token", "times": 1});
    fixture.control("faults", unavailable).await;
    fixture.after_tokens(2);
    let site = fixture.process(CONFIDENTIAL, shared.cache());
    assert_eq!(call(&site).await.unwrap_err().cause, Cause::Unavailable);
    assert_eq!(call(&site).await, Ok(()));
}

async fn a_rejected_code_keeps_the_earlier_login(shared: SharedCache) {
    let fixture = Fixture::new().await;
    let site = fixture.process(PUBLIC, shared.cache());
    fixture.sign_in(&site).await;
    let (one, other) = (site.begin_login().unwrap(), site.begin_login().unwrap());
    let code = fixture.code(&one).await;
    let error = site.exchange_login(&other, &code).await.err().unwrap();
    assert_eq!(error.cause, Cause::CredentialsRejected, "another attempt's verifier");
    assert_eq!(error.code.as_deref(), Some("invalid_grant"));
    fixture.after_tokens(1);
    assert_eq!(call(&site).await, Ok(()));
}

//! Salto does not let the account in, or cannot be reached.

use super::person::Person;
use crate::login::{come_back, member, said_to_open, salto};
use end_to_end::deadline::SOON;
use end_to_end::ports::free_port;
use end_to_end::world::World;
use reqwest::Method;
use serde_json::json;

const LIST: &str = "site list --integration acme-utrecht";

/// What comes of the first wrong credentials, whatever is asked.
async fn rejected(from: &str, to: &str, code: &str, what: &str) {
    let mut me = Person::with_a_password().await;
    me.changes(from, to);
    let why = format!(
        "Salto does not accept the client, user name or password (code {code}); no call is sent for … s; correct \
         {what}; corrected ones are used at once"
    );
    me.types(LIST).await.fails(1, &format!("error: the sites cannot be listed: {why}"));
    let resolved = me.types("site resolve NL6254340082").await;
    resolved.fails(1, &format!("error: the sites cannot be listed: {why}"));
    let mapping = me.types("mapping check").await;
    mapping.shows(&format!(
        "acme-utrecht: BROKEN: it could not be checked: the locks cannot be listed: {why}
        correct this, then check again"
    ));
    me.types("doctor").await.shows(&format!(
        "BROKEN salto.sign_in acme-utrecht: Salto does not accept the client, user name or password (code {code}); no \
         call is sent for … s
        → correct {what}; corrected ones are used at once"
    ));
    assert_eq!(
        me.world.simulator.token_requests().await,
        (0, 1),
        "wrong ones are not tried again and again"
    );
    me.changes(to, from);
    assert_eq!(me.types(LIST).await.status, Some(0), "and the right ones at once");
}

#[tokio::test]
async fn a_wrong_password() {
    rejected(
        "demo-password",
        "typed-wrong",
        "invalid_grant",
        "username and password of the integration",
    )
    .await;
}

#[tokio::test]
async fn a_wrong_client_secret() {
    let what = "client_id and client_secret of the environment";
    rejected("demo-client-secret", "typed-wrong", "invalid_client", what).await;
}

#[tokio::test]
async fn nobody_at_the_environment_s_address() {
    let mut me = Person::with_a_password().await;
    let nobody = format!("127.0.0.1:{}", free_port());
    let url = me.world.simulator.url().to_owned();
    me.changes(&url, &format!("http://{nobody}"));
    let why = format!(
        "Salto is not available: no connection to {nobody}: Connection refused (os error 111)"
    );
    let next = "check Salto's status page, the internet connection of this machine, and the environment's URLs";
    me.types(LIST).await.fails(1, &format!("error: the sites cannot be listed: {why}; {next}"));
    me.types("doctor").await.shows(&format!(
        "BROKEN salto.identity acceptance: the identity provider: {why}
        → {next}
        BROKEN salto.api acceptance: the Connect API: {why}
        → {next}"
    ));
}

#[tokio::test]
async fn salto_s_clock_ten_minutes_ahead() {
    let me = Person::with_a_password().await;
    me.world.simulator.control(Method::PUT, "clock", Some(json!({"offset_seconds": 600}))).await;
    me.types("doctor").await.shows(
        "BROKEN salto.clock acceptance: Salto's clock is +600 s from this machine's
        → synchronise this machine's clock by NTP: windows and expiries use it",
    );
}

/// Somebody who signs in by the browser.
async fn with_a_browser() -> Person {
    let (salto, redirect_uri) = salto();
    let account = format!("flow = \"authorization_code\"\nredirect_uri = \"{redirect_uri}\"");
    Person::at(World::of_salto(&salto).await, &account)
}

#[tokio::test]
async fn nobody_has_signed_in_yet() {
    let me = with_a_browser().await;
    me.types(LIST).await.fails(
        1,
        "error: the sites cannot be listed: no user is signed in at Salto for this integration: no user has signed in \
         yet; run `postern login --integration acme-utrecht`",
    );
}

#[tokio::test]
async fn a_sign_in_that_salto_refuses() {
    let me = with_a_browser().await;
    let login = me.opens_a_window("login", "login --integration acme-utrecht --no-browser");
    let url = said_to_open(&login).await;
    let state = member(&url, "state");
    let (_, page) = come_back(&url, &format!("error=access_denied&state={state}")).await;
    assert!(
        page.contains("Salto refuses the sign-in: access_denied; run the command again."),
        "{page}"
    );
    assert_eq!(login.ended(SOON).await.code(), Some(1));
    let log = login.log();
    assert!(
        log.ends_with("\nerror: Salto refuses the sign-in: access_denied; run the command again\n"),
        "{log}"
    );

    let login = me.opens_a_window("again", "login --integration acme-utrecht --no-browser");
    let url = said_to_open(&login).await;
    let state = member(&url, "state");
    come_back(&url, &format!("code=mistyped&state={state}")).await;
    assert_eq!(login.ended(SOON).await.code(), Some(1));
    let last = "error: the sign-in failed: Salto does not accept the client, user name or password: nor the code \
                of the login (code invalid_grant); a code is valid once, for a few minutes: run the command again\n";
    assert!(login.log().ends_with(last), "{}", login.log());
}

#[tokio::test]
async fn a_redirect_that_is_not_the_registered_one() {
    let mut me = with_a_browser().await;
    me.changes("/signed-in", "/signed-on");
    let login =
        me.opens_a_window("login", "login --integration acme-utrecht --no-browser --wait 2s");
    let url = said_to_open(&login).await;
    let page = end_to_end::http::client().get(url).send().await.expect("an answer");
    assert_eq!(page.status(), 400, "Salto shows no login page");
    assert_eq!(login.ended(SOON).await.code(), Some(1));
    let last = "\nerror: there was no sign-in within 2s; run the command again (if the address shows an error instead of a \
                login page, check that redirect_uri and client_id are as registered at Salto)\n";
    assert!(login.log().ends_with(last), "{}", login.log());
}

//! Sign-ins that Salto rejects, and Salto unavailable.

use super::fixture::OperatorFixture;
use crate::login::{member, printed_address, redirect, salto};
use end_to_end::deadline::SOON;
use end_to_end::ports::free_port;
use end_to_end::setup::Setup;
use reqwest::Method;
use serde_json::json;

const LIST: &str = "site list --integration acme-utrecht";

/// Every command reports wrong credentials, and tries them once.
async fn rejected(from: &str, to: &str, code: &str, what: &str) {
    let mut operator = OperatorFixture::with_password().await;
    operator.replace_in_config(from, to);
    let why = format!(
        "Salto does not accept the client, user name or password (code {code}); no call is sent for … s; correct \
         {what}; corrected ones are used at once"
    );
    operator.run(LIST).await.assert_fails(1, &format!("error: the sites cannot be listed: {why}"));
    let resolved = operator.run("site resolve NL6254340082").await;
    resolved.assert_fails(1, &format!("error: the sites cannot be listed: {why}"));
    let mapping = operator.run("mapping check").await;
    mapping.assert_shows(&format!(
        "acme-utrecht: BROKEN: it could not be checked: the locks cannot be listed: {why}
        correct this, then check again"
    ));
    operator.run("doctor").await.assert_shows(&format!(
        "BROKEN salto.sign_in acme-utrecht: Salto does not accept the client, user name or password (code {code}); no \
         call is sent for … s
        → correct {what}; corrected ones are used at once"
    ));
    assert_eq!(
        operator.setup.simulator.token_requests().await,
        (0, 4),
        "each command tries the credentials once"
    );
    operator.replace_in_config(to, from);
    assert_eq!(operator.run(LIST).await.status, Some(0), "the right credentials are tried at once");
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
async fn no_server_at_the_environment_s_address() {
    let mut operator = OperatorFixture::with_password().await;
    let address = format!("127.0.0.1:{}", free_port());
    let url = operator.setup.simulator.url().to_owned();
    operator.replace_in_config(&url, &format!("http://{address}"));
    let why = format!(
        "Salto is not available: no connection to {address}: Connection refused (os error 111)"
    );
    let next = "check Salto's status page, the internet connection of this machine, and the environment's URLs";
    operator
        .run(LIST)
        .await
        .assert_fails(1, &format!("error: the sites cannot be listed: {why}; {next}"));
    operator.run("doctor").await.assert_shows(&format!(
        "BROKEN salto.identity acceptance: the identity provider: {why}
        → {next}
        BROKEN salto.api acceptance: the Connect API: {why}
        → {next}"
    ));
}

#[tokio::test]
async fn salto_s_clock_ten_minutes_ahead() {
    let operator = OperatorFixture::with_password().await;
    operator
        .setup
        .simulator
        .control(Method::PUT, "clock", Some(json!({"offset_seconds": 600})))
        .await;
    operator.run("doctor").await.assert_shows(
        "BROKEN salto.clock acceptance: Salto's clock is +600 s from this machine's
        → synchronise this machine's clock by NTP: windows and expiries use it",
    );
}

/// An operator who signs in with the browser.
async fn with_a_browser() -> OperatorFixture {
    let (salto, redirect_uri) = salto();
    let account = format!("flow = \"authorization_code\"\nredirect_uri = \"{redirect_uri}\"");
    OperatorFixture::at(Setup::with_salto(&salto).await, &account)
}

#[tokio::test]
async fn a_list_before_the_first_sign_in() {
    let operator = with_a_browser().await;
    operator.run(LIST).await.assert_fails(
        1,
        "error: the sites cannot be listed: no user is signed in at Salto for this integration: no user has signed in \
         yet; run `postern login --integration acme-utrecht`",
    );
}

#[tokio::test]
async fn a_sign_in_that_salto_rejects() {
    let operator = with_a_browser().await;
    let login =
        operator.start_in_background("login", "login --integration acme-utrecht --no-browser");
    let url = printed_address(&login).await;
    let state = member(&url, "state");
    let (_, page) = redirect(&url, &format!("error=access_denied&state={state}")).await;
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

    let login =
        operator.start_in_background("again", "login --integration acme-utrecht --no-browser");
    let url = printed_address(&login).await;
    let state = member(&url, "state");
    redirect(&url, &format!("code=mistyped&state={state}")).await;
    assert_eq!(login.ended(SOON).await.code(), Some(1));
    let last = "error: the sign-in failed: Salto does not accept the client, user name or password: nor the code \
                of the login (code invalid_grant); a code is valid once, for a few minutes: run the command again\n";
    assert!(login.log().ends_with(last), "{}", login.log());
}

#[tokio::test]
async fn a_redirect_that_is_not_the_registered_one() {
    let mut operator = with_a_browser().await;
    operator.replace_in_config("/signed-in", "/signed-on");
    let login = operator
        .start_in_background("login", "login --integration acme-utrecht --no-browser --wait 2s");
    let url = printed_address(&login).await;
    let page = end_to_end::http::client().get(url).send().await.expect("an answer");
    assert_eq!(page.status(), 400, "Salto shows no login page");
    assert_eq!(login.ended(SOON).await.code(), Some(1));
    let last = "\nerror: there was no sign-in within 2s; run the command again (if the address shows an error instead of a \
                login page, check that redirect_uri and client_id are as registered at Salto)\n";
    assert!(login.log().ends_with(last), "{}", login.log());
}

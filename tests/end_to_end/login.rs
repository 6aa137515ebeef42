//! An operator signs in with the browser, and the workers use the refresh token.

use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::http;
use end_to_end::inbound::INTEGRATION;
use end_to_end::ports::free_port;
use end_to_end::processes::Process;
use end_to_end::services;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use std::process::Command;

const CONFIDENTIAL: &str = "postern-demo";
const PUBLIC: &str = "postern-demo-public";

/// The simulator's own world file with a redirect URI on a free port, and this URI.
pub(crate) fn salto() -> (Value, String) {
    let shown = Command::new(services::program("salto-simulator")).arg("--print-world").output();
    let mut salto: Value = serde_json::from_slice(&shown.expect("it starts").stdout).expect("JSON");
    let redirect_uri = format!("http://127.0.0.1:{}/signed-in", free_port());
    for client in salto["clients"].as_array_mut().expect("an array") {
        client["redirect_uris"] = json!([redirect_uri]);
    }
    (salto, redirect_uri)
}

/// An integration with `authorization_code`, not signed in.
async fn setup(client: &str) -> Setup {
    let (salto, redirect_uri) = salto();
    let mut setup = Setup::with_salto(&salto).await;
    setup.settings.set("salto.environments.simulator.client_id", client);
    if client == PUBLIC {
        let environment = setup.settings.environments()["simulator"].as_table_mut();
        environment.expect("a table").remove("client_secret");
    }
    setup.settings.set_integration("flow", "authorization_code");
    setup.settings.set_integration("redirect_uri", redirect_uri);
    setup.settings.unset_integration("username");
    setup.settings.unset_integration("password");
    setup
}

/// Starts `postern login`; also returns the address that it prints.
async fn login(setup: &Setup, name: &str, more: &[&str]) -> (Process, Url) {
    let arguments =
        [&["login", "--integration", INTEGRATION, "--no-browser", "--yes"], more].concat();
    let process = setup.postern_in_background(name, &arguments);
    let url = printed_address(&process).await;
    (process, url)
}

/// The address that `postern login` prints.
pub(crate) async fn printed_address(process: &Process) -> Url {
    process.wait_for_log("/connect/authorize?", SOON).await;
    let log = process.log();
    let url = log.split_whitespace().find(|word| word.contains("/connect/authorize?"));
    url.expect("it was printed").parse().expect("a URL")
}

pub(crate) fn member(url: &Url, name: &str) -> String {
    let value = url.query_pairs().find(|(its, _)| its == name).expect("it is there").1;
    value.into_owned()
}

/// Fills in and sends the form; the last page that the browser shows.
pub(crate) async fn sign_in(url: &Url, password: &str) -> String {
    let page = http::client().get(url.clone()).send().await.expect("the page is served");
    assert!(page.text().await.expect("a text").contains("<form method=\"post\">"));
    let form = format!("username=system-user%40acme.example&password={password}");
    let request = http::client().post(url.clone()).body(form);
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    request.send().await.expect("an answer").text().await.expect("a text")
}

/// Calls the redirect URI directly.
pub(crate) async fn redirect(url: &Url, query: &str) -> (u16, String) {
    let back = format!("{}?{query}", member(url, "redirect_uri"));
    let answer = http::client().get(back).send().await.expect("it listens");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

/// An operator has signed in, the IQs are activated, and workers run.
async fn signed_in(client: &str) -> Fixture {
    let setup = setup(client).await;
    let (process, url) = login(&setup, "login", &[]).await;
    assert!(sign_in(&url, "wrong").await.contains("User name or password is wrong."));
    assert!(sign_in(&url, "demo-password").await.contains("Signed in"));
    assert_eq!(process.ended(SOON).await.code(), Some(0));
    assert!(process.log().contains("signed in"), "{}", process.log());
    setup.activate(IQ_GROUND_FLOOR).await;
    setup.activate(IQ_FIRST_FLOOR).await;
    Fixture::new(setup, 2).await
}

#[tokio::test]
async fn after_a_sign_in_workers_open_doors_with_the_refresh_token() {
    for client in [PUBLIC, CONFIDENTIAL] {
        let fixture = signed_in(client).await;
        assert_eq!(fixture.open("first", BOOKING).await.kind, "lock.opened.v1");
        fixture.setup.simulator.revoke_tokens().await;
        assert_eq!(fixture.open("refreshed", BOOKING).await.kind, "lock.opened.v1");
        let counters = fixture.setup.simulator.counters().await;
        let tokens = counters["tokens"].as_array().expect("an array");
        let grants: Vec<&Value> = tokens.iter().map(|it| &it["grant"]).collect();
        assert_eq!(grants, ["authorization_code", "refresh_token"], "no password");
        assert_eq!(counters["reused"], 0);
    }
}

#[tokio::test]
async fn after_the_end_of_a_sign_in_requests_fail_until_the_next_one() {
    let fixture = signed_in(PUBLIC).await;
    assert_eq!(fixture.open("first", BOOKING).await.kind, "lock.opened.v1");
    let order = json!({"access": true, "refresh": true});
    fixture.setup.simulator.control(Method::POST, "tokens/revoke", Some(order)).await;
    let failed = fixture.open("signed-out", BOOKING).await;
    assert_eq!(failed.kind, "lock.open-failed.v1");
    assert_eq!(failed.data["reason"], "credentials_rejected");
    let detail = failed.data["detail"].as_str().expect("a text");
    assert!(detail.contains("run `postern login --integration acme-utrecht`"), "{detail}");
    let (again, url) = login(&fixture.setup, "again", &["--output", "json"]).await;
    assert!(sign_in(&url, "demo-password").await.contains("Signed in"));
    assert_eq!(again.ended(SOON).await.code(), Some(0));
    assert!(again.log().contains(
        r#"{"account":"system-user@acme.example","integration_id":"acme-utrecht","signed_in":true}"#
    ));
    assert_eq!(
        fixture.open("signed-in", BOOKING).await.kind,
        "lock.opened.v1",
        "no restart needed"
    );
}

#[tokio::test]
async fn only_the_answer_to_this_sign_in_counts() {
    let setup = setup(PUBLIC).await;
    let (process, url) = login(&setup, "refused", &[]).await;
    let state = member(&url, "state");
    for foreign in ["code=a", "code=a&state=b", ""] {
        let (status, page) = redirect(&url, foreign).await;
        assert_eq!(status, 400);
        assert!(page.contains("belongs to another sign-in"), "{page}");
    }
    assert_eq!(process.status(), None, "it goes on waiting");
    let (_, other) = {
        let second =
            setup.postern(&["login", "--integration", INTEGRATION, "--no-browser", "--yes"]).await;
        (second.status, String::from_utf8_lossy(&second.stderr).into_owned())
    };
    assert!(other.contains("cannot listen at http://127.0.0.1:"), "{other}");
    let (status, page) = redirect(&url, &format!("error=access_denied&state={state}")).await;
    assert!(status == 400 && page.contains("access_denied"), "{page}");
    assert_eq!(process.ended(SOON).await.code(), Some(1));
    assert!(process.log().contains("Salto refuses the sign-in: access_denied"));

    let (process, url) = login(&setup, "made-up", &[]).await;
    let state = member(&url, "state");
    let (_, page) = redirect(&url, &format!("code=made-up&state={state}")).await;
    assert!(page.contains("the sign-in failed"), "{page}");
    assert_eq!(process.ended(SOON).await.code(), Some(1));
    assert!(process.log().contains("invalid_grant"), "{}", process.log());
}

#[tokio::test]
async fn login_waits_for_a_limited_time_and_is_refused_with_a_password_flow() {
    let mut setup = setup(PUBLIC).await;
    let (process, _) = login(&setup, "late", &["--wait", "1s"]).await;
    assert_eq!(process.ended(SOON).await.code(), Some(1));
    assert!(process.log().contains("there was no sign-in within 1s"), "{}", process.log());
    setup.settings.set("salto.environments.simulator.client_secret", "demo-client-secret");
    setup.settings.unset_integration("redirect_uri");
    setup.settings.set_integration("flow", "password");
    setup.settings.set_integration("username", "system-user@acme.example");
    setup.settings.set_integration("password", "demo-password");
    let output =
        setup.postern(&["login", "--integration", INTEGRATION, "--no-browser", "--yes"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("signs in with a password automatically")
    );
}

//! Sign-ins: rejected by Salto, confirmed by the operator; Salto unavailable.

use super::fixture::OperatorFixture;
use crate::login::{member, printed_address, redirect, salto, sign_in};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::ports::free_port;
use end_to_end::processes::Terminal;
use end_to_end::setup::Setup;
use reqwest::Method;
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use serde_json::json;
use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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
    let login = operator
        .start_in_background("login", "login --integration acme-utrecht --no-browser --yes");
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

    let login = operator
        .start_in_background("again", "login --integration acme-utrecht --no-browser --yes");
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
    let login = operator.start_in_background(
        "login",
        "login --integration acme-utrecht --no-browser --yes --wait 2s",
    );
    let url = printed_address(&login).await;
    let page = end_to_end::http::client().get(url).send().await.expect("an answer");
    assert_eq!(page.status(), 400, "Salto shows no login page");
    assert_eq!(login.ended(SOON).await.code(), Some(1));
    let last = "\nerror: there was no sign-in within 2s; run the command again (if the address shows an error instead of a \
                login page, check that redirect_uri and client_id are as registered at Salto)\n";
    assert!(login.log().ends_with(last), "{}", login.log());
}

/// A browser that writes down its environment and the address that it is to show.
fn fake_browser(directory: &Path) -> PathBuf {
    let programs = directory.join("programs");
    fs::create_dir(&programs).expect("a new directory");
    let opener = programs.join("xdg-open");
    let shown = directory.join("browser").display().to_string();
    let script = format!(
        "#!/bin/sh\nenv > '{shown}-environment'\necho \"$1\" > '{shown}-address.new'\n\
         mv '{shown}-address.new' '{shown}-address'\n"
    );
    fs::write(&opener, script).expect("it is written");
    fs::set_permissions(&opener, Permissions::from_mode(0o700)).expect("it can be run");
    programs
}

/// Starts `postern login` at a terminal, and signs in from the address with which it starts the browser.
async fn sign_in_at_a_terminal(operator: &OperatorFixture, programs: &Path) -> Terminal {
    let directory = operator.setup.directory();
    let address_file = directory.join("browser-address");
    let _ = fs::remove_file(&address_file);
    let mut command = operator.command("login --integration acme-utrecht");
    let path = format!("{}:{}", programs.display(), env::var("PATH").expect("there are programs"));
    let terminal = Terminal::start(command.env("PATH", path).env("NO_COLOR", "1"));
    until_true("the browser's start", SOON, || async { address_file.exists() }).await;
    let address = fs::read_to_string(&address_file).expect("it is written");
    assert!(!address.contains("state") && !address.contains("authorize"), "{address}");
    let environment = fs::read_to_string(directory.join("browser-environment")).expect("written");
    assert!(environment.contains("PATH=") && !environment.contains("POSTERN"), "{environment}");
    let client = reqwest::Client::builder().redirect(Policy::none()).build().expect("a client");
    let first = client.get(address.trim()).send().await.expect("an answer");
    let login_page = first.headers()[LOCATION].to_str().expect("a text").parse().expect("a URL");
    let second = client.get(address.trim()).send().await.expect("an answer");
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (303, 404), "only once");
    let page = sign_in(&login_page, "demo-password").await;
    assert!(page.contains("You are signed in as system-user@acme.example."), "{page}");
    let question = "Signed in at Salto: system-user@acme.example. It sees NL6254340082.\n\
                    Shall acme-utrecht open doors as system-user@acme.example? Type yes: ";
    terminal.wait_for_screen(question, SOON).await;
    terminal
}

#[tokio::test]
async fn a_sign_in_is_stored_only_when_the_operator_confirms_the_account() {
    let operator = with_a_browser().await;
    let programs = fake_browser(operator.setup.directory());
    let refused = sign_in_at_a_terminal(&operator, &programs).await;
    refused.type_line("no");
    assert_eq!(refused.ended(SOON).await.code(), Some(1));
    let last = "error: nothing was stored; acme-utrecht keeps the sign-in that it had\n";
    assert!(refused.screen().ends_with(last), "{}", refused.screen());
    let list = operator.run(LIST).await;
    assert!(list.stderr.contains("no user has signed in"), "{}", list.stderr);

    let confirmed = sign_in_at_a_terminal(&operator, &programs).await;
    confirmed.type_line("yes");
    assert_eq!(confirmed.ended(SOON).await.code(), Some(0), "{}", confirmed.screen());
    operator.run(LIST).await.assert_shows("NL6254340082");
}

#[tokio::test]
async fn a_sign_in_that_nobody_can_confirm() {
    with_a_browser().await.run("login --integration acme-utrecht --no-browser").await.assert_fails(
        2,
        "error: standard input is not a terminal, so the confirmation cannot be asked for: give --yes",
    );
}

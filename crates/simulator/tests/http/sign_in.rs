//! Sign-in by the browser: the login page, the redirect, and the exchange of the code.

use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::answer::{Answer, exchange};
use crate::fixtures::{TestSimulator, USER};

const REDIRECT_URI: &str = "http://127.0.0.1:8765/signed-in";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
/// The parameter with the secret of the confidential client.
const CLIENT_SECRET: (&str, &str) = ("client_secret", "demo-client-secret");

fn request(client: &str) -> Vec<(&'static str, String)> {
    [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "user_api.full_access offline_access"),
        ("state", "a b&c"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// The path of a request with one parameter changed. An empty value counts as left out.
fn with_changed(mut request: Vec<(&'static str, String)>, name: &str, value: &str) -> String {
    for (parameter, old) in &mut request {
        if *parameter == name {
            value.clone_into(old);
        }
    }
    path(&request)
}

fn path(request: &[(&'static str, String)]) -> String {
    format!("/connect/authorize?{}", encoded(request))
}

fn encoded<T: AsRef<str>>(pairs: &[(&'static str, T)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn get_page(simulator: &TestSimulator, path: &str) -> Answer {
    exchange(simulator.address(), "GET", path, &[], "").await
}

async fn sign_in(simulator: &TestSimulator, path: &str, password: &str) -> Answer {
    let form = encoded(&[("username", USER), ("password", password)]);
    exchange(simulator.address(), "POST", path, &[FORM], &form).await
}

/// A parameter of the URL that the browser is redirected to.
fn redirect_parameter(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status(), 303);
    let url: Url = answer.header("location").unwrap().parse().unwrap();
    assert!(url.as_str().starts_with(REDIRECT_URI), "{url}");
    url.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

async fn code(simulator: &TestSimulator, client: &str) -> String {
    let answer = sign_in(simulator, &path(&request(client)), "demo-password").await;
    assert_eq!(redirect_parameter(&answer, "state").as_deref(), Some("a b&c"));
    redirect_parameter(&answer, "code").unwrap()
}

fn exchange_form(client: &'static str, code: &str) -> Vec<(&'static str, String)> {
    [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

async fn oauth_error(simulator: &TestSimulator, form: &[(&'static str, String)]) -> Value {
    let answer = simulator.form_token_request(&encoded(form)).await;
    assert_eq!(answer.status(), 400, "{form:?}");
    answer.json()["error"].clone()
}

#[tokio::test]
async fn a_public_client_exchanges_its_code_by_the_verifier_alone() {
    let simulator = TestSimulator::start().await;
    let page = get_page(&simulator, &path(&request("postern-demo-public"))).await;
    assert_eq!(page.status(), 200);
    assert!(String::from_utf8_lossy(page.body()).contains("<form method=\"post\">"));
    let code = code(&simulator, "postern-demo-public").await;
    let form = exchange_form("postern-demo-public", &code);
    let answer = simulator.form_token_request(&encoded(&form)).await;
    assert_eq!(answer.status(), 200);
    let token = answer.json();
    let access = token["access_token"].as_str().unwrap();
    assert_eq!(simulator.get_as(access, "/v1.2/sites").await.status(), 200);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "postern-demo-public"),
        ("refresh_token", token["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(simulator.form_token_request(&encoded(&refresh)).await.status(), 200);
    let counts = simulator.read("counters").await["tokens"].clone();
    assert_eq!(counts[0]["grant"], "authorization_code");
    assert_eq!((&counts[0]["username"], &counts[0]["granted"]), (&json!(USER), &json!(1)));
}

#[tokio::test]
async fn a_confidential_client_needs_its_secret_too() {
    let simulator = TestSimulator::start().await;
    let code = code(&simulator, "postern-demo").await;
    let mut form = exchange_form("postern-demo", &code);
    assert_eq!(oauth_error(&simulator, &form).await, "invalid_client");
    form.push((CLIENT_SECRET.0, "wrong".to_owned()));
    assert_eq!(oauth_error(&simulator, &form).await, "invalid_client");
    form.last_mut().unwrap().1 = CLIENT_SECRET.1.to_owned();
    assert_eq!(simulator.form_token_request(&encoded(&form)).await.status(), 200);
    // A public client has no secret.
    let mut form = exchange_form("postern-demo-public", "x");
    form.push((CLIENT_SECRET.0, CLIENT_SECRET.1.to_owned()));
    assert_eq!(oauth_error(&simulator, &form).await, "invalid_client");
}

#[tokio::test]
async fn a_wrong_name_or_password_is_reported_on_the_page() {
    let simulator = TestSimulator::start().await;
    let path = path(&request("postern-demo"));
    let wrong = sign_in(&simulator, &path, "wrong").await;
    assert_eq!((wrong.status(), wrong.header("location")), (200, None));
    assert!(String::from_utf8_lossy(wrong.body()).contains("User name or password is wrong."));
    let unknown =
        exchange(simulator.address(), "POST", &path, &[FORM], "username=x&password=y").await;
    assert_eq!(unknown.body(), wrong.body(), "an unknown name gets the same page");
    let empty = exchange(simulator.address(), "POST", &path, &[FORM], "").await;
    assert_eq!(empty.body(), wrong.body());
}

#[tokio::test]
async fn the_browser_is_never_redirected_to_a_uri_that_is_not_registered() {
    let simulator = TestSimulator::start().await;
    for (name, value) in [
        ("client_id", "unknown"),
        ("client_id", ""),
        ("redirect_uri", "http://127.0.0.1:8765/signed-in/"),
        ("redirect_uri", "http://127.0.0.1:8766/signed-in"),
        ("redirect_uri", ""),
    ] {
        let path = with_changed(request("postern-demo"), name, value);
        for answer in
            [get_page(&simulator, &path).await, sign_in(&simulator, &path, "demo-password").await]
        {
            assert_eq!((answer.status(), answer.header("location")), (400, None), "{path}");
        }
    }
}

#[tokio::test]
async fn other_errors_are_redirected_to_the_client_with_its_state() {
    let simulator = TestSimulator::start().await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "too-short", "invalid_request"),
        ("scope", "everything", "invalid_scope"),
    ] {
        let path = with_changed(request("postern-demo"), name, value);
        for answer in
            [get_page(&simulator, &path).await, sign_in(&simulator, &path, "demo-password").await]
        {
            assert_eq!(redirect_parameter(&answer, "error").as_deref(), Some(error), "{path}");
            assert_eq!(redirect_parameter(&answer, "state").as_deref(), Some("a b&c"));
            assert_eq!(redirect_parameter(&answer, "code"), None);
        }
    }
}

#[tokio::test]
async fn a_code_works_once_for_its_client_redirect_uri_and_verifier() {
    let simulator = TestSimulator::start().await;
    let public = "postern-demo-public";
    for (name, value) in [
        ("code_verifier", VERIFIER.replace('X', "Y")),
        ("redirect_uri", format!("{REDIRECT_URI}/")),
        ("code", "no-code".to_owned()),
    ] {
        let mut form = exchange_form(public, &code(&simulator, public).await);
        form.iter_mut().find(|(found, _)| *found == name).unwrap().1 = value;
        assert_eq!(oauth_error(&simulator, &form).await, "invalid_grant", "{name}");
        form.retain(|(found, _)| *found != name);
        assert_eq!(oauth_error(&simulator, &form).await, "invalid_request", "{name}");
    }
    let foreign = exchange_form(public, &code(&simulator, "postern-demo").await);
    assert_eq!(
        oauth_error(&simulator, &foreign).await,
        "invalid_grant",
        "the code of another client"
    );
    let form = exchange_form(public, &code(&simulator, public).await);
    let token = simulator.form_token_request(&encoded(&form)).await.json();
    assert_eq!(simulator.read("counters").await["reused"], 0);
    assert_eq!(oauth_error(&simulator, &form).await, "invalid_grant", "spent");
    assert_eq!(simulator.read("counters").await["reused"], 1);
    let access = token["access_token"].as_str().unwrap();
    assert_eq!(simulator.get_as(access, "/v1.2/sites").await.status(), 401, "revoked");
}

#[tokio::test]
async fn a_code_expires_after_five_minutes() {
    let simulator = TestSimulator::start().await;
    let public = "postern-demo-public";
    let code = code(&simulator, public).await;
    simulator.set_clock(301).await;
    assert_eq!(oauth_error(&simulator, &exchange_form(public, &code)).await, "invalid_grant");
}

#[tokio::test]
async fn faults_apply_to_the_login_page_as_a_call_to_the_identity_host() {
    let simulator = TestSimulator::start().await;
    simulator
        .fault(json!({"kind": "status", "status": 503, "call": "authorize", "times": 1}))
        .await;
    let path = path(&request("postern-demo"));
    assert_eq!(get_page(&simulator, &path).await.status(), 503);
    assert_eq!(get_page(&simulator, &path).await.status(), 200);
    assert_eq!(simulator.read("counters").await["calls"], json!({"authorize": 2}));
}

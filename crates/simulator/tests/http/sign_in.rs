//! Signing in by the browser: the login page, the way back, and the code's exchange.

use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::answer::{Answer, exchange};
use crate::rig::{Rig, USER};

const BACK: &str = "http://127.0.0.1:8765/signed-in";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
/// The confidential client's, in the form.
const SECRET: (&str, &str) = ("client_secret", "demo-client-secret");

fn asked(client: &str) -> Vec<(&'static str, String)> {
    [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", BACK),
        ("scope", "user_api.full_access offline_access"),
        ("state", "a b&c"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// With one parameter changed; with none of that name where the value is empty.
fn but(mut asked: Vec<(&'static str, String)>, name: &str, value: &str) -> String {
    for (its, old) in &mut asked {
        if *its == name {
            value.clone_into(old);
        }
    }
    path(&asked)
}

fn path(asked: &[(&'static str, String)]) -> String {
    format!("/connect/authorize?{}", encoded(asked))
}

fn encoded<T: AsRef<str>>(pairs: &[(&'static str, T)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn look(rig: &Rig, path: &str) -> Answer {
    exchange(rig.address(), ("GET", path), &[], "").await
}

async fn sign_in(rig: &Rig, path: &str, password: &str) -> Answer {
    let form = encoded(&[("username", USER), ("password", password)]);
    exchange(rig.address(), ("POST", path), &[FORM], &form).await
}

/// A member of the address that the browser is sent to.
fn member(answer: &Answer, name: &str) -> Option<String> {
    assert_eq!(answer.status(), 303);
    let url: Url = answer.header("location").unwrap().parse().unwrap();
    assert!(url.as_str().starts_with(BACK), "{url}");
    url.query_pairs().find(|(its, _)| its == name).map(|(_, value)| value.into_owned())
}

async fn code(rig: &Rig, client: &str) -> String {
    let answer = sign_in(rig, &path(&asked(client)), "demo-password").await;
    assert_eq!(member(&answer, "state").as_deref(), Some("a b&c"));
    member(&answer, "code").unwrap()
}

fn exchange_form(client: &'static str, code: &str) -> Vec<(&'static str, String)> {
    [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

async fn refused(rig: &Rig, form: &[(&'static str, String)]) -> Value {
    let answer = rig.form_token_request(&encoded(form)).await;
    assert_eq!(answer.status(), 400, "{form:?}");
    answer.json()["error"].clone()
}

#[tokio::test]
async fn a_public_client_exchanges_its_code_by_the_verifier_alone() {
    let rig = Rig::start().await;
    let page = look(&rig, &path(&asked("postern-demo-public"))).await;
    assert_eq!(page.status(), 200);
    assert!(String::from_utf8_lossy(page.body()).contains("<form method=\"post\">"));
    let code = code(&rig, "postern-demo-public").await;
    let form = exchange_form("postern-demo-public", &code);
    let answer = rig.form_token_request(&encoded(&form)).await;
    assert_eq!(answer.status(), 200);
    let token = answer.json();
    let access = token["access_token"].as_str().unwrap();
    assert_eq!(rig.get_as(access, "/v1.2/sites").await.status(), 200);
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", "postern-demo-public"),
        ("refresh_token", token["refresh_token"].as_str().unwrap()),
    ];
    assert_eq!(rig.form_token_request(&encoded(&refresh)).await.status(), 200);
    let counts = rig.read("counters").await["tokens"].clone();
    assert_eq!(counts[0]["grant"], "authorization_code");
    assert_eq!((&counts[0]["username"], &counts[0]["granted"]), (&json!(USER), &json!(1)));
}

#[tokio::test]
async fn a_confidential_client_needs_its_secret_too() {
    let rig = Rig::start().await;
    let code = code(&rig, "postern-demo").await;
    let mut form = exchange_form("postern-demo", &code);
    assert_eq!(refused(&rig, &form).await, "invalid_client");
    form.push((SECRET.0, "wrong".to_owned()));
    assert_eq!(refused(&rig, &form).await, "invalid_client");
    form.last_mut().unwrap().1 = SECRET.1.to_owned();
    assert_eq!(rig.form_token_request(&encoded(&form)).await.status(), 200);
    // A public client has none.
    let mut form = exchange_form("postern-demo-public", "x");
    form.push((SECRET.0, SECRET.1.to_owned()));
    assert_eq!(refused(&rig, &form).await, "invalid_client");
}

#[tokio::test]
async fn wrong_names_and_passwords_are_told_on_the_page() {
    let rig = Rig::start().await;
    let path = path(&asked("postern-demo"));
    let wrong = sign_in(&rig, &path, "wrong").await;
    assert_eq!((wrong.status(), wrong.header("location")), (200, None));
    assert!(String::from_utf8_lossy(wrong.body()).contains("User name or password is wrong."));
    let nobody = exchange(rig.address(), ("POST", &path), &[FORM], "username=x&password=y").await;
    assert_eq!(nobody.body(), wrong.body(), "an unknown name looks the same");
    let empty = exchange(rig.address(), ("POST", &path), &[FORM], "").await;
    assert_eq!(empty.body(), wrong.body());
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let rig = Rig::start().await;
    for (name, value) in [
        ("client_id", "nobody"),
        ("client_id", ""),
        ("redirect_uri", "http://127.0.0.1:8765/signed-in/"),
        ("redirect_uri", "http://127.0.0.1:8766/signed-in"),
        ("redirect_uri", ""),
    ] {
        let path = but(asked("postern-demo"), name, value);
        for answer in [look(&rig, &path).await, sign_in(&rig, &path, "demo-password").await] {
            assert_eq!((answer.status(), answer.header("location")), (400, None), "{path}");
        }
    }
}

#[tokio::test]
async fn other_mistakes_go_back_to_the_client_with_its_state() {
    let rig = Rig::start().await;
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "too-short", "invalid_request"),
        ("scope", "everything", "invalid_scope"),
    ] {
        let path = but(asked("postern-demo"), name, value);
        for answer in [look(&rig, &path).await, sign_in(&rig, &path, "demo-password").await] {
            assert_eq!(member(&answer, "error").as_deref(), Some(error), "{path}");
            assert_eq!(member(&answer, "state").as_deref(), Some("a b&c"));
            assert_eq!(member(&answer, "code"), None);
        }
    }
}

#[tokio::test]
async fn a_code_is_good_once_for_its_client_redirect_uri_and_verifier() {
    let rig = Rig::start().await;
    let public = "postern-demo-public";
    for (name, value) in [
        ("code_verifier", VERIFIER.replace('X', "Y")),
        ("redirect_uri", format!("{BACK}/")),
        ("code", "no-code".to_owned()),
    ] {
        let mut form = exchange_form(public, &code(&rig, public).await);
        form.iter_mut().find(|(its, _)| *its == name).unwrap().1 = value;
        assert_eq!(refused(&rig, &form).await, "invalid_grant", "{name}");
        form.retain(|(its, _)| *its != name);
        assert_eq!(refused(&rig, &form).await, "invalid_request", "{name}");
    }
    let foreign = exchange_form(public, &code(&rig, "postern-demo").await);
    assert_eq!(refused(&rig, &foreign).await, "invalid_grant", "another client's");
    let form = exchange_form(public, &code(&rig, public).await);
    let token = rig.form_token_request(&encoded(&form)).await.json();
    assert_eq!(rig.read("counters").await["reused"], 0);
    assert_eq!(refused(&rig, &form).await, "invalid_grant", "spent");
    assert_eq!(rig.read("counters").await["reused"], 1);
    let access = token["access_token"].as_str().unwrap();
    assert_eq!(rig.get_as(access, "/v1.2/sites").await.status(), 401, "taken back");
}

#[tokio::test]
async fn a_code_ends_after_five_minutes() {
    let rig = Rig::start().await;
    let public = "postern-demo-public";
    let code = code(&rig, public).await;
    rig.set_clock(301).await;
    assert_eq!(refused(&rig, &exchange_form(public, &code)).await, "invalid_grant");
}

#[tokio::test]
async fn faults_strike_the_login_page_as_a_call_of_the_identity_host() {
    let rig = Rig::start().await;
    rig.fault(json!({"kind": "status", "status": 503, "call": "authorize", "times": 1})).await;
    let path = path(&asked("postern-demo"));
    assert_eq!(look(&rig, &path).await.status(), 503);
    assert_eq!(look(&rig, &path).await.status(), 200);
    assert_eq!(rig.read("counters").await["calls"], json!({"authorize": 2}));
}

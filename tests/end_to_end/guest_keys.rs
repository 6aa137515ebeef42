//! Digital Key for Guests: from a pod member's access code to a guest's key, and the possible failures.

use crate::operator::{file, postern};
use end_to_end::inbound::INTEGRATION;
use end_to_end::setup::Setup;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Output;

const CREATE: [&str; 4] = ["guest-key", "create", "--environment", "simulator"];
const CODE: [&str; 4] = ["guest-key", "code", "--integration", INTEGRATION];

fn set(setup: &mut Setup, key: &str, value: &str) {
    setup.settings.set(&format!("salto.environments.simulator.guest_keys.{key}"), value);
}

/// The integration's account is the pod member, and the paths are the simulator's.
async fn pod_setup() -> Setup {
    let mut setup = Setup::unactivated().await;
    setup.settings.set_integration("username", "pod-member@acme.example");
    setup.settings.set_integration("password", "demo-password-2");
    set(&mut setup, "access_code_path", "/v1.2/sites/{site_id}/access_codes");
    set(&mut setup, "digital_key_path", "/v1.2/digital_keys");
    setup
}

/// A new access code.
async fn code(setup: &Setup) -> String {
    let output = postern(setup, &CODE).await.assert_done();
    output.rows[0]["access_code"].as_str().expect("a text").to_owned()
}

/// `guest-key create` with the code on standard input, and more arguments.
async fn create(setup: &Setup, code: &str, more: &[&str]) -> Output {
    setup.postern_with_input(&[&CREATE, more].concat(), &format!("{code}\n")).await
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn failed(output: &Output, status: i32, why: &str) {
    let stderr = stderr(output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(status), 0), "{stderr}");
    assert!(stderr.contains(why), "{why:?} in {stderr}");
}

async fn keys(setup: &Setup) -> Vec<Value> {
    let mut keys = setup.simulator.control(Method::GET, "digital-keys", None).await;
    serde_json::from_value(keys["digital_keys"].take()).expect("an array")
}

#[tokio::test]
async fn a_guest_creates_a_key_with_the_code_that_a_pod_member_requested() {
    let mut setup = pod_setup().await;
    let output = postern(&setup, &CODE).await.assert_done();
    assert_eq!(output.rows[0]["integration_id"], INTEGRATION);
    assert!(output.rows[0]["expires_at"].is_string(), "{output:?}");
    assert!(output.stderr.contains("it is valid until 20"), "{output:?}");
    let code = output.rows[0]["access_code"].as_str().expect("a text");
    let key_output = create(&setup, code, &["--output", "json"]).await;
    assert!(key_output.status.success(), "{}", stderr(&key_output));
    let key_output: Value = serde_json::from_slice(&key_output.stdout).expect("JSON");
    let known = keys(&setup).await;
    assert_eq!(
        (known.len(), &known[0]["id"], &known[0]["request"]),
        (1, &key_output["id"], &json!({}))
    );
    assert_eq!(known[0]["invited_by"], "pod-member@acme.example");

    // As a guest's app: another client without a secret, with all values in files.
    for (key, value) in [
        ("identity_url", setup.simulator.url().to_owned()),
        ("api_url", setup.simulator.url().to_owned()),
        ("client_id", "postern-demo-public".to_owned()),
    ] {
        setup.settings.set(&format!("salto.environments.guests.{key}"), value);
    }
    for (key, value) in [
        ("access_code_path", "/v1.2/sites/{site_id}/access_codes"),
        ("digital_key_path", "/v1.2/digital_keys"),
        ("scope", "digital_key"),
    ] {
        setup.settings.set(&format!("salto.environments.guests.guest_keys.{key}"), value);
    }
    let code_output = setup.postern(&CODE).await;
    let code = String::from_utf8(code_output.stdout).expect("a text");
    assert_eq!(code.lines().count(), 1, "the code and nothing else: {code:?}");
    let request = json!({"device": {"key": "k", "none": null}});
    let body = file(&setup, "body.json", &request.to_string());
    let code = file(&setup, "code", code.trim());
    let arguments = ["guest-key", "create", "--environment", "guests", "--code-file", &code];
    let key_output = setup.postern(&[&arguments[..], &["--body-file", &body]].concat()).await;
    assert!(key_output.status.success(), "{}", stderr(&key_output));
    let known = keys(&setup).await;
    assert_eq!((known.len(), &known[1]["request"]), (2, &request));
    assert!(
        String::from_utf8_lossy(&key_output.stdout)
            .contains(known[1]["id"].as_str().expect("an id"))
    );
}

#[tokio::test]
async fn a_code_is_valid_once_and_for_a_limited_time() {
    let setup = pod_setup().await;
    let (spent, late) = (code(&setup).await, code(&setup).await);
    assert!(create(&setup, &spent, &[]).await.status.success());
    let not_taken = "it was used before, or has expired";
    failed(&create(&setup, &spent, &[]).await, 1, not_taken);
    failed(&create(&setup, "made-up", &[]).await, 1, not_taken);
    let later = Some(json!({"offset_seconds": 301}));
    setup.simulator.control(Method::PUT, "clock", later).await;
    failed(&create(&setup, &late, &[]).await, 1, not_taken);
    assert_eq!(keys(&setup).await.len(), 1);
}

#[tokio::test]
async fn an_error_before_the_code_is_sent_does_not_use_it() {
    let mut setup = pod_setup().await;
    let code = code(&setup).await;
    let broken = file(&setup, "broken.json", "{\"secret\": hush");
    let output = create(&setup, &code, &["--body-file", &broken]).await;
    failed(&output, 1, "is not JSON");
    assert!(!stderr(&output).contains("hush"));
    failed(&create(&setup, &code, &["--body-file", "/no/such"]).await, 1, "cannot read the body");
    failed(&create(&setup, "", &[]).await, 1, "no access code was given");
    let empty = file(&setup, "empty", "");
    failed(&create(&setup, "", &["--code-file", &empty]).await, 1, "no access code was given");
    let other_path_output = ["guest-key", "create", "--environment", "nowhere"];
    failed(&setup.postern_with_input(&other_path_output, &code).await, 2, "configured: simulator");
    setup.settings.set("salto.environments.simulator.client_secret", "wrong");
    failed(&create(&setup, &code, &[]).await, 1, "check client_id and client_secret");
    setup.settings.set("salto.environments.simulator.client_secret", "demo-client-secret");
    set(&mut setup, "scope", "user_api.full_access");
    failed(&create(&setup, &code, &[]).await, 1, "check guest_keys.scope");
    set(&mut setup, "scope", "digital_key");
    set(&mut setup, "code_parameter", "invitation");
    failed(&create(&setup, &code, &[]).await, 1, "check guest_keys.code_parameter");
    set(&mut setup, "code_parameter", "access_code");
    assert!(create(&setup, &code, &[]).await.status.success());
}

#[tokio::test]
async fn failures_are_reported_with_the_next_step() {
    let mut setup = pod_setup().await;
    let good = code(&setup).await;
    set(&mut setup, "access_code_path", "/v1.2/nowhere");
    postern(&setup, &CODE).await.assert_failed("is guest_keys.access_code_path right?");
    set(&mut setup, "digital_key_path", "/v1.2/nowhere");
    let output = create(&setup, &good, &[]).await;
    failed(&output, 1, "is guest_keys.digital_key_path right?");
    failed(&output, 1, "the access code is used up, and there is no digital key");

    // Another path has an answer without a code.
    set(&mut setup, "access_code_path", "/v1.2/sites/{site_id}/access_codes");
    let fault = json!({"kind": "status", "status": 201, "message": "hush", "call": "access_code", "times": 1});
    setup.simulator.add_fault(fault).await;
    let output =
        postern(&setup, &CODE).await.assert_failed("it has the members ErrorCode, Message");
    assert!(!output.stderr.contains("hush"), "{output:?}");

    set(&mut setup, "digital_key_path", "/v1.2/digital_keys");
    let good = code(&setup).await;
    let lost = json!({"kind": "reset", "call": "token", "times": 1, "carried_out": true});
    setup.simulator.add_fault(lost).await;
    failed(&create(&setup, &good, &[]).await, 1, "the access code may be used up nevertheless");
    let refused =
        json!({"kind": "status", "status": 400, "error_code": 1101, "call": "digital_key"});
    setup.simulator.add_fault(refused).await;
    failed(&create(&setup, &code(&setup).await, &[]).await, 1, "what the request must have");
    assert_eq!(keys(&setup).await.len(), 0);

    setup.settings.set_integration("username", "system-user@acme.example");
    setup.settings.set_integration("password", "demo-password");
    postern(&setup, &CODE).await.assert_failed("have the role pod_member");
    setup.settings.environments()["simulator"]
        .as_table_mut()
        .expect("a table")
        .remove("guest_keys");
    let output = postern(&setup, &CODE).await;
    assert_eq!(output.status, Some(2), "{output:?}");
    assert!(output.stderr.contains("[salto.environments.simulator.guest_keys]"), "{output:?}");
}

#[tokio::test]
async fn neither_code_nor_token_is_logged_or_stored() {
    let mut setup = pod_setup().await;
    let trace = ["--log-level", "trace"];
    let code_output = setup.postern(&[&trace[..], &CODE].concat()).await;
    let code = String::from_utf8(code_output.stdout.clone()).expect("a text").trim().to_owned();
    let key_output = create(&setup, &code, &trace).await;
    let again = create(&setup, &code, &trace).await;
    set(&mut setup, "digital_key_path", "/v1.2/nowhere");
    let other_path_output = create(&setup, &self::code(&setup).await, &trace).await;
    assert_eq!(
        [&code_output, &key_output, &again, &other_path_output].map(|output| output.status.code()),
        [Some(0), Some(0), Some(1), Some(1)]
    );
    assert!(
        stderr(&key_output).contains("answer of the identity provider"),
        "{}",
        stderr(&key_output)
    );
    for output in [&code_output, &key_output, &again, &other_path_output] {
        let stderr = stderr(output);
        assert!(!stderr.contains(&code), "{stderr}");
        // The simulator's codes and tokens have this length, and no other text without a hyphen has it.
        let secret =
            stderr.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| word.len() == 43);
        assert_eq!(secret, None, "{stderr}");
    }
    let stored = setup.stored().await;
    assert!(stored.iter().any(|(key, _)| key.contains("token:")), "the integration's own");
    assert!(stored.iter().all(|(key, _)| !key.contains("guest")), "{stored:?}");
    let found = |value: &[u8]| value.windows(code.len()).any(|window| window == code.as_bytes());
    assert!(stored.iter().all(|(_, value)| !found(value)));
}

#[tokio::test]
async fn check_config_shows_where_guest_keys_are_configured() {
    let mut setup = pod_setup().await;
    let output = postern(&setup, &["check-config"]).await.assert_done();
    assert_eq!(output.rows[0]["guest_keys"], json!(["simulator"]));
    let human = setup.postern(&["check-config"]).await;
    assert!(
        String::from_utf8_lossy(&human.stdout).contains("guest keys configured for: simulator")
    );
    setup.settings.environments()["simulator"]
        .as_table_mut()
        .expect("a table")
        .remove("guest_keys");
    let output = postern(&setup, &["check-config"]).await.assert_done();
    assert_eq!(output.rows[0]["guest_keys"], json!([]));
}

//! Digital Key for Guests: from a pod member's access code to a guest's key, and what may be in the way.

use crate::operator::{file, postern};
use end_to_end::inbound::INTEGRATION;
use end_to_end::world::World;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Output;

const CREATE: [&str; 4] = ["guest-key", "create", "--environment", "simulator"];
const CODE: [&str; 4] = ["guest-key", "code", "--integration", INTEGRATION];

fn set(world: &mut World, key: &str, value: &str) {
    world.settings.set(&format!("salto.environments.simulator.guest_keys.{key}"), value);
}

/// The integration's account is the pod member, and the paths are the simulator's.
async fn pod() -> World {
    let mut world = World::unactivated().await;
    world.settings.set_integration("username", "pod-member@acme.example");
    world.settings.set_integration("password", "demo-password-2");
    set(&mut world, "access_code_path", "/v1.2/sites/{site_id}/access_codes");
    set(&mut world, "digital_key_path", "/v1.2/digital_keys");
    world
}

/// A fresh access code.
async fn code(world: &World) -> String {
    let said = postern(world, &CODE).await.done();
    said.rows[0]["access_code"].as_str().expect("a text").to_owned()
}

/// `guest-key create` with the code typed, and more.
async fn create(world: &World, code: &str, more: &[&str]) -> Output {
    world.postern_with_input(&[&CREATE, more].concat(), &format!("{code}\n")).await
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn failed(output: &Output, status: i32, why: &str) {
    let words = words(output);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(status), 0), "{words}");
    assert!(words.contains(why), "{why:?} in {words}");
}

async fn keys(world: &World) -> Vec<Value> {
    let mut keys = world.simulator.control(Method::GET, "digital-keys", None).await;
    serde_json::from_value(keys["digital_keys"].take()).expect("an array")
}

#[tokio::test]
async fn a_guest_makes_a_key_with_the_code_that_a_pod_member_asked_for() {
    let mut world = pod().await;
    let said = postern(&world, &CODE).await.done();
    assert_eq!(said.rows[0]["integration_id"], INTEGRATION);
    assert!(said.rows[0]["expires_at"].is_string(), "{said:?}");
    assert!(said.words.contains("it is valid until 20"), "{said:?}");
    let code = said.rows[0]["access_code"].as_str().expect("a text");
    let made = create(&world, code, &["--output", "json"]).await;
    assert!(made.status.success(), "{}", words(&made));
    let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
    let known = keys(&world).await;
    assert_eq!((known.len(), &known[0]["id"], &known[0]["request"]), (1, &made["id"], &json!({})));
    assert_eq!(known[0]["invited_by"], "pod-member@acme.example");

    // A guest's app as it would be: another client without a secret; all of it by files.
    for (key, value) in [
        ("identity_url", world.simulator.url().to_owned()),
        ("api_url", world.simulator.url().to_owned()),
        ("client_id", "postern-demo-public".to_owned()),
    ] {
        world.settings.set(&format!("salto.environments.guests.{key}"), value);
    }
    for (key, value) in [
        ("access_code_path", "/v1.2/sites/{site_id}/access_codes"),
        ("digital_key_path", "/v1.2/digital_keys"),
        ("scope", "digital_key"),
    ] {
        world.settings.set(&format!("salto.environments.guests.guest_keys.{key}"), value);
    }
    let asked = world.postern(&CODE).await;
    let code = String::from_utf8(asked.stdout).expect("a text");
    assert_eq!(code.lines().count(), 1, "the code and nothing else: {code:?}");
    let request = json!({"device": {"key": "k", "none": null}});
    let body = file(&world, "body.json", &request.to_string());
    let code = file(&world, "code", code.trim());
    let arguments = ["guest-key", "create", "--environment", "guests", "--code-file", &code];
    let made = world.postern(&[&arguments[..], &["--body-file", &body]].concat()).await;
    assert!(made.status.success(), "{}", words(&made));
    let known = keys(&world).await;
    assert_eq!((known.len(), &known[1]["request"]), (2, &request));
    assert!(
        String::from_utf8_lossy(&made.stdout).contains(known[1]["id"].as_str().expect("an id"))
    );
}

#[tokio::test]
async fn a_code_is_spent_by_its_first_use_and_counts_for_its_time_alone() {
    let world = pod().await;
    let (spent, late) = (code(&world).await, code(&world).await);
    assert!(create(&world, &spent, &[]).await.status.success());
    let not_taken = "it is spent by its first use, or has expired";
    failed(&create(&world, &spent, &[]).await, 1, not_taken);
    failed(&create(&world, "made-up", &[]).await, 1, not_taken);
    let later = Some(json!({"offset_seconds": 301}));
    world.simulator.control(Method::PUT, "clock", later).await;
    failed(&create(&world, &late, &[]).await, 1, not_taken);
    assert_eq!(keys(&world).await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_before_the_code_is_sent_does_not_spend_it() {
    let mut world = pod().await;
    let code = code(&world).await;
    let broken = file(&world, "broken.json", "{\"secret\": hush");
    let output = create(&world, &code, &["--body-file", &broken]).await;
    failed(&output, 1, "is not JSON");
    assert!(!words(&output).contains("hush"));
    failed(&create(&world, &code, &["--body-file", "/no/such"]).await, 1, "cannot read the body");
    failed(&create(&world, "", &[]).await, 1, "no access code was given");
    let empty = file(&world, "empty", "");
    failed(&create(&world, "", &["--code-file", &empty]).await, 1, "no access code was given");
    let nowhere = ["guest-key", "create", "--environment", "nowhere"];
    failed(&world.postern_with_input(&nowhere, &code).await, 2, "configured: simulator");
    world.settings.set("salto.environments.simulator.client_secret", "wrong");
    failed(&create(&world, &code, &[]).await, 1, "check client_id and client_secret");
    world.settings.set("salto.environments.simulator.client_secret", "demo-client-secret");
    set(&mut world, "scope", "user_api.full_access");
    failed(&create(&world, &code, &[]).await, 1, "check guest_keys.scope");
    set(&mut world, "scope", "digital_key");
    set(&mut world, "code_parameter", "invitation");
    failed(&create(&world, &code, &[]).await, 1, "check guest_keys.code_parameter");
    set(&mut world, "code_parameter", "access_code");
    assert!(create(&world, &code, &[]).await.status.success());
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_with_what_to_do() {
    let mut world = pod().await;
    let good = code(&world).await;
    set(&mut world, "access_code_path", "/v1.2/nowhere");
    postern(&world, &CODE).await.failed("is guest_keys.access_code_path right?");
    set(&mut world, "digital_key_path", "/v1.2/nowhere");
    let output = create(&world, &good, &[]).await;
    failed(&output, 1, "is guest_keys.digital_key_path right?");
    failed(&output, 1, "the access code is used up, and there is no digital key");

    // Below another path there is an answer, and no code in it.
    set(&mut world, "access_code_path", "/v1.2/sites/{site_id}/access_codes");
    let fault = json!({"kind": "status", "status": 201, "message": "hush", "call": "access_code", "times": 1});
    world.simulator.fault(fault).await;
    let said = postern(&world, &CODE).await.failed("it has the members ErrorCode, Message");
    assert!(!said.words.contains("hush"), "{said:?}");

    set(&mut world, "digital_key_path", "/v1.2/digital_keys");
    let good = code(&world).await;
    let lost = json!({"kind": "reset", "call": "token", "times": 1, "carried_out": true});
    world.simulator.fault(lost).await;
    failed(&create(&world, &good, &[]).await, 1, "the access code may be used up nevertheless");
    let refused =
        json!({"kind": "status", "status": 400, "error_code": 1101, "call": "digital_key"});
    world.simulator.fault(refused).await;
    failed(&create(&world, &code(&world).await, &[]).await, 1, "what the request must hold");
    assert_eq!(keys(&world).await.len(), 0);

    world.settings.set_integration("username", "system-user@acme.example");
    world.settings.set_integration("password", "demo-password");
    postern(&world, &CODE).await.failed("have the role pod_member");
    world.settings.environments()["simulator"]
        .as_table_mut()
        .expect("a table")
        .remove("guest_keys");
    let said = postern(&world, &CODE).await;
    assert_eq!(said.status, Some(2), "{said:?}");
    assert!(said.words.contains("[salto.environments.simulator.guest_keys]"), "{said:?}");
}

#[tokio::test]
async fn neither_code_nor_token_is_logged_or_kept() {
    let mut world = pod().await;
    let trace = ["--log-level", "trace"];
    let asked = world.postern(&[&trace[..], &CODE].concat()).await;
    let code = String::from_utf8(asked.stdout.clone()).expect("a text").trim().to_owned();
    let made = create(&world, &code, &trace).await;
    let again = create(&world, &code, &trace).await;
    set(&mut world, "digital_key_path", "/v1.2/nowhere");
    let nowhere = create(&world, &self::code(&world).await, &trace).await;
    assert_eq!(
        [&asked, &made, &again, &nowhere].map(|output| output.status.code()),
        [Some(0), Some(0), Some(1), Some(1)]
    );
    assert!(words(&made).contains("identity provider answered"), "{}", words(&made));
    for output in [&asked, &made, &again, &nowhere] {
        let words = words(output);
        assert!(!words.contains(&code), "{words}");
        // Nothing else is so long without a hyphen, and the simulator's codes and tokens are just so long.
        let secret =
            words.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| word.len() == 43);
        assert_eq!(secret, None, "{words}");
    }
    let stored = world.stored().await;
    assert!(stored.iter().any(|(key, _)| key.contains("token:")), "the integration's own");
    assert!(stored.iter().all(|(key, _)| !key.contains("guest")), "{stored:?}");
    let found = |value: &[u8]| value.windows(code.len()).any(|window| window == code.as_bytes());
    assert!(stored.iter().all(|(_, value)| !found(value)));
}

#[tokio::test]
async fn check_config_says_where_it_is_set_up() {
    let mut world = pod().await;
    let said = postern(&world, &["check-config"]).await.done();
    assert_eq!(said.rows[0]["guest_keys"], json!(["simulator"]));
    let human = world.postern(&["check-config"]).await;
    assert!(
        String::from_utf8_lossy(&human.stdout).contains("guest keys configured for: simulator")
    );
    world.settings.environments()["simulator"]
        .as_table_mut()
        .expect("a table")
        .remove("guest_keys");
    let said = postern(&world, &["check-config"]).await.done();
    assert_eq!(said.rows[0]["guest_keys"], json!([]));
}

//! Digital Key for Guests: one code makes one token, and the token makes one key.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::fixtures::{IQ, ROOM_12, SITE, TestSimulator, USER, otp, password_form};

const POD_MEMBER: &str = "pod-member@acme.example";
const PUBLIC_CLIENT: &str = "&client_id=postern-demo-public";
const KEYS_PATH: &str = "/v1.2/digital_keys";

fn codes_path() -> String {
    format!("/v1.2/sites/{SITE}/access_codes")
}

async fn pod_member(simulator: &TestSimulator) -> String {
    let form = password_form("user_api.full_access").replace("system-user", "pod-member");
    let answer = simulator.token_request(&form.replace("=demo-password", "=demo-password-2")).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn code(simulator: &TestSimulator) -> String {
    let answer = simulator.call("POST", &codes_path(), &pod_member(simulator).await, "{}").await;
    assert_eq!((answer.status(), &answer.json()["expires_in"]), (201, &json!(300)));
    answer.json()["access_code"].as_str().unwrap().to_owned()
}

async fn exchange(simulator: &TestSimulator, code: &str, more: &str) -> Answer {
    simulator.form_token_request(&format!("grant_type=access_code&access_code={code}{more}")).await
}

async fn guest(simulator: &TestSimulator) -> String {
    let answer = exchange(simulator, &code(simulator).await, PUBLIC_CLIENT).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_code_makes_one_token_and_the_token_one_key() {
    let simulator = TestSimulator::start().await;
    let confidential = "&client_id=postern-demo&client_secret=demo-client-secret";
    for (client, request) in
        [(PUBLIC_CLIENT, json!({})), (confidential, json!({"device": {"id": [7]}}))]
    {
        let token = exchange(&simulator, &code(&simulator).await, client).await;
        assert_eq!(token.status(), 200);
        let token = token.json();
        assert_eq!((&token["scope"], &token["expires_in"]), (&json!("digital_key"), &json!(3600)));
        assert_eq!(token["refresh_token"], Value::Null);
        let token = token["access_token"].as_str().unwrap();
        let key = simulator.call("POST", KEYS_PATH, token, &request.to_string()).await;
        assert_eq!(key.status(), 201);
        let record = simulator.read("digital-keys?last=1").await["digital_keys"][0].take();
        assert_eq!((&record["id"], &record["request"]), (&key.json()["id"], &request));
        assert_eq!((&record["site_id"], &record["invited_by"]), (&json!(SITE), &json!(POD_MEMBER)));
        assert_eq!(
            simulator.call("POST", KEYS_PATH, token, "{}").await.status(),
            401,
            "the token is revoked"
        );
    }
    let keys = simulator.read("digital-keys").await;
    assert_eq!((&keys["last_seq"], &keys["total"]), (&json!(2), &json!(2)));
    let counters = simulator.read("counters").await;
    assert_eq!(
        (&counters["digital_keys"], &counters["calls"]["digital_key"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(counters["calls"]["access_code"], 2);
    let exchanged =
        json!({"grant": "access_code", "username": POD_MEMBER, "granted": 2, "denied": 0});
    assert!(counters["tokens"].as_array().unwrap().contains(&exchanged), "{counters}");
    simulator.control("POST", "reset", json!({})).await;
    assert_eq!(simulator.read("digital-keys").await["total"], 0);
}

#[tokio::test]
async fn only_a_pod_member_that_is_not_blocked_can_invite_and_only_to_its_sites() {
    let simulator = TestSimulator::start().await;
    let refused = simulator.call("POST", &codes_path(), &simulator.token(), "{}").await.error();
    assert_eq!((refused.0, refused.1.as_str()), (403, "2203"));
    let member = pod_member(&simulator).await;
    let ask =
        async |path: &str, body: &str| simulator.call("POST", path, &member, body).await.status();
    assert_eq!(ask(&codes_path(), "{}").await, 201);
    assert_eq!(ask(&codes_path(), "").await, 400);
    assert_eq!(ask("/v1.2/sites/NL6254340082/access_codes", "{}").await, 400);
    for (change, status) in
        [(json!({"sites": []}), 404), (json!({"sites": [SITE], "blocked": true}), 403)]
    {
        simulator.control("PATCH", &format!("accounts/{POD_MEMBER}"), change).await;
        assert_eq!(ask(&codes_path(), "{}").await, status);
    }
}

#[tokio::test]
async fn every_wrong_exchange_has_its_oauth_error() {
    let simulator = TestSimulator::start().await;
    let good = code(&simulator).await;
    for (code, more, status, error) in [
        (good.as_str(), "", 400, "invalid_client"),
        (&good, "&client_id=postern-demo", 400, "invalid_client"),
        (&good, "&client_id=postern-demo&client_secret=wrong", 400, "invalid_client"),
        (&good, "&client_id=postern-demo-public&scope=user_api.full_access", 400, "invalid_scope"),
        ("", PUBLIC_CLIENT, 400, "invalid_request"),
        ("made-up", PUBLIC_CLIENT, 400, "invalid_grant"),
    ] {
        let answer = exchange(&simulator, code, more).await;
        assert_eq!((answer.status(), &answer.json()["error"]), (status, &json!(error)), "{more}");
    }
    assert_eq!(
        exchange(&simulator, &good, &format!("{PUBLIC_CLIENT}&scope=digital_key")).await.status(),
        200
    );
    let again = exchange(&simulator, &good, PUBLIC_CLIENT).await;
    assert_eq!((again.status(), &again.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(simulator.read("counters").await["reused"], 1);
}

#[tokio::test]
async fn a_code_is_valid_for_5_minutes_by_the_simulators_clock() {
    let simulator = TestSimulator::start().await;
    let (one, other) = (code(&simulator).await, code(&simulator).await);
    simulator.set_clock(295).await;
    assert_eq!(exchange(&simulator, &one, PUBLIC_CLIENT).await.status(), 200);
    simulator.set_clock(300).await;
    let late = exchange(&simulator, &other, PUBLIC_CLIENT).await;
    assert_eq!((late.status(), &late.json()["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn a_guests_token_is_refused_at_every_other_call() {
    let simulator = TestSimulator::activated().await;
    let guest = guest(&simulator).await;
    let (site, command) =
        (format!("/v1.2/sites/{SITE}"), json!({"locked_state": "unlocked", "otp": otp()}));
    for (method, path, body) in [
        ("GET", "/v1.2/sites".to_owned(), json!({})),
        ("GET", site.clone(), json!({})),
        ("GET", format!("{site}/me"), json!({})),
        ("GET", format!("/v1.2/me/{SITE}/activated_iqs"), json!({})),
        ("GET", format!("{site}/iqs"), json!({})),
        ("GET", format!("{site}/iqs/{IQ}/secret"), json!({})),
        ("GET", format!("{site}/iqs/{IQ}/pin?send_email=true"), json!({})),
        ("PUT", format!("{site}/iqs/{IQ}/pin"), json!({"otp": otp(), "delta": "0000"})),
        ("GET", format!("{site}/locks"), json!({})),
        ("PATCH", format!("{site}/locks/{ROOM_12}/locking"), command),
        ("GET", format!("/v1.1/sites/{SITE}/entries"), json!({})),
        ("POST", codes_path(), json!({})),
    ] {
        let refused = simulator.call(method, &path, &guest, &body.to_string()).await.error();
        assert_eq!((refused.0, refused.1.as_str()), (403, "2203"), "{method} {path}");
    }
    let command = simulator.last_command().await;
    assert_eq!((&command["verdict"], &command["username"]), (&json!("forbidden"), &Value::Null));
    assert_eq!(
        (simulator.openings().await, simulator.read("mailbox").await["total"].clone()),
        (0, json!(0))
    );
    assert_eq!(
        simulator.call("POST", KEYS_PATH, &guest, "{}").await.status(),
        201,
        "the token is valid"
    );
}

#[tokio::test]
async fn a_digital_key_needs_the_token_of_a_guest() {
    let simulator = TestSimulator::start().await;
    for token in [simulator.token(), pod_member(&simulator).await] {
        let refused = simulator.call("POST", KEYS_PATH, &token, "{}").await.error();
        assert_eq!((refused.0, refused.1.as_str()), (403, "2203"));
    }
    assert_eq!(simulator.call("POST", KEYS_PATH, "made-up", "{}").await.status(), 401);
    assert_eq!(
        simulator.call("POST", KEYS_PATH, &guest(&simulator).await, "7").await.error().1,
        "1101"
    );
    assert_eq!(simulator.read("digital-keys").await["total"], 0);
}

#[tokio::test]
async fn faults_apply_to_these_calls_and_to_the_exchange_of_one_members_code() {
    let simulator = TestSimulator::start().await;
    let (first, second) = (code(&simulator).await, code(&simulator).await);
    simulator.fault(json!({"kind": "status", "status": 503, "call": "access_code"})).await;
    let member = pod_member(&simulator).await;
    assert_eq!(simulator.call("POST", &codes_path(), &member, "{}").await.status(), 503);
    simulator
        .fault(json!({"kind": "status", "status": 502, "call": "token", "username": USER}))
        .await;
    let token = exchange(&simulator, &first, PUBLIC_CLIENT).await.json();
    simulator
        .fault(json!({"kind": "status", "status": 502, "call": "token", "username": POD_MEMBER}))
        .await;
    assert_eq!(exchange(&simulator, &second, PUBLIC_CLIENT).await.status(), 502);
    simulator.fault(json!({"kind": "rate_limit", "call": "digital_key"})).await;
    let key =
        simulator.call("POST", KEYS_PATH, token["access_token"].as_str().unwrap(), "{}").await;
    assert_eq!(key.status(), 429);
}

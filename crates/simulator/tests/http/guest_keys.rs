//! Digital Key for Guests: one code, one token, one key, and nothing else.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::rig::{IQ, ROOM_12, Rig, SITE, USER, otp, password_form};

const POD_MEMBER: &str = "pod-member@acme.example";
const PUBLIC: &str = "&client_id=postern-demo-public";
const KEYS: &str = "/v1.2/digital_keys";

fn codes() -> String {
    format!("/v1.2/sites/{SITE}/access_codes")
}

async fn pod_member(rig: &Rig) -> String {
    let form = password_form("user_api.full_access").replace("system-user", "pod-member");
    let answer = rig.token_request(&form.replace("=demo-password", "=demo-password-2")).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn code(rig: &Rig) -> String {
    let answer = rig.call(("POST", &codes()), &pod_member(rig).await, "{}").await;
    assert_eq!((answer.status(), &answer.json()["expires_in"]), (201, &json!(300)));
    answer.json()["access_code"].as_str().unwrap().to_owned()
}

async fn exchange(rig: &Rig, code: &str, more: &str) -> Answer {
    rig.form_token_request(&format!("grant_type=access_code&access_code={code}{more}")).await
}

async fn guest(rig: &Rig) -> String {
    let answer = exchange(rig, &code(rig).await, PUBLIC).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_code_makes_one_token_and_the_token_one_key() {
    let rig = Rig::start().await;
    let confidential = "&client_id=postern-demo&client_secret=demo-client-secret";
    for (client, request) in [(PUBLIC, json!({})), (confidential, json!({"device": {"id": [7]}}))] {
        let token = exchange(&rig, &code(&rig).await, client).await;
        assert_eq!(token.status(), 200);
        let token = token.json();
        assert_eq!((&token["scope"], &token["expires_in"]), (&json!("digital_key"), &json!(3600)));
        assert_eq!(token["refresh_token"], Value::Null);
        let token = token["access_token"].as_str().unwrap();
        let key = rig.call(("POST", KEYS), token, &request.to_string()).await;
        assert_eq!(key.status(), 201);
        let record = rig.read("digital-keys?last=1").await["digital_keys"][0].take();
        assert_eq!((&record["id"], &record["request"]), (&key.json()["id"], &request));
        assert_eq!((&record["site_id"], &record["invited_by"]), (&json!(SITE), &json!(POD_MEMBER)));
        assert_eq!(rig.call(("POST", KEYS), token, "{}").await.status(), 401, "the token ended");
    }
    let keys = rig.read("digital-keys").await;
    assert_eq!((&keys["last_seq"], &keys["total"]), (&json!(2), &json!(2)));
    let counters = rig.read("counters").await;
    assert_eq!(
        (&counters["digital_keys"], &counters["calls"]["digital_key"]),
        (&json!(2), &json!(4))
    );
    assert_eq!(counters["calls"]["access_code"], 2);
    let exchanged =
        json!({"grant": "access_code", "username": POD_MEMBER, "granted": 2, "denied": 0});
    assert!(counters["tokens"].as_array().unwrap().contains(&exchanged), "{counters}");
    rig.control("POST", "reset", json!({})).await;
    assert_eq!(rig.read("digital-keys").await["total"], 0);
}

#[tokio::test]
async fn only_a_pod_member_that_is_not_blocked_invites_to_a_site_of_its_own() {
    let rig = Rig::start().await;
    let refused = rig.call(("POST", &codes()), &rig.token(), "{}").await.error();
    assert_eq!((refused.0, refused.1.as_str()), (403, "2203"));
    let member = pod_member(&rig).await;
    let ask = async |path: &str, body: &str| rig.call(("POST", path), &member, body).await.status();
    assert_eq!(ask(&codes(), "{}").await, 201);
    assert_eq!(ask(&codes(), "").await, 400);
    assert_eq!(ask("/v1.2/sites/NL6254340082/access_codes", "{}").await, 400);
    for (change, status) in
        [(json!({"sites": []}), 404), (json!({"sites": [SITE], "blocked": true}), 403)]
    {
        rig.control("PATCH", &format!("accounts/{POD_MEMBER}"), change).await;
        assert_eq!(ask(&codes(), "{}").await, status);
    }
}

#[tokio::test]
async fn every_wrong_exchange_has_its_oauth_error() {
    let rig = Rig::start().await;
    let good = code(&rig).await;
    for (code, more, status, error) in [
        (good.as_str(), "", 400, "invalid_client"),
        (&good, "&client_id=postern-demo", 400, "invalid_client"),
        (&good, "&client_id=postern-demo&client_secret=wrong", 400, "invalid_client"),
        (&good, "&client_id=postern-demo-public&scope=user_api.full_access", 400, "invalid_scope"),
        ("", PUBLIC, 400, "invalid_request"),
        ("made-up", PUBLIC, 400, "invalid_grant"),
    ] {
        let answer = exchange(&rig, code, more).await;
        assert_eq!((answer.status(), &answer.json()["error"]), (status, &json!(error)), "{more}");
    }
    assert_eq!(exchange(&rig, &good, &format!("{PUBLIC}&scope=digital_key")).await.status(), 200);
    let again = exchange(&rig, &good, PUBLIC).await;
    assert_eq!((again.status(), &again.json()["error"]), (400, &json!("invalid_grant")));
    assert_eq!(rig.read("counters").await["reused"], 1);
}

#[tokio::test]
async fn a_code_counts_for_5_minutes_of_the_simulators_clock() {
    let rig = Rig::start().await;
    let (one, other) = (code(&rig).await, code(&rig).await);
    rig.set_clock(295).await;
    assert_eq!(exchange(&rig, &one, PUBLIC).await.status(), 200);
    rig.set_clock(300).await;
    let late = exchange(&rig, &other, PUBLIC).await;
    assert_eq!((late.status(), &late.json()["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn a_guests_token_is_refused_at_every_other_call() {
    let rig = Rig::activated().await;
    let guest = guest(&rig).await;
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
        ("POST", codes(), json!({})),
    ] {
        let refused = rig.call((method, &path), &guest, &body.to_string()).await.error();
        assert_eq!((refused.0, refused.1.as_str()), (403, "2203"), "{method} {path}");
    }
    let command = rig.last_command().await;
    assert_eq!((&command["verdict"], &command["username"]), (&json!("forbidden"), &Value::Null));
    assert_eq!((rig.openings().await, rig.read("mailbox").await["total"].clone()), (0, json!(0)));
    assert_eq!(rig.call(("POST", KEYS), &guest, "{}").await.status(), 201, "it was good all along");
}

#[tokio::test]
async fn a_digital_key_is_made_with_a_guests_token_and_no_other() {
    let rig = Rig::start().await;
    for token in [rig.token(), pod_member(&rig).await] {
        let refused = rig.call(("POST", KEYS), &token, "{}").await.error();
        assert_eq!((refused.0, refused.1.as_str()), (403, "2203"));
    }
    assert_eq!(rig.call(("POST", KEYS), "made-up", "{}").await.status(), 401);
    assert_eq!(rig.call(("POST", KEYS), &guest(&rig).await, "7").await.error().1, "1101");
    assert_eq!(rig.read("digital-keys").await["total"], 0);
}

#[tokio::test]
async fn faults_hit_these_calls_and_the_exchange_of_one_members_code() {
    let rig = Rig::start().await;
    let (first, second) = (code(&rig).await, code(&rig).await);
    rig.fault(json!({"kind": "status", "status": 503, "call": "access_code"})).await;
    let member = pod_member(&rig).await;
    assert_eq!(rig.call(("POST", &codes()), &member, "{}").await.status(), 503);
    rig.fault(json!({"kind": "status", "status": 502, "call": "token", "username": USER})).await;
    let token = exchange(&rig, &first, PUBLIC).await.json();
    rig.fault(json!({"kind": "status", "status": 502, "call": "token", "username": POD_MEMBER}))
        .await;
    assert_eq!(exchange(&rig, &second, PUBLIC).await.status(), 502);
    rig.fault(json!({"kind": "rate_limit", "call": "digital_key"})).await;
    let key = rig.call(("POST", KEYS), token["access_token"].as_str().unwrap(), "{}").await;
    assert_eq!(key.status(), 429);
}

//! Token requests and the discovery document.

use serde_json::{Value, json};

use crate::fixtures::{IQ, TestSimulator, USER, password_form};

const SCOPES: &str = "user_api.full_access offline_access";

#[tokio::test]
async fn the_password_grant_gives_a_bearer_token_that_works() {
    let simulator = TestSimulator::start().await;
    let token = simulator.new_token("user_api.full_access").await;
    assert_eq!(token["expires_in"], 3600);
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["refresh_token"], Value::Null);
    let token = token["access_token"].as_str().unwrap();
    assert_eq!(simulator.get_as(token, "/v1.2/sites").await.status(), 200);
}

#[tokio::test]
async fn every_wrong_token_request_has_its_oauth_error() {
    let simulator = TestSimulator::start().await;
    let good = password_form("user_api.full_access");
    let by_form = "&client_id=postern-demo&client_secret=demo-client-secret";
    for (form, status, error) in [
        (good.replace("demo-password", "wrong"), 400, "invalid_grant"),
        (good.replace("system-user", "unknown"), 400, "invalid_grant"),
        (good.replace("user_api.full_access", "everything"), 400, "invalid_scope"),
        (good.replace("&scope=user_api.full_access", ""), 400, "invalid_scope"),
        (good.replace("grant_type=password", "grant_type=magic"), 400, "unsupported_grant_type"),
        (good.replace("grant_type=password&", ""), 400, "invalid_request"),
        (good.replace("password=demo-password", "password="), 400, "invalid_request"),
        (format!("{good}&scope=offline_access"), 400, "invalid_request"),
        (format!("{good}{by_form}"), 400, "invalid_request"),
        ("grant_type=refresh_token&refresh_token=x".to_owned(), 400, "invalid_grant"),
    ] {
        let answer = simulator.token_request(&form).await;
        assert_eq!(
            (answer.status(), answer.json()["error"].as_str()),
            (status, Some(error)),
            "{form}"
        );
    }
    // In the password grant the client must authenticate by HTTP Basic.
    let answer = simulator.form_token_request(&format!("{good}{by_form}")).await;
    assert_eq!((answer.status(), &answer.json()["error"]), (400, &json!("invalid_client")));
}

#[tokio::test]
async fn a_wrong_client_by_basic_is_401_with_a_challenge() {
    let simulator = TestSimulator::start().await;
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", "Basic cG9zdGVybi1kZW1vOndyb25n"),
    ];
    let form = password_form("user_api.full_access");
    let (address, path) = (simulator.address(), "/connect/token");
    let answer = crate::answer::exchange(address, "POST", path, &headers, &form).await;
    assert_eq!((answer.status(), &answer.json()["error"]), (401, &json!("invalid_client")));
    assert!(answer.header("www-authenticate").unwrap().starts_with("Basic"));
    let json = [("Content-Type", "application/json"), headers[1]];
    let answer = crate::answer::exchange(address, "POST", path, &json, "{}").await;
    assert_eq!((answer.status(), &answer.json()["error"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn a_refresh_token_works_once_and_is_replaced() {
    let simulator = TestSimulator::start().await;
    let first = simulator.new_token(SCOPES).await["refresh_token"].as_str().unwrap().to_owned();
    let client = "&client_id=postern-demo&client_secret=demo-client-secret";
    let form = format!("grant_type=refresh_token&refresh_token={first}");
    let answer = simulator.form_token_request(&format!("{form}{client}")).await;
    assert_eq!(answer.status(), 200);
    let second = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let access = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(simulator.get_as(&access, "/v1.2/sites").await.status(), 200);
    assert_ne!(first, second);
    // This time the client authenticates by HTTP Basic.
    let answer = simulator.token_request(&form.replace(&first, &second)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(simulator.read("counters").await["reused"], 0);
}

#[tokio::test]
async fn a_spent_refresh_token_revokes_all_tokens_of_its_sign_in() {
    let simulator = TestSimulator::start().await;
    let other = simulator.new_token(SCOPES).await;
    let first = simulator.new_token(SCOPES).await;
    let refresh = async |token: &Value| {
        let token = token["refresh_token"].as_str().unwrap();
        simulator.token_request(&format!("grant_type=refresh_token&refresh_token={token}")).await
    };
    let second = refresh(&first).await.json();
    let third = refresh(&second).await.json();
    for spent in [&first, &second] {
        let again = refresh(spent).await;
        assert_eq!((again.status(), &again.json()["error"]), (400, &json!("invalid_grant")));
    }
    assert_eq!(simulator.read("counters").await["reused"], 2);
    assert_eq!(refresh(&third).await.status(), 400, "revoked with its family");
    for token in [&first, &second, &third] {
        let access = token["access_token"].as_str().unwrap();
        assert_eq!(simulator.get_as(access, "/v1.2/sites").await.status(), 401);
    }
    assert_eq!(refresh(&other).await.status(), 200, "another sign-in of the same user");
    assert_eq!(simulator.read("counters").await["reused"], 2);
}

#[tokio::test]
async fn a_token_expires_with_the_simulators_clock() {
    let simulator = TestSimulator::start().await;
    simulator.set_clock(3590).await;
    assert_eq!(simulator.get("/v1.2/sites").await.status(), 200);
    simulator.set_clock(3600).await;
    let answer = simulator.get("/v1.2/sites").await;
    assert_eq!((answer.status(), answer.body()), (401, &b""[..]));
    assert_eq!(answer.header("www-authenticate").as_deref(), Some("Bearer"));
}

#[tokio::test]
async fn the_token_lifetime_is_a_setting() {
    let simulator = TestSimulator::start().await;
    simulator.control("PATCH", "settings", json!({"token_lifetime_seconds": 60})).await;
    let token = simulator.new_token(SCOPES).await;
    assert_eq!(token["expires_in"], 60);
    simulator.set_clock(61).await;
    let access = token["access_token"].as_str().unwrap();
    assert_eq!(simulator.get_as(access, "/v1.2/sites").await.status(), 401);
}

#[tokio::test]
async fn revoked_tokens_are_refused_and_others_stay_valid() {
    let simulator = TestSimulator::start().await;
    let fresh = simulator.new_token(SCOPES).await;
    let request = json!({"username": USER});
    assert_eq!(
        simulator.control("POST", "tokens/revoke", request).await,
        json!({"access": 2, "refresh": 0})
    );
    for path in ["/v1.2/sites".to_owned(), format!("/v1.2/sites/x/iqs/{IQ}/secret")] {
        assert_eq!(simulator.get(&path).await.status(), 401, "{path}");
    }
    let refresh = fresh["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let access =
        simulator.token_request(&form).await.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(simulator.get_as(&access, "/v1.2/sites").await.status(), 200);
    let request = json!({"access": false, "refresh": true});
    assert_eq!(
        simulator.control("POST", "tokens/revoke", request).await,
        json!({"access": 0, "refresh": 1})
    );
    assert_eq!(simulator.get_as(&access, "/v1.2/sites").await.status(), 200);
}

#[tokio::test]
async fn token_requests_are_counted_by_grant_and_user() {
    let simulator = TestSimulator::start().await;
    simulator.new_token(SCOPES).await;
    let form = password_form("user_api.full_access");
    simulator.token_request(&form.replace("demo-password", "wrong")).await;
    let counters = simulator.read("counters").await;
    assert_eq!(counters["calls"], json!({"token": 2}));
    let expected = json!([{"grant": "password", "username": USER, "granted": 1, "denied": 1}]);
    assert_eq!(counters["tokens"], expected);
}

#[tokio::test]
async fn the_discovery_document_lists_what_is_served() {
    let simulator = TestSimulator::start().await;
    let document = simulator.get("/.well-known/openid-configuration").await.json();
    let base = format!("http://{}/connect", simulator.address());
    assert_eq!(document["token_endpoint"], format!("{base}/token"));
    assert_eq!(document["authorization_endpoint"], format!("{base}/authorize"));
    let grants = json!(["access_code", "authorization_code", "password", "refresh_token"]);
    assert_eq!(document["grant_types_supported"], grants);
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    assert_eq!(document["token_endpoint_auth_methods_supported"], methods);
}

//! From an access code to a digital key: what is sent, and what the answers are taken for.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use secrecy::SecretString;
use serde_json::{Value, json};
use simulator::Simulator;
use simulator::announce::Announcer;
use simulator::world::World;

use super::server::{Reply, Server};
use super::{SITE, account, api_of, environment, granted, salto};
use crate::{
    Account, CallError, Cause, Environment, GuestApp, GuestKeyError, GuestKeys, GuestToken,
    MemoryTokenCache, SignIn, Site,
};

fn keys() -> GuestKeys {
    GuestKeys {
        access_code_path: "/v1.2/sites/{site_id}/access_codes".parse().unwrap(),
        digital_key_path: "/v1.2/digital_keys".parse().unwrap(),
        code_parameter: "access_code".into(),
        scope: None,
    }
}

fn with_keys(url: &str) -> Environment {
    Environment { guest_keys: Some(keys()), ..environment(url) }
}

fn member(environment: Environment, account: Account) -> Site {
    let cache = Arc::new(MemoryTokenCache::new());
    Site::with_time("acme", api_of(environment), account, cache, Arc::new(Utc::now))
}

fn app(environment: Environment) -> GuestApp {
    GuestApp::with_client(api_of(environment)).unwrap()
}

fn hush() -> SecretString {
    "code-hush".into()
}

/// A token from a Salto that answers the call for a digital key like this.
async fn guest(answer: impl Fn() -> Reply + Send + Sync + 'static) -> (Server, GuestToken) {
    let server = Server::start(move |seen| match seen.path.as_str() {
        "/connect/token" => granted("guest-hush", 60),
        _ => answer(),
    });
    let server = server.await;
    let token = app(with_keys(&server.url)).exchange(&hush()).await.unwrap();
    (server, token)
}

/// The error of asking for a code, where Salto answers the call for it like this.
async fn asked(status: u16, headers: &'static str, body: &'static str) -> GuestKeyError {
    let server = Server::start(move |seen| match seen.path.as_str() {
        path if path.ends_with("/access_codes") => Reply::with(status, headers, body),
        _ => salto(seen).unwrap(),
    });
    let server = server.await;
    member(with_keys(&server.url), account()).access_code(&json!({})).await.unwrap_err()
}

/// The error of an exchange that the identity provider answers like this.
async fn exchanged(status: u16, headers: &'static str, body: &'static str) -> GuestKeyError {
    let server = Server::start(move |_| Reply::with(status, headers, body)).await;
    app(with_keys(&server.url)).exchange(&hush()).await.unwrap_err()
}

/// The error of creating a key that Salto answers like this.
async fn created(status: u16, headers: &'static str, body: &'static str) -> GuestKeyError {
    let (_server, token) = guest(move || Reply::with(status, headers, body)).await;
    token.create_digital_key(&json!({})).await.unwrap_err()
}

/// The call's error where nothing about guests is to be said of it.
#[track_caller]
fn plain(error: GuestKeyError) -> CallError {
    let GuestKeyError::Call(call) = error else { panic!("{error:?}") };
    call
}

#[tokio::test]
async fn a_pod_member_asks_a_guest_exchanges_and_a_key_is_made() {
    let listen = "127.0.0.1:0".parse().unwrap();
    let simulator = Simulator::start(listen, World::builtin(), Announcer::quiet()).await.unwrap();
    let of_client = |id: &str, secret: Option<&str>| Environment {
        client_id: id.into(),
        client_secret: secret.map(Into::into),
        ..with_keys(&simulator.url())
    };
    let demo = of_client("postern-demo", Some("demo-client-secret"));
    let sign_in = |name: &str, password: &str| SignIn::Password {
        username: name.into(),
        password: password.into(),
    };
    let admin = sign_in("system-user@acme.example", "demo-password");
    let admin = member(demo.clone(), Account { sign_in: admin, ..account() });
    let error = admin.access_code(&json!({})).await.unwrap_err();
    assert!(matches!(error, GuestKeyError::NotPodMember(_)), "{error}");
    let pod = sign_in("pod-member@acme.example", "demo-password-2");
    let pod = member(demo.clone(), Account { sign_in: pod, ..account() });
    for client in [demo, of_client("postern-demo-public", None)] {
        let code = pod.access_code(&json!({})).await.unwrap();
        let left = code.expires_at().unwrap() - Utc::now();
        assert!((200..=300).contains(&left.num_seconds()), "{left}");
        let app = app(client);
        let code = SecretString::from(code.expose());
        let token = app.exchange(&code).await.unwrap();
        assert_eq!(app.exchange(&code).await.unwrap_err(), GuestKeyError::CodeNotTaken);
        let key = token.create_digital_key(&json!({"device": 7})).await.unwrap();
        assert!(key["id"].is_string(), "{key}");
        let spent = token.create_digital_key(&json!({})).await.unwrap_err();
        assert!(matches!(spent, GuestKeyError::TokenSpent(_)), "{spent}");
    }
}

#[tokio::test]
async fn what_is_sent_is_what_the_configuration_says_and_nothing_more() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/connect/token" => granted("guest-hush", 60),
        "/own/keys" => Reply::json(200, &json!({"key": [1, 2]})),
        _ => Reply::json(200, &json!("code-hush")),
    });
    let server = server.await;
    let own = |scope: Option<&str>| GuestKeys {
        access_code_path: "/own/codes".parse().unwrap(),
        digital_key_path: "/own/keys".parse().unwrap(),
        code_parameter: "invitation".into(),
        scope: scope.map(str::to_owned),
    };
    let environment = Environment {
        guest_keys: Some(own(None)),
        client_secret: None,
        ..environment(&server.url)
    };
    let asked = json!({"valid_for": "a day"});
    member(environment.clone(), account()).access_code(&asked).await.unwrap();
    let sent = server.seen("/own/codes").remove(0);
    assert_eq!((sent.method.as_str(), sent.body), ("POST", asked.to_string()));
    assert_eq!(server.count("/sites"), 0, "this path needs no site");

    let form = |secret: &str, scope: &str| {
        format!("grant_type=access_code&invitation=code-hush&client_id=client{secret}{scope}")
    };
    let before = server.count("/connect/token");
    let token = app(environment.clone()).exchange(&hush()).await.unwrap();
    let client_secret = Some("client-hush".into());
    let guest_keys = Some(own(Some("a b")));
    let confidential = Environment { client_secret, guest_keys, ..environment };
    app(confidential).exchange(&hush()).await.unwrap();
    let sent = server.seen("/connect/token").split_off(before);
    assert_eq!(sent[0].body, form("", ""));
    assert_eq!(sent[1].body, form("&client_secret=client-hush", "&scope=a+b"));
    for seen in sent {
        assert_eq!((seen.method.as_str(), seen.query.as_str()), ("POST", ""));
        assert!(!seen.head.to_ascii_lowercase().contains("authorization"), "{}", seen.head);
    }

    let request = json!({"device": {"id": "7", "none": null}, "list": [1.5, true]});
    assert_eq!(token.create_digital_key(&request).await.unwrap(), json!({"key": [1, 2]}));
    let sent = server.seen("/own/keys").remove(0);
    assert_eq!(serde_json::from_str::<Value>(&sent.body).unwrap(), request);
    assert!(sent.head.to_ascii_lowercase().contains("authorization: bearer guest-hush"));
}

#[tokio::test]
async fn the_site_of_the_path_is_the_integrations() {
    let server = Server::start(|seen| match seen.path.as_str() {
        path if path.ends_with("/access_codes") => Reply::json(201, &json!({"code": "code-hush"})),
        _ => salto(seen).unwrap(),
    });
    let server = server.await;
    member(with_keys(&server.url), account()).access_code(&json!({})).await.unwrap();
    assert_eq!(server.count(&format!("/v1.2/sites/{SITE}/access_codes")), 1);
}

#[tokio::test]
async fn without_its_settings_nothing_is_asked() {
    let server = Server::start(|seen| salto(seen).unwrap()).await;
    let bare = environment(&server.url);
    let error = member(bare.clone(), account()).access_code(&json!({})).await.unwrap_err();
    assert_eq!(GuestApp::with_client(api_of(bare)).unwrap_err(), error);
    let words = error.to_string();
    for word in ["access_code_path", "digital_key_path", "acceptance.guest_keys", "no default"] {
        assert!(words.contains(word), "{words}");
    }
    assert_eq!(server.count(""), 0);
}

#[test]
fn an_environment_with_other_guest_keys_is_another_one() {
    let one = with_keys("http://127.0.0.1:1");
    let keys = Some(GuestKeys { scope: Some("a".into()), ..keys() });
    assert!(one.is_same(&one.clone()));
    for guest_keys in [None, keys] {
        assert!(!one.is_same(&Environment { guest_keys, ..one.clone() }));
    }
}

#[tokio::test]
async fn refusals_of_a_code_say_what_to_do() {
    for status in [404, 405] {
        let words = asked(status, "", "").await.to_string();
        assert!(words.contains("is guest_keys.access_code_path right?"), "{words}");
        assert!(words.ends_with(&format!("Salto refuses this (HTTP {status})")), "{words}");
    }
    let salto = asked(404, "", r#"{"ErrorCode":1000,"Message":"Jane Doe"}"#).await.to_string();
    assert!(salto.contains("access_code_path") && !salto.contains("Jane"), "{salto}");
    let words = asked(403, "", r#"{"ErrorCode":2203}"#).await.to_string();
    assert!(words.contains("pod_member") && words.contains("code 2203"), "{words}");
    assert_eq!(plain(asked(400, "", r#"{"ErrorCode":1101}"#).await).cause, Cause::Forbidden);
    assert_eq!(plain(asked(401, "", "").await).cause, Cause::TokenRejected);
    let limited = plain(asked(429, "Retry-After: 30\r\n", "").await);
    assert_eq!(limited.retry_after, Some(Duration::from_secs(30)));
    let words = asked(200, "", r#"{"token":"code-hush"}"#).await.to_string();
    assert!(words.contains("the members token") && !words.contains("hush"), "{words}");
}

#[tokio::test]
async fn refusals_of_an_exchange_say_what_to_do() {
    for (error, word) in [
        ("invalid_grant", "was used before"),
        ("invalid_client", "client_secret"),
        ("invalid_scope", "guest_keys.scope"),
        ("invalid_request", "guest_keys.code_parameter"),
        ("unsupported_grant_type", "have Salto give it the grant"),
        ("unauthorized_client", "have Salto give it the grant"),
    ] {
        let body = json!({"error": error, "error_description": "Jane Doe"}).to_string();
        let words = exchanged(400, "", body.leak()).await.to_string();
        assert!(words.contains(word) && words.contains(error), "{words}");
        assert!(!words.contains("Jane"), "{words}");
    }
    let limited = plain(exchanged(429, "Retry-After: 30\r\n", "").await);
    let half_a_minute = Some(Duration::from_secs(30));
    assert_eq!((limited.cause, limited.retry_after), (Cause::RateLimited, half_a_minute));
    for (status, body) in [
        (404, ""),
        (503, ""),
        (400, ""),
        (400, r#"{"error":"of_its_own"}"#),
        (200, ""),
        (200, r#"{"access_token":"","token_type":"Bearer"}"#),
        (200, r#"{"access_token":"guest\nhush","token_type":"Bearer"}"#),
        (200, r#"{"token":"guest-hush"}"#),
    ] {
        let call = plain(exchanged(status, "", body).await);
        assert_eq!(call.cause, Cause::Unavailable, "{status} {body}");
        assert!(!format!("{call} {call:?}").contains("hush"), "{call:?}");
    }
}

#[tokio::test]
async fn refusals_of_a_key_say_what_to_do() {
    for status in [404, 405] {
        let words = created(status, "", "").await.to_string();
        assert!(words.contains("is guest_keys.digital_key_path right?"), "{words}");
    }
    let spent = created(401, "", "").await.to_string();
    assert!(spent.contains("no longer accepts"), "{spent}");
    for (status, body) in [(403, r#"{"ErrorCode":2203}"#), (400, r#"{"ErrorCode":1101}"#)] {
        let words = created(status, "", body).await.to_string();
        assert!(words.contains("what the request must have"), "{words}");
    }
    assert_eq!(created(200, "", "<html>hush").await, GuestKeyError::KeyUnreadable);
    let limited = plain(created(429, "Retry-After: 30\r\n", "").await);
    assert_eq!(limited.retry_after, Some(Duration::from_secs(30)));
    let (_server, token) = guest(|| Reply::with(204, "", "")).await;
    assert_eq!(token.create_digital_key(&json!({})).await, Ok(Value::Null));
}

#[tokio::test]
async fn a_host_that_keeps_failing_is_left_alone_and_a_wrong_path_is_no_failure() {
    let server = Server::start(|_| Reply::with(503, "", "")).await;
    let app = app(with_keys(&server.url));
    for _ in 0..5 {
        let error = plain(app.exchange(&hush()).await.unwrap_err());
        assert_eq!(error.cause, Cause::Unavailable);
    }
    assert_eq!(plain(app.exchange(&hush()).await.unwrap_err()).cause, Cause::BreakerOpen);
    assert_eq!(server.count("/connect/token"), 5);

    let (server, token) = guest(|| Reply::with(404, "", "")).await;
    for _ in 0..6 {
        let error = token.create_digital_key(&json!({})).await.unwrap_err();
        assert!(matches!(error, GuestKeyError::NothingThere { .. }), "{error:?}");
    }
    assert_eq!(server.count("/digital_keys"), 6);
    let (server, token) = guest(|| Reply::with(503, "", "")).await;
    for _ in 0..6 {
        plain(token.create_digital_key(&json!({})).await.unwrap_err());
    }
    assert_eq!(server.count("/digital_keys"), 5);
}

#[tokio::test]
async fn what_a_guest_holds_does_not_show() {
    let (server, token) = guest(|| Reply::with(204, "", "")).await;
    let app = app(with_keys(&server.url));
    let shown = format!("{token:?} {app:?}");
    assert!(!shown.contains("hush"), "{shown}");
}

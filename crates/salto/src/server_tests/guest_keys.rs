//! From the access code to the digital key: what is sent, and how answers are read.

mod errors;

use std::sync::Arc;

use chrono::Utc;
use secrecy::SecretString;
use serde_json::{Value, json};
use simulator::Simulator;
use simulator::output::Printer;
use simulator::world::World;

use super::server::{Reply, Server};
use super::{SITE, account, client_of, environment, granted, salto};
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
    Site::with_time("acme", client_of(environment), account, cache, Arc::new(Utc::now))
}

fn app(environment: Environment) -> GuestApp {
    GuestApp::with_client(client_of(environment)).unwrap()
}

fn access_code() -> SecretString {
    "code-hush".into()
}

/// A guest's token, and a server that answers the call for a digital key with `answer`.
async fn guest(answer: impl Fn() -> Reply + Send + Sync + 'static) -> (Server, GuestToken) {
    let server = Server::start(move |request| match request.path.as_str() {
        "/connect/token" => granted("guest-hush", 60),
        _ => answer(),
    });
    let server = server.await;
    let token = app(with_keys(&server.url)).exchange(&access_code()).await.unwrap();
    (server, token)
}

/// The error of the call, which is none of guest keys.
#[track_caller]
fn call_error(error: GuestKeyError) -> CallError {
    let GuestKeyError::Call(call) = error else { panic!("{error:?}") };
    call
}

#[tokio::test]
async fn a_pod_member_asks_a_guest_exchanges_and_a_key_is_created() {
    let listen = "127.0.0.1:0".parse().unwrap();
    let simulator = Simulator::start(listen, World::builtin(), Printer::quiet()).await.unwrap();
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
        assert_eq!(app.exchange(&code).await.unwrap_err(), GuestKeyError::CodeRejected);
        let key = token.create_digital_key(&json!({"device": 7})).await.unwrap();
        assert!(key["id"].is_string(), "{key}");
        let rejected = token.create_digital_key(&json!({})).await.unwrap_err();
        assert!(matches!(rejected, GuestKeyError::TokenRejected(_)), "{rejected}");
    }
}

#[tokio::test]
async fn requests_have_what_the_configuration_says_and_nothing_else() {
    let server = Server::start(|request| match request.path.as_str() {
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
    let sent = server.requests("/own/codes").remove(0);
    assert_eq!((sent.method.as_str(), sent.body), ("POST", asked.to_string()));
    assert_eq!(server.count("/sites"), 0, "this path needs no site");

    let form = |secret: &str, scope: &str| {
        format!("grant_type=access_code&invitation=code-hush&client_id=client{secret}{scope}")
    };
    let before = server.count("/connect/token");
    let token = app(environment.clone()).exchange(&access_code()).await.unwrap();
    let client_secret = Some("client-hush".into());
    let guest_keys = Some(own(Some("a b")));
    let confidential = Environment { client_secret, guest_keys, ..environment };
    app(confidential).exchange(&access_code()).await.unwrap();
    let sent = server.requests("/connect/token").split_off(before);
    assert_eq!(sent[0].body, form("", ""));
    assert_eq!(sent[1].body, form("&client_secret=client-hush", "&scope=a+b"));
    for request in sent {
        assert_eq!((request.method.as_str(), request.query.as_str()), ("POST", ""));
        assert!(!request.head.to_ascii_lowercase().contains("authorization"), "{}", request.head);
    }

    let request = json!({"device": {"id": "7", "none": null}, "list": [1.5, true]});
    assert_eq!(token.create_digital_key(&request).await.unwrap(), json!({"key": [1, 2]}));
    let sent = server.requests("/own/keys").remove(0);
    assert_eq!(serde_json::from_str::<Value>(&sent.body).unwrap(), request);
    assert!(sent.head.to_ascii_lowercase().contains("authorization: bearer guest-hush"));
}

#[tokio::test]
async fn the_site_of_the_path_is_the_integrations() {
    let server = Server::start(|request| match request.path.as_str() {
        path if path.ends_with("/access_codes") => Reply::json(201, &json!({"code": "code-hush"})),
        _ => salto(request).unwrap(),
    });
    let server = server.await;
    member(with_keys(&server.url), account()).access_code(&json!({})).await.unwrap();
    assert_eq!(server.count(&format!("/v1.2/sites/{SITE}/access_codes")), 1);
}

#[tokio::test]
async fn without_its_settings_no_call_is_made() {
    let server = Server::start(|request| salto(request).unwrap()).await;
    let bare = environment(&server.url);
    let error = member(bare.clone(), account()).access_code(&json!({})).await.unwrap_err();
    assert_eq!(GuestApp::with_client(client_of(bare)).unwrap_err(), error);
    let text = error.to_string();
    for part in ["access_code_path", "digital_key_path", "acceptance.guest_keys", "no default"] {
        assert!(text.contains(part), "{text}");
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
async fn a_failing_host_opens_the_breaker_and_a_wrong_path_does_not() {
    let server = Server::start(|_| Reply::with(503, "", "")).await;
    let app = app(with_keys(&server.url));
    for _ in 0..5 {
        let error = call_error(app.exchange(&access_code()).await.unwrap_err());
        assert_eq!(error.cause, Cause::Unavailable);
    }
    assert_eq!(
        call_error(app.exchange(&access_code()).await.unwrap_err()).cause,
        Cause::BreakerOpen
    );
    assert_eq!(server.count("/connect/token"), 5);

    let (server, token) = guest(|| Reply::with(404, "", "")).await;
    for _ in 0..6 {
        let error = token.create_digital_key(&json!({})).await.unwrap_err();
        assert!(matches!(error, GuestKeyError::UnknownPath { .. }), "{error:?}");
    }
    assert_eq!(server.count("/digital_keys"), 6);
    let (server, token) = guest(|| Reply::with(503, "", "")).await;
    for _ in 0..6 {
        call_error(token.create_digital_key(&json!({})).await.unwrap_err());
    }
    assert_eq!(server.count("/digital_keys"), 5);
}

#[tokio::test]
async fn debug_output_shows_no_guest_token() {
    let (server, token) = guest(|| Reply::with(204, "", "")).await;
    let app = app(with_keys(&server.url));
    let shown = format!("{token:?} {app:?}");
    assert!(!shown.contains("hush"), "{shown}");
}

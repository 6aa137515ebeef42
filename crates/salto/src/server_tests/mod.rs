//! Tests over real HTTP on loopback and a real Redis.

mod activation;
mod at_rest;
mod breaker;
mod entries;
mod guest_keys;
mod logins;
mod open;
mod otp_rejection;
mod redis;
mod rotation;
mod server;
mod site;
mod token_cache;
mod tokens;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use self::server::{Reply, Request, Server};
use crate::breaker::Caller;
use crate::http::salto_client::SaltoClient;
use crate::token::{Now, TokenCache};
use crate::{
    Account, Breakers, DEFAULT_SCOPE, Environment, Http, MemoryTokenCache, OtpKey, OtpScheme,
    RenewPermission, SaltoClock, SendPermission, SignIn, Site,
};

const SITE: &str = "c0ffee00-d7ea-4eb7-b883-0a4d241584ca";
const LOCK: Uuid = Uuid::from_u128(0xa5091d73_d7ea_4eb7_b883_0a4d241584ca);
const IQ: &str = "1q-1";

fn environment(url: &str) -> Environment {
    Environment {
        name: "acceptance".into(),
        identity_url: url.parse().unwrap(),
        api_url: url.parse().unwrap(),
        events_url: None,
        client_id: "client".into(),
        client_secret: Some("client-hush".into()),
        scope: DEFAULT_SCOPE.into(),
        guest_keys: None,
    }
}

fn account() -> Account {
    Account {
        sign_in: by_password("pass-hush"),
        site_uid: "NL6254340082".into(),
        otp_scheme: OtpScheme::SaltoKs,
    }
}

fn by_password(password: &str) -> SignIn {
    SignIn::Password { username: "system@acme.example".into(), password: password.into() }
}

/// The site of a process: processes share the token cache at most.
fn process(url: &str, account: Account, cache: Arc<dyn TokenCache>, now: Now) -> Site {
    Site::with_time("acme", client(url), account, cache, now)
}

fn client(url: &str) -> SaltoClient {
    client_of(environment(url))
}

fn client_of(environment: Environment) -> SaltoClient {
    client_with(environment, SaltoClock::new("acceptance"))
}

fn client_with(environment: Environment, clock: SaltoClock) -> SaltoClient {
    let clock = Arc::new(clock);
    let breakers = Arc::new(Breakers::new("acceptance"));
    let environment = Arc::new(environment);
    let caller = Caller::new("acme", &account());
    SaltoClient { caller, http: Http::new().unwrap(), environment, clock, breakers }
}

fn site(server: &Server) -> Site {
    process(&server.url, account(), Arc::new(MemoryTokenCache::new()), Arc::new(Utc::now))
}

fn key() -> OtpKey {
    OtpKey::new(OtpScheme::SaltoKs, "ABCDEFGHIJKLMNOP".into(), "1234".into())
}

/// A permission that is fresh for longer than a test takes.
fn permission(send_before: DateTime<Utc>) -> SendPermission {
    SendPermission { send_before, fresh_until: Instant::now() + Duration::from_secs(600) }
}

/// A permission that ends with its freshness.
struct NotRenewed;

impl RenewPermission for NotRenewed {
    async fn renew(&mut self) -> Option<SendPermission> {
        None
    }
}

fn granted(token: &str, lifetime: u64) -> Reply {
    Reply::json(
        200,
        &json!({"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}),
    )
}

fn lock(id: Uuid, iq: Option<&str>) -> Value {
    json!({"id": id, "customer_reference": "Front door", "iq": iq.map(|id| json!({"id": id}))})
}

/// The answer of a working Salto to every request but the open command.
fn salto(request: &Request) -> Option<Reply> {
    let sites = json!([{"id": SITE, "site_uid": "NL6254340082"}]);
    match request.path.as_str() {
        "/connect/token" => Some(granted("token-hush", 3600)),
        "/v1.2/sites" => Some(Reply::json(200, &sites)),
        path if path.ends_with("/locks") => Some(Reply::json(200, &json!([lock(LOCK, Some(IQ))]))),
        _ => None,
    }
}

//! A simulator per test, and methods to call it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use serde_json::{Value, json};
use simulator::Simulator;
use simulator::otp::OtpScheme;
use simulator::output::Printer;
use simulator::world::World;

use crate::answer::{Answer, exchange};

pub(crate) const SITE: &str = "0f6f1a52-6d4c-4f6e-9d0c-6254340082aa";
pub(crate) const IQ: &str = "1a1a1a1a-0001-4000-8000-000000000001";
pub(crate) const IQ_2: &str = "1a1a1a1a-0002-4000-8000-000000000002";
pub(crate) const FRONT_DOOR: &str = "4d77312f-4a87-41db-a97b-f9d948dcc908";
pub(crate) const ROOM_12: &str = "a5091d73-d7ea-4eb7-b883-0a4d241584ca";
/// A lock of the second IQ.
pub(crate) const ROOM_24: &str = "10c00000-0000-4000-8000-000000000018";
pub(crate) const USER: &str = "system-user@acme.example";
/// The secret of the first IQ.
pub(crate) const SECRET: &str = "GroundFloorIq001";
/// The PIN of the first IQ.
pub(crate) const PIN: &str = "6596";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

pub(crate) struct TestSimulator {
    address: String,
    token: String,
    _simulator: Simulator,
}

impl TestSimulator {
    /// A simulator with the built-in world, and a token of the system user.
    pub(crate) async fn start() -> Self {
        Self::with(World::builtin()).await
    }

    /// As [`TestSimulator::start`], with the system user activated at the first IQ.
    pub(crate) async fn activated() -> Self {
        let simulator = Self::start().await;
        simulator.change_iq(IQ, json!({"activated_for": [USER]})).await;
        simulator
    }

    pub(crate) async fn with(world: World) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, world, Printer::quiet()).await.unwrap();
        let address = simulator.url().trim_start_matches("http://").to_owned();
        let mut simulator = Self { address, token: String::new(), _simulator: simulator };
        simulator.token = simulator.new_token("user_api.full_access").await["access_token"]
            .as_str()
            .unwrap()
            .to_owned();
        simulator.control("POST", "reset", json!({})).await;
        simulator
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The token of the system user.
    pub(crate) fn token(&self) -> String {
        self.token.clone()
    }

    /// A token request with the credentials of the confidential client by HTTP Basic.
    pub(crate) async fn token_request(&self, form: &str) -> Answer {
        let basic = format!("Basic {}", STANDARD.encode("postern-demo:demo-client-secret"));
        let headers = [FORM, ("Authorization", &basic)];
        exchange(&self.address, "POST", "/connect/token", &headers, form).await
    }

    /// A token request without HTTP Basic.
    pub(crate) async fn form_token_request(&self, form: &str) -> Answer {
        exchange(&self.address, "POST", "/connect/token", &[FORM], form).await
    }

    pub(crate) async fn new_token(&self, scope: &str) -> Value {
        let answer = self.token_request(&password_form(scope)).await;
        assert_eq!(answer.status(), 200);
        answer.json()
    }

    /// A token of another account.
    pub(crate) async fn token_of(&self, username: &str, password: &str) -> String {
        let form = format!(
            "grant_type=password&username={username}&password={password}&scope=user_api.full_access"
        );
        let answer = self.token_request(&form).await.json();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &self.token, "").await
    }

    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.call("GET", path, token, "").await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
        exchange(&self.address, method, path, &headers, body).await
    }

    pub(crate) async fn put_pin(&self, iq: &str, body: Value) -> Answer {
        let path = format!("/v1.2/sites/{SITE}/iqs/{iq}/pin");
        self.call("PUT", &path, &self.token, &body.to_string()).await
    }

    pub(crate) async fn open(&self, lock: &str, otp: &str) -> Answer {
        self.command(lock, json!({"locked_state": "unlocked", "otp": otp})).await
    }

    pub(crate) async fn command(&self, lock: &str, body: Value) -> Answer {
        self.command_at(SITE, lock, body).await
    }

    pub(crate) async fn command_at(&self, site: &str, lock: &str, body: Value) -> Answer {
        let path = format!("/v1.2/sites/{site}/locks/{lock}/locking");
        self.call("PATCH", &path, &self.token, &body.to_string()).await
    }

    pub(crate) async fn change_iq(&self, iq: &str, change: Value) -> Value {
        self.control("PATCH", &format!("iqs/{iq}"), change).await
    }

    pub(crate) async fn set_clock(&self, offset_seconds: i64) {
        self.control("PUT", "clock", json!({"offset_seconds": offset_seconds})).await;
    }

    pub(crate) async fn fault(&self, fault: Value) {
        self.control("POST", "faults", fault).await;
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.control_answer(method, path, &body.to_string()).await;
        assert!(answer.status() < 300, "{method} {path}: {:?}", answer.json());
        if answer.body().is_empty() { Value::Null } else { answer.json() }
    }

    pub(crate) async fn control_answer(&self, method: &str, path: &str, body: &str) -> Answer {
        exchange(&self.address, method, &format!("/control/{path}"), &[], body).await
    }

    pub(crate) async fn openings(&self) -> usize {
        self.read("openings").await["openings"].as_array().unwrap().len()
    }

    pub(crate) async fn last_command(&self) -> Value {
        self.read("commands?last=1").await["commands"][0].take()
    }

    pub(crate) async fn read(&self, path: &str) -> Value {
        let answer = self.control_answer("GET", path, "").await;
        assert_eq!(answer.status(), 200);
        answer.json()
    }
}

pub(crate) fn password_form(scope: &str) -> String {
    let scope = scope.replace(' ', "+");
    format!(
        "grant_type=password&username=system-user%40acme.example&password=demo-password&scope={scope}"
    )
}

/// The current OTP of the first IQ.
pub(crate) fn otp() -> String {
    otp_in(0)
}

/// The OTP of the first IQ at this number of seconds from now.
pub(crate) fn otp_in(seconds: i64) -> String {
    OtpScheme::SaltoKs.otp_at(Utc::now().timestamp() + seconds, SECRET, PIN)
}

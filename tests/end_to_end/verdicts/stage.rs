//! Where the rows play: each stage is a site with one IQ, an account that sees no other site, an integration and an
//! environment.

use super::row::{Change, NONE, Row};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use end_to_end::http;
use end_to_end::redis::forget;
use end_to_end::simulator::Simulator;
use end_to_end::world::World;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::Table;

/// Of every IQ.
const PIN: &str = "0470";
const PASSWORD: &str = "walk-password";
const CLIENT: (&str, &str) = ("walk", "walk-client-secret");

/// A stage, by its number.
#[derive(Debug)]
pub struct Stage {
    number: usize,
    name: String,
    iq: String,
    pub cold: bool,
    /// Whether its IQ is to be activated.
    active: bool,
    doors: Vec<Door>,
}

/// Where a row plays.
#[derive(Debug, Clone)]
pub struct Door {
    pub stage: usize,
    /// Names the request too.
    pub object: String,
    pub lock: String,
}

/// Gives each row a door: at a stage that others of its company have begun, or at a new one.
pub fn seat(rows: &[Row]) -> (Vec<Stage>, Vec<Door>) {
    let mut stages: Vec<Stage> = Vec::new();
    let mut begun = BTreeMap::new();
    let mut doors = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let free = |stage: &usize| stages[*stage].doors.len() < row.company;
        let stage = begun.get(&row.company).copied().filter(free).unwrap_or(stages.len());
        if stage == stages.len() {
            stages.push(Stage::new(stage, row));
            begun.insert(row.company, stage);
        }
        let door = Door { stage, object: format!("row-{number}"), lock: id(3, number) };
        stages[stage].doors.push(door.clone());
        doors.push(door);
    }
    (stages, doors)
}

fn id(kind: u8, number: usize) -> String {
    format!("{kind}a1c0000-0000-4000-8000-{number:012x}")
}

impl Stage {
    fn new(number: usize, row: &Row) -> Self {
        let name = format!("stage-{number}");
        Self {
            number,
            name,
            iq: id(2, number),
            cold: row.cold,
            active: row.commands != NONE,
            doors: Vec::new(),
        }
    }

    /// Of the integration and the environment.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn site(&self) -> String {
        id(1, self.number)
    }

    fn site_uid(&self) -> String {
        format!("NL{:010}", self.number)
    }

    fn username(&self) -> String {
        format!("{}@walk.example", self.name)
    }

    /// Objects and locks. `spare` opens once before the walk: an opening of another lock of the site.
    fn locks(&self) -> Vec<(String, String)> {
        let spare = ("spare".to_owned(), id(4, self.number));
        let doors = self.doors.iter().map(|door| (door.object.clone(), door.lock.clone()));
        doors.chain([spare]).collect()
    }

    pub fn objects(&self) -> Vec<String> {
        self.locks().into_iter().map(|(object, _)| object).collect()
    }
}

/// The simulator's world.
pub fn salto(stages: &[Stage]) -> Value {
    let site = |stage: &Stage| {
        let locks = stage.locks().into_iter();
        let lock =
            |(object, lock)| json!({"id": lock, "customer_reference": object, "iq_id": stage.iq});
        json!({
            "id": stage.site(), "site_uid": stage.site_uid(), "customer_reference": stage.name,
            "iqs": [{"id": stage.iq, "customer_reference": "iq", "secret": "WalkThroughAll01", "pin": PIN}],
            "locks": locks.map(lock).collect::<Vec<_>>(),
        })
    };
    let account = |stage: &Stage| json!({"username": stage.username(), "password": PASSWORD, "sites": [stage.site()]});
    json!({
        "clients": [{"id": CLIENT.0, "secret": CLIENT.1}],
        "accounts": stages.iter().map(account).collect::<Vec<_>>(),
        "sites": stages.iter().map(site).collect::<Vec<_>>(),
    })
}

/// An integration and an environment for each stage, and no others.
pub fn configure(world: &mut World, stages: &[&Stage]) {
    let url = world.simulator.url().to_owned();
    let environment = |stage: &&Stage| {
        let mut table = Table::new();
        let mut set = |key: &str, value: &str| table.insert(key.to_owned(), value.into());
        set("identity_url", &url);
        set("api_url", &url);
        set("client_id", CLIENT.0);
        set("client_secret", CLIENT.1);
        (stage.name.clone(), toml::Value::Table(table))
    };
    *world.settings.environments() = stages.iter().map(environment).collect();
    let integration = |stage: &&Stage| {
        let mut table = Table::new();
        let mut set = |key: &str, value: toml::Value| table.insert(key.to_owned(), value);
        set("id", stage.name.clone().into());
        set("active", true.into());
        set("environment", stage.name.clone().into());
        set("site_uid", stage.site_uid().into());
        set("username", stage.username().into());
        set("password", PASSWORD.into());
        set("open_from_statuses", vec!["paid"].into());
        set("minutes_before", 15.into());
        let locks = stage.locks().into_iter().map(|(object, lock)| (object, lock.into()));
        set("locks", toml::Value::Table(locks.collect()));
        toml::Value::Table(table)
    };
    *world.settings.integrations() = stages.iter().map(integration).collect();
}

/// Activates the IQs of all stages where a command may leave.
pub async fn activate(world: &mut World, stages: &[Stage]) {
    let pin = world.directory().join("pin");
    std::fs::write(&pin, PIN).expect("the PIN is written");
    let mut configs = Vec::new();
    for stage in stages.iter().filter(|stage| stage.active) {
        // Each with a configuration of its own: reading all of it takes a debug build a second.
        configure(world, &[stage]);
        configs.push((stage, world.write_settings(&stage.name)));
    }
    let world = &*world;
    stream::iter(&configs)
        .for_each_concurrent(6, |(stage, config)| {
            world.activate_with(config, (&stage.name, &stage.iq), &pin)
        })
        .await;
    // The worker is to get its tokens itself: some it may not.
    forget(world.redis_url(), world.key_prefix(), "token").await;
}

impl Door {
    /// Switches the row's faults on and changes what it changes.
    pub async fn prepare(&self, simulator: &Simulator, stages: &[Stage], row: &Row) {
        let stage = &stages[self.stage];
        for fault in &row.faults {
            let mut fault = fault.clone();
            fault["username"] = stage.username().into();
            if fault["call"] == "open" && fault["kind"] != "identity_gone" {
                fault["lock"] = self.lock.as_str().into();
            }
            simulator.fault(fault).await;
        }
        for change in &row.changes {
            match change {
                Change::Iq(change) => simulator.change_iq(&stage.iq, change.clone()).await,
                Change::Account(change) => {
                    let path = format!("accounts/{}", stage.username());
                    simulator.control(Method::PATCH, &path, Some(change.clone())).await;
                }
                Change::RevokeTokens => {
                    let whose = json!({"username": stage.username()});
                    simulator.control(Method::POST, "tokens/revoke", Some(whose)).await;
                }
                Change::BlockOtp => block(simulator, stage).await,
            }
        }
    }
}

/// As somebody else who has the account's password: eight wrong one-time passwords.
async fn block(simulator: &Simulator, stage: &Stage) {
    let basic = BASE64_STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1));
    let form = format!(
        "grant_type=password&scope=user_api.full_access&password={PASSWORD}&username={}",
        stage.username().replace('@', "%40")
    );
    let request = http::client().post(format!("{}/connect/token", simulator.url()));
    let request = request
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form).send().await.expect("the simulator answers");
    let answer: Value = answer.json().await.expect("a token");
    let token = answer["access_token"].as_str().expect("a text");
    let path = format!("v1.2/sites/{}/iqs/{}/pin", stage.site(), stage.iq);
    for _ in 0..8 {
        let request = http::client().put(format!("{}/{path}", simulator.url()));
        let request = request.bearer_auth(token).json(&json!({"otp": "wrong", "delta": "0000"}));
        let answer = request.send().await.expect("the simulator answers");
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
}

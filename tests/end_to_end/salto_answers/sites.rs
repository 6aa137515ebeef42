//! The sites of the rows: each has one IQ, an account that sees only this site, an integration and an environment.

use super::row::{Change, NONE, Row};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use end_to_end::http;
use end_to_end::redis::forget;
use end_to_end::setup::Setup;
use end_to_end::simulator::Simulator;
use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use toml::Table;

/// The PIN of every IQ.
const PIN: &str = "0470";
const PASSWORD: &str = "table-password";
const CLIENT: (&str, &str) = ("table", "table-client-secret");

/// A site for one or several rows.
#[derive(Debug)]
pub struct RowSite {
    number: usize,
    name: String,
    iq: String,
    pub cold: bool,
    /// Whether its IQ is to be activated.
    active: bool,
    doors: Vec<Door>,
}

/// The door of a row.
#[derive(Debug, Clone)]
pub struct Door {
    pub site: usize,
    /// Also the id of the row's request.
    pub object: String,
    pub lock: String,
}

/// Assigns a door to each row: at a site with free doors for rows of its kind, or at a new site.
pub fn assign_sites(rows: &[Row]) -> (Vec<RowSite>, Vec<Door>) {
    let mut sites: Vec<RowSite> = Vec::new();
    let mut open = BTreeMap::new();
    let mut doors = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let free = |site: &usize| sites[*site].doors.len() < row.rows_per_site;
        let site = open.get(&row.rows_per_site).copied().filter(free).unwrap_or(sites.len());
        if site == sites.len() {
            sites.push(RowSite::new(site, row));
            open.insert(row.rows_per_site, site);
        }
        let door = Door { site, object: format!("row-{number}"), lock: id(3, number) };
        sites[site].doors.push(door.clone());
        doors.push(door);
    }
    (sites, doors)
}

fn id(kind: u8, number: usize) -> String {
    format!("{kind}a1c0000-0000-4000-8000-{number:012x}")
}

impl RowSite {
    fn new(number: usize, row: &Row) -> Self {
        let name = format!("site-{number}");
        Self {
            number,
            name,
            iq: id(2, number),
            cold: row.cold,
            active: row.commands != NONE,
            doors: Vec::new(),
        }
    }

    /// The name of the integration and of the environment.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn site_id(&self) -> String {
        id(1, self.number)
    }

    fn site_uid(&self) -> String {
        format!("NL{:010}", self.number)
    }

    fn username(&self) -> String {
        format!("{}@table.example", self.name)
    }

    /// Objects and locks. `spare` is opened once before the rows: an opening of another lock of the site.
    fn locks(&self) -> Vec<(String, String)> {
        let spare = ("spare".to_owned(), id(4, self.number));
        let doors = self.doors.iter().map(|door| (door.object.clone(), door.lock.clone()));
        doors.chain([spare]).collect()
    }

    pub fn objects(&self) -> Vec<String> {
        self.locks().into_iter().map(|(object, _)| object).collect()
    }
}

/// The simulator's world file.
pub fn salto(sites: &[RowSite]) -> Value {
    let site_json = |site: &RowSite| {
        let locks = site.locks().into_iter();
        let lock =
            |(object, lock)| json!({"id": lock, "customer_reference": object, "iq_id": site.iq});
        json!({
            "id": site.site_id(), "site_uid": site.site_uid(), "customer_reference": site.name,
            "iqs": [{"id": site.iq, "customer_reference": "iq", "secret": "SecretOfEveryIq1", "pin": PIN}],
            "locks": locks.map(lock).collect::<Vec<_>>(),
        })
    };
    let account = |site: &RowSite| json!({"username": site.username(), "password": PASSWORD, "sites": [site.site_id()]});
    json!({
        "clients": [{"id": CLIENT.0, "secret": CLIENT.1}],
        "accounts": sites.iter().map(account).collect::<Vec<_>>(),
        "sites": sites.iter().map(site_json).collect::<Vec<_>>(),
    })
}

/// Configures an integration and an environment for each of these sites, and no others.
pub fn configure(setup: &mut Setup, sites: &[&RowSite]) {
    let url = setup.simulator.url().to_owned();
    let environment = |site: &&RowSite| {
        let mut table = Table::new();
        let mut set = |key: &str, value: &str| table.insert(key.to_owned(), value.into());
        set("identity_url", &url);
        set("api_url", &url);
        set("client_id", CLIENT.0);
        set("client_secret", CLIENT.1);
        (site.name.clone(), toml::Value::Table(table))
    };
    *setup.settings.environments() = sites.iter().map(environment).collect();
    let integration = |site: &&RowSite| {
        let mut table = Table::new();
        let mut set = |key: &str, value: toml::Value| table.insert(key.to_owned(), value);
        set("id", site.name.clone().into());
        set("active", true.into());
        set("environment", site.name.clone().into());
        set("site_uid", site.site_uid().into());
        set("username", site.username().into());
        set("password", PASSWORD.into());
        set("open_from_statuses", vec!["paid"].into());
        set("minutes_before", 15.into());
        // Only the requests of the rows call Salto.
        set("warn_before", "0s".into());
        let locks = site.locks().into_iter().map(|(object, lock)| (object, lock.into()));
        set("locks", toml::Value::Table(locks.collect()));
        toml::Value::Table(table)
    };
    *setup.settings.integrations() = sites.iter().map(integration).collect();
}

/// Activates the IQs of all sites whose rows expect commands.
pub async fn activate(setup: &mut Setup, sites: &[RowSite]) {
    let pin = setup.directory().join("pin");
    std::fs::write(&pin, PIN).expect("the PIN is written");
    let mut configs = Vec::new();
    for site in sites.iter().filter(|site| site.active) {
        // Each with a configuration of its own: a debug build needs a second to read the whole configuration.
        configure(setup, &[site]);
        configs.push((site, setup.write_settings(&site.name)));
    }
    let setup = &*setup;
    stream::iter(&configs)
        .for_each_concurrent(6, |(site, config)| {
            setup.activate_with(config, &site.name, &site.iq, &pin)
        })
        .await;
    // The worker has to request its tokens itself: in some rows it gets none.
    forget(setup.redis_url(), setup.key_prefix(), "token").await;
}

impl Door {
    /// Adds the row's faults and makes its changes at Salto.
    pub async fn prepare(&self, simulator: &Simulator, sites: &[RowSite], row: &Row) {
        let site = &sites[self.site];
        for fault in &row.faults {
            let mut fault = fault.clone();
            fault["username"] = site.username().into();
            if fault["call"] == "open" && fault["kind"] != "identity_gone" {
                fault["lock"] = self.lock.as_str().into();
            }
            simulator.add_fault(fault).await;
        }
        for change in &row.changes {
            match change {
                Change::Iq(change) => simulator.change_iq(&site.iq, change.clone()).await,
                Change::Account(change) => {
                    let path = format!("accounts/{}", site.username());
                    simulator.control(Method::PATCH, &path, Some(change.clone())).await;
                }
                Change::Lock(change) => {
                    let path = format!("locks/{}", self.lock);
                    simulator.control(Method::PATCH, &path, Some(change.clone())).await;
                }
                Change::RevokeTokens => {
                    let whose = json!({"username": site.username()});
                    simulator.control(Method::POST, "tokens/revoke", Some(whose)).await;
                }
                Change::BlockOtp => block(simulator, site).await,
            }
        }
    }
}

/// Sends eight wrong one-time passwords with the account, as another program might.
async fn block(simulator: &Simulator, site: &RowSite) {
    let basic = BASE64_STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1));
    let form = format!(
        "grant_type=password&scope=user_api.full_access&password={PASSWORD}&username={}",
        site.username().replace('@', "%40")
    );
    let request = http::client().post(format!("{}/connect/token", simulator.url()));
    let request = request
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = request.body(form).send().await.expect("the simulator answers");
    let answer: Value = answer.json().await.expect("a token");
    let token = answer["access_token"].as_str().expect("a text");
    let (_, lock) = site.locks().pop().expect("a spare lock");
    let path = format!("v1.2/sites/{}/locks/{lock}/locking", site.site_id());
    for _ in 0..8 {
        let request = http::client().patch(format!("{}/{path}", simulator.url()));
        let command = json!({"locked_state": "unlocked", "otp": "wrong"});
        let request = request.bearer_auth(token).json(&command);
        let answer = request.send().await.expect("the simulator answers");
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
}

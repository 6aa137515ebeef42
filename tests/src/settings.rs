//! A worker's configuration file, as TOML that a test can change.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use toml::{Table, Value};

/// The whole file.
#[derive(Debug, Clone)]
pub struct Settings {
    table: Table,
}

impl Settings {
    /// One integration, with the name in [`crate::inbound`] and all optional settings. Salto's entry log is not used:
    /// it would show the outcome of commands in doubt.
    pub fn new(broker_url: &str, redis_url: &str, key_prefix: &str, simulator_url: &str) -> Self {
        let key = BASE64_STANDARD.encode(rand::random::<[u8; 32]>());
        let text = format!(
            r#"
[broker]
url = "{broker_url}"

[redis]
url = "{redis_url}"
key_prefix = "{key_prefix}"

[secrets]
key = "{key}"

[salto.environments.simulator]
identity_url = "{simulator_url}"
api_url = "{simulator_url}"
client_id = "postern-demo"
client_secret = "demo-client-secret"

[[integrations]]
id = "acme-utrecht"
active = true
environment = "simulator"
site_uid = "NL6254340082"
username = "system-user@acme.example"
password = "demo-password"
open_from_statuses = ["confirmed", "paid"]
minutes_before = 15
check_in_status = "checked_in"
record_opened_at_in = "salto_opened_at"
ask_entries = false

[integrations.locks]
"front-door" = "4d77312f-4a87-41db-a97b-f9d948dcc908"
"room-12" = "a5091d73-d7ea-4eb7-b883-0a4d241584ca"
"room-nowhere" = "00000000-0000-4000-8000-000000000bad"
"#
        );
        let mut settings = Self { table: text.parse().expect("the text above is TOML") };
        // Rooms 1 to 24; 13 and up are behind the second IQ.
        for room in (1..=24).filter(|room| *room != 12) {
            settings.map(&format!("room-{room}"), &format!("10c00000-0000-4000-8000-{room:012x}"));
        }
        settings
    }

    /// Sets a value outside the integrations, as `set("opening.request_ttl", "30s")`.
    pub fn set(&mut self, path: &str, value: impl Into<Value>) {
        let (sections, key) = path.rsplit_once('.').expect("every setting is in a section");
        let mut table = &mut self.table;
        for section in sections.split('.') {
            let entry = table.entry(section).or_insert_with(|| Table::new().into());
            table = entry.as_table_mut().expect("a section is a table");
        }
        table.insert(key.to_owned(), value.into());
    }

    /// Removes a value outside the integrations, as `unset("redis.url")`.
    pub fn unset(&mut self, path: &str) {
        let (section, key) = path.split_once('.').expect("every setting is in a section");
        self.table[section].as_table_mut().expect("a section is a table").remove(key);
    }

    /// A value outside the integrations.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let first = self.table.get(parts.next()?)?;
        parts.try_fold(first, |value, key| value.get(key))
    }

    /// Salto's environments, by name.
    pub fn environments(&mut self) -> &mut Table {
        let environments = self.table["salto"].get_mut("environments");
        environments.and_then(Value::as_table_mut).expect("environments are a table")
    }

    /// The integrations, in the order of the file; the first one is that of [`crate::inbound`].
    pub fn integrations(&mut self) -> &mut Vec<Value> {
        self.table["integrations"].as_array_mut().expect("integrations are an array")
    }

    /// Sets a value of the first integration.
    pub fn set_integration(&mut self, key: &str, value: impl Into<Value>) {
        self.first().insert(key.to_owned(), value.into());
    }

    /// Removes a value of the first integration.
    pub fn unset_integration(&mut self, key: &str) {
        self.first().remove(key);
    }

    /// Maps an object to a lock in the first integration.
    pub fn map(&mut self, object: &str, lock: &str) {
        let locks = self.first()["locks"].as_table_mut().expect("the mapping is a table");
        locks.insert(object.to_owned(), lock.into());
    }

    /// The file's text.
    pub fn to_toml(&self) -> String {
        self.table.to_string()
    }

    fn first(&mut self) -> &mut Table {
        self.integrations()[0].as_table_mut().expect("an integration is a table")
    }
}

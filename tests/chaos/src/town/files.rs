//! The town as the simulator and postern read it.

use super::{DEFAULTED, Door, Integration, MINUTES_BEFORE, SITES, TOKEN_SECONDS, Town};
use serde_json::{Value, json};
use toml::toml;
use uuid::Uuid;

impl Town {
    /// The simulator's world file. Everybody sees the own site only, and nobody is activated.
    pub fn simulator_world(&self) -> Value {
        let accounts = self.integrations.iter().map(|one| {
            json!({
                "username": one.username,
                "password": one.password,
                "sites": [site_id(one.site)],
            })
        });
        let sites = (0..SITES).map(|site| {
            let iqs = self.iqs.iter().filter(|iq| iq.site == site).map(|iq| {
                json!({
                    "id": iq.id,
                    "customer_reference": format!("gateway {}", iq.id),
                    "secret": iq.secret,
                    "pin": iq.pin,
                })
            });
            let here = self.integrations.iter().filter(|one| one.site == site);
            let locks = here.flat_map(|one| &one.doors).map(|door| {
                json!({"id": door.lock, "customer_reference": door.object, "iq_id": door.iq})
            });
            json!({
                "id": site_id(site),
                "site_uid": site_uid(site),
                "customer_reference": format!("site {site}"),
                "iqs": iqs.collect::<Vec<_>>(),
                "locks": locks.collect::<Vec<_>>(),
            })
        });
        json!({
            "clients": [{"id": "chaos-platform", "secret": self.client_secret}],
            "accounts": accounts.collect::<Vec<_>>(),
            "sites": sites.collect::<Vec<_>>(),
            "settings": {
                // Hundreds of doors in pages of 20 would be all that happens.
                "list_form": "array",
                "error_codes": "alternate",
                "otp_failures": 5,
                "token_lifetime_seconds": TOKEN_SECONDS,
            },
        })
    }

    /// `[salto.environments.simulator]`'s client.
    pub fn client(&self) -> (&'static str, &str) {
        ("chaos-platform", &self.client_secret)
    }

    /// `[[integrations]]`.
    pub fn integration_settings(&self) -> Vec<toml::Value> {
        self.integrations.iter().map(|one| self.settings_of(one).into()).collect()
    }

    fn settings_of(&self, one: &Integration) -> toml::Table {
        let mut settings = toml! {
            environment = "simulator"
            open_from_statuses = ["confirmed", "paid"]
            record_opened_at_in = "opened_at"
        };
        settings.insert("id".to_owned(), one.id.into());
        settings.insert("active".to_owned(), one.active.into());
        settings.insert("site_uid".to_owned(), site_uid(one.site).into());
        settings.insert("username".to_owned(), one.username.clone().into());
        settings.insert("password".to_owned(), one.password.clone().into());
        settings.insert("minutes_before".to_owned(), MINUTES_BEFORE.into());
        if let Some(status) = one.check_in_status {
            settings.insert("check_in_status".to_owned(), status.into());
        }
        let mut mapped: &[Door] = &one.doors;
        if one.id == DEFAULTED {
            let default = self.default_lock();
            settings.insert("default_lock".to_owned(), default.lock.clone().into());
            mapped = &one.doors[1..];
        }
        let locks = mapped.iter().map(|door| (door.object.clone(), door.lock.clone().into()));
        settings.insert("locks".to_owned(), toml::Value::Table(locks.collect()));
        settings
    }
}

fn site_uid(site: usize) -> String {
    format!("NL00000000{site:02}")
}

fn site_id(site: usize) -> String {
    Uuid::from_u128(0x517e_0000_0000_4000_8000_0000_0000_0000 + site as u128).to_string()
}

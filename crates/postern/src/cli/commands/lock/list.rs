//! `postern lock list`: the locks of a site, with the objects that are mapped to each.

use anyhow::Context;
use consumer::{LockNames, Settings};
use operations::connections::site_access;
use rules::{IntegrationRules, LockRef};
use salto::LockInfo;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::{
    arguments::integration::SiteListArguments,
    failure::CommandFailure,
    terminal::{observer::TerminalObserver, output::Output, text::yes_or_no},
};

pub(super) const LOCK_LIST: &str = "\
The ids are for the configuration, in the section of the integration; a name will do where it is unique.
An object (product) of the
booking system opens the lock that it is mapped to; every other object opens the default lock, where
there is one:
  default_lock = \"4d77312f-…\"
  [integrations.locks]
  \"room-12\" = \"a5091d73-…\"
`postern mapping check` then checks whether these doors can be opened.";

#[derive(Debug, PartialEq, Serialize)]
struct LockRow {
    id: Uuid,
    name: Option<String>,
    iq_id: Option<String>,
    iq_name: Option<String>,
    /// According to Salto's list, which may be half an hour old.
    online: Option<bool>,
    /// As Salto spells it.
    battery_level: Option<String>,
    /// The objects mapped to the lock.
    objects: Vec<String>,
    /// Whether it is the default lock, for all other objects.
    default: bool,
}

/// Lists the locks, and warns about configured locks that the site does not have.
pub(super) async fn run(
    arguments: SiteListArguments,
    settings: &Settings,
) -> Result<(), CommandFailure> {
    let access =
        site_access::open(settings, &arguments.integration.integration_id, &TerminalObserver)
            .await?;
    let locks = access
        .with_advice(access.site.locks().await)
        .await
        .context("the locks cannot be listed")?;
    let rules = &access.integration.rules;
    let names = LockNames::of(&locks);
    let rows: Vec<LockRow> =
        locks.into_iter().map(|lock| LockRow::of(lock, rules, &names)).collect();
    for lock in unknown_locks(rules, &rows, &names) {
        tracing::warn!(%lock, "configured lock not found at the site");
    }
    let header = ["ID", "NAME", "IQ", "IQ NAME", "ONLINE", "BATTERY", "OBJECTS"];
    Output::new(arguments.output).print_all(&rows, header, LockRow::cells)
}

impl LockRow {
    fn of(lock: LockInfo, rules: &IntegrationRules, names: &LockNames) -> Self {
        let is_it = |configured: &LockRef| names.resolve(configured) == Ok(lock.id);
        let mapped = |(object, lock): (&String, &LockRef)| is_it(lock).then(|| object.clone());
        let (iq_id, iq_name) = lock.iq.map(|iq| (iq.id, iq.customer_reference)).unzip();
        Self {
            id: lock.id,
            name: lock.customer_reference,
            iq_id,
            iq_name: iq_name.flatten(),
            online: lock.online,
            battery_level: lock.battery_level,
            objects: rules.locks.iter().filter_map(mapped).collect(),
            default: rules.default_lock.as_ref().is_some_and(is_it),
        }
    }

    fn cells(&self) -> [String; 7] {
        let mut objects = self.objects.clone();
        objects.extend(self.default.then(|| "(all others)".to_owned()));
        if objects.is_empty() {
            objects.push("(none)".to_owned());
        }
        [
            self.id.to_string(),
            self.name.clone().unwrap_or_default(),
            self.iq_id.clone().unwrap_or_default(),
            self.iq_name.clone().unwrap_or_default(),
            yes_or_no(self.online),
            self.battery_level.clone().unwrap_or_default(),
            objects.join(", "),
        ]
    }
}

fn unknown_locks<'a>(
    rules: &'a IntegrationRules,
    rows: &[LockRow],
    names: &LockNames,
) -> impl Iterator<Item = &'a LockRef> {
    let configured = rules.locks.values().chain(&rules.default_lock);
    configured.filter(|lock| {
        let id = names.resolve(lock);
        rows.iter().all(|row| Ok(row.id) != id)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_lock_is_listed_with_its_objects() {
        let [room, front, missing] = [1, 2, 3].map(Uuid::from_u128);
        let rules = IntegrationRules {
            id: "acme".into(),
            active: true,
            open_from_statuses: vec!["paid".into()],
            minutes_before: 0,
            minutes_after: 0,
            shared_doors: BTreeMap::new(),
            check_in_status: None,
            record_opened_at_in: None,
            default_lock: Some("Front".into()),
            locks: BTreeMap::from([("room-1".into(), room.into()), ("old".into(), missing.into())]),
        };
        let info = |id: Uuid| -> LockInfo {
            let iq = serde_json::json!({"id": "q1", "customer_reference": "Cellar"});
            let lock = serde_json::json!({
                "id": id, "online": true, "battery_level": "fresh", "iq": iq,
                "customer_reference": (id == front).then_some("Front"),
            });
            serde_json::from_str(&lock.to_string()).unwrap()
        };
        let names = LockNames::of(&[info(room), info(front)]);
        let rows = [room, front].map(|id| LockRow::of(info(id), &rules, &names));
        assert_eq!(rows[0].cells()[2..], ["q1", "Cellar", "yes", "fresh", "room-1"]);
        assert_eq!(rows[1].cells()[6], "(all others)");
        let unknown: Vec<_> = unknown_locks(&rules, &rows, &names).collect();
        assert_eq!(unknown, [&LockRef::Id(missing)]);
        assert_eq!(
            serde_json::to_value(&rows[0]).unwrap(),
            serde_json::json!({
                "id": room, "name": null, "iq_id": "q1", "iq_name": "Cellar", "online": true,
                "battery_level": "fresh", "objects": ["room-1"], "default": false,
            })
        );
    }
}

//! `postern lock list`: the locks of a site, and which objects lead to each.

use anyhow::Context;
use consumer::Settings;
use rules::Integration;
use salto::LockInfo;
use serde::Serialize;
use uuid::Uuid;

use super::{
    args::List,
    failure::Failure,
    output::{Output, yes_or_no},
    site_access,
};

#[derive(Debug, PartialEq, Serialize)]
struct Row {
    id: Uuid,
    name: Option<String>,
    iq_id: Option<String>,
    iq_name: Option<String>,
    /// As Salto's list has it, up to half an hour old.
    online: Option<bool>,
    /// Salto's word for it.
    battery_level: Option<String>,
    /// The objects mapped to the lock.
    objects: Vec<String>,
    /// Whether all other objects lead to it.
    default: bool,
}

/// Asks Salto and prints; a configured lock that the site does not have is worth a warning.
pub(super) async fn list(list: List, settings: &Settings) -> Result<(), Failure> {
    let access = site_access::open(settings, &list.integration.integration_id).await?;
    let locks =
        access.hear(access.site.locks().await).await.context("the locks cannot be listed")?;
    let rules = &access.integration.rules;
    let rows: Vec<Row> = locks.into_iter().map(|lock| Row::of(lock, rules)).collect();
    for lock in unknown(rules, &rows) {
        tracing::warn!(%lock, "the configuration names a lock that the site does not have");
    }
    let header = ["ID", "NAME", "IQ", "IQ NAME", "ONLINE", "BATTERY", "OBJECTS"];
    Output::new(list.printing).all(&rows, header, Row::cells)
}

impl Row {
    fn of(lock: LockInfo, rules: &Integration) -> Self {
        let mapped = |(object, id): (&String, &Uuid)| (*id == lock.id).then(|| object.clone());
        let (iq_id, iq_name) = lock.iq.map(|iq| (iq.id, iq.customer_reference)).unzip();
        Self {
            id: lock.id,
            name: lock.customer_reference,
            iq_id,
            iq_name: iq_name.flatten(),
            online: lock.online,
            battery_level: lock.battery_level,
            objects: rules.locks.iter().filter_map(mapped).collect(),
            default: rules.default_lock == Some(lock.id),
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

fn unknown<'a>(rules: &'a Integration, rows: &[Row]) -> impl Iterator<Item = &'a Uuid> {
    let configured = rules.locks.values().chain(&rules.default_lock);
    configured.filter(|lock| rows.iter().all(|row| row.id != **lock))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn objects_stand_beside_their_lock() {
        let [room, front, gone] = [1, 2, 3].map(Uuid::from_u128);
        let rules = Integration {
            id: "acme".into(),
            active: true,
            open_from_statuses: vec!["paid".into()],
            minutes_before: 0,
            check_in_status: None,
            record_opened_at_in: None,
            default_lock: Some(front),
            locks: BTreeMap::from([("room-1".into(), room), ("old".into(), gone)]),
        };
        let info = |id: Uuid| -> LockInfo {
            let iq = serde_json::json!({"id": "q1", "customer_reference": "Cellar"});
            serde_json::from_value(
                serde_json::json!({"id": id, "online": true, "battery_level": "fresh", "iq": iq}),
            )
            .unwrap()
        };
        let rows = [room, front].map(|id| Row::of(info(id), &rules));
        assert_eq!(rows[0].cells()[2..], ["q1", "Cellar", "yes", "fresh", "room-1"]);
        assert_eq!(rows[1].cells()[6], "(all others)");
        assert_eq!(unknown(&rules, &rows).collect::<Vec<_>>(), [&gone]);
        assert_eq!(
            serde_json::to_value(&rows[0]).unwrap(),
            serde_json::json!({
                "id": room, "name": null, "iq_id": "q1", "iq_name": "Cellar", "online": true,
                "battery_level": "fresh", "objects": ["room-1"], "default": false,
            })
        );
    }
}

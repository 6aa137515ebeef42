//! What Salto lists: the sites that an account can see, and the locks of its own site.

use anyhow::Context;
use consumer::LockNames;
use rules::{IntegrationRules, LockRef};
use salto::{LockInfo, SiteInfo};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::connections::site_access::SiteAccess;

/// A lock, with what is mapped to it. Members that Salto does not give are null.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct LockReport {
    /// The id.
    pub id: Uuid,
    /// The door's name at Salto.
    pub name: Option<String>,
    /// The IQ that it is reached through.
    pub iq_id: Option<String>,
    /// The IQ's name.
    pub iq_name: Option<String>,
    /// Whether it is online, according to Salto's list, which may be half an hour old.
    pub online: Option<bool>,
    /// The battery's level, as Salto spells it.
    pub battery_level: Option<String>,
    /// Whether it is in privacy mode, which is turned on from inside, and refuses openings.
    pub privacy_mode: Option<bool>,
    /// The objects that are mapped to it.
    pub objects: Vec<String>,
    /// Whether it is the default lock, for all other objects.
    pub default: bool,
}

/// The locks of a site.
#[derive(Debug)]
pub struct SiteLocks {
    /// In the order of Salto's list.
    pub locks: Vec<LockReport>,
    /// Those that the integration names, and the site does not have.
    pub missing: Vec<LockRef>,
}

/// A site that an account can see.
#[derive(Debug, Serialize, ToSchema)]
pub struct SiteReport {
    /// The id.
    pub id: Uuid,
    /// What is set as `site_uid`.
    pub site_uid: Option<String>,
    /// The name at Salto.
    pub name: Option<String>,
}

/// Reads the locks from Salto.
///
/// # Errors
/// Salto does not list them.
pub async fn site_locks(access: &SiteAccess<'_>) -> anyhow::Result<SiteLocks> {
    let locks = access.with_advice(access.site.locks().await).await;
    let locks = locks.context("the locks cannot be listed")?;
    Ok(SiteLocks::of(locks, &access.integration.rules))
}

/// Reads the sites from Salto.
///
/// # Errors
/// Salto does not list them.
pub async fn account_sites(access: &SiteAccess<'_>) -> anyhow::Result<Vec<SiteReport>> {
    let sites = access.with_advice(access.site.sites().await).await;
    let sites = sites.context("the sites cannot be listed")?;
    Ok(sites.into_iter().map(SiteReport::from).collect())
}

impl From<SiteInfo> for SiteReport {
    fn from(site: SiteInfo) -> Self {
        Self { id: site.id, site_uid: site.site_uid, name: site.customer_reference }
    }
}

impl SiteLocks {
    fn of(locks: Vec<LockInfo>, rules: &IntegrationRules) -> Self {
        let names = LockNames::of(&locks);
        let locks: Vec<_> =
            locks.into_iter().map(|lock| LockReport::of(lock, rules, &names)).collect();
        let configured = rules.locks.values().chain(&rules.default_lock);
        let is_missing = |lock: &&LockRef| {
            let id = names.resolve(lock);
            locks.iter().all(|known| Ok(known.id) != id)
        };
        let missing = configured.filter(is_missing).cloned().collect();
        Self { locks, missing }
    }
}

impl LockReport {
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
            privacy_mode: lock.privacy_mode,
            objects: rules.locks.iter().filter_map(mapped).collect(),
            default: rules.default_lock.as_ref().is_some_and(is_it),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::rules;

    #[test]
    fn a_lock_is_listed_with_its_objects() {
        let [room, front, missing] = [1, 2, 3].map(Uuid::from_u128);
        let rules = rules(&[("room-1", room), ("old", missing)], Some("Front".into()));
        let info = |id: Uuid| -> LockInfo {
            let iq = json!({"id": "q1", "customer_reference": "Cellar"});
            let lock = json!({
                "id": id, "online": true, "battery_level": "fresh", "iq": iq,
                "customer_reference": (id == front).then_some("Front"),
            });
            serde_json::from_str(&lock.to_string()).unwrap()
        };
        let SiteLocks { locks, missing: found } =
            SiteLocks::of(vec![info(room), info(front)], &rules);
        assert_eq!(found, [LockRef::Id(missing)]);
        assert_eq!((locks[1].objects.len(), locks[1].default), (0, true));
        assert_eq!(
            serde_json::to_value(&locks[0]).unwrap(),
            json!({
                "id": room, "name": null, "iq_id": "q1", "iq_name": "Cellar", "online": true,
                "battery_level": "fresh", "privacy_mode": null, "objects": ["room-1"],
                "default": false,
            })
        );
    }
}

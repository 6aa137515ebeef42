//! What Salto's lists say about sites, locks and IQs, read leniently: unknown members are ignored,
//! anything but an id may be missing or null.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

/// A site of the account \[M\].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SiteInfo {
    /// The id that calls use.
    pub id: Uuid,
    /// The UID that people use, e.g. `NL6254340082`.
    #[serde(default, deserialize_with = "lenient")]
    pub site_uid: Option<String>,
    /// The site's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
}

/// A lock of a site \[M\].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LockInfo {
    /// The lock's id.
    pub id: Uuid,
    /// The door's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
    /// Lags by up to half an hour: information, never a reason to refuse.
    #[serde(default, deserialize_with = "lenient")]
    pub online: Option<bool>,
    /// `locked`, `unlocked`, …
    #[serde(default, deserialize_with = "lenient")]
    pub locked_state: Option<String>,
    /// Salto's word for the battery, such as `fresh`.
    #[serde(default, deserialize_with = "lenient")]
    pub battery_level: Option<String>,
    /// The model.
    #[serde(default, deserialize_with = "lenient")]
    pub lock_type: Option<String>,
    /// The IQ that it is reached through.
    #[serde(default, deserialize_with = "lenient")]
    pub iq: Option<LockIq>,
}

/// The IQ as a lock names it \[M\].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LockIq {
    /// The IQ's id.
    pub id: String,
    /// The IQ's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
    /// Lags by up to half an hour.
    #[serde(default, deserialize_with = "lenient")]
    pub is_online: Option<bool>,
    /// Whether commands need a one-time password.
    #[serde(default, deserialize_with = "lenient")]
    pub otp_enabled: Option<bool>,
}

/// An IQ of a site \[M\].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IqInfo {
    /// The IQ's id.
    pub id: String,
    /// The IQ's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
    /// Lags by up to half an hour.
    #[serde(default, deserialize_with = "lenient")]
    pub online: Option<bool>,
    /// Salto's word for its state.
    #[serde(default, deserialize_with = "lenient")]
    pub state: Option<String>,
    /// Whether commands need a one-time password.
    #[serde(default, deserialize_with = "lenient")]
    pub otp_enabled: Option<bool>,
    /// `true`: the secret and PIN stored for it are dead \[M\].
    #[serde(default, deserialize_with = "lenient")]
    pub restore_required: Option<bool>,
}

/// What Salto says of this user's activation at an IQ \[M\].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActivatedIq {
    /// The IQ's id.
    pub iq_id: String,
    /// Whether the user is activated there.
    #[serde(default, deserialize_with = "lenient")]
    pub activated: Option<bool>,
    /// Since when.
    #[serde(default, deserialize_with = "lenient")]
    pub activation_date: Option<DateTime<Utc>>,
}

/// Null, missing and values of another type are all `None`.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// The readable ones among a list's items; the others are told of in a warning, by number.
pub(crate) fn readable<T: serde::de::DeserializeOwned>(items: Vec<Value>, what: &str) -> Vec<T> {
    let all = items.len();
    let read: Vec<T> =
        items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect();
    if read.len() < all {
        tracing::warn!(what, skipped = all - read.len(), "list items without a usable id");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_is_needed() {
        let items = serde_json::json!([
            {"id": "a5091d73-d7ea-4eb7-b883-0a4d241584ca", "online": null, "iq": null, "new": [1]},
            {"id": "4d77312f-4a87-41db-a97b-f9d948dcc908", "online": "yes", "iq": {"id": "q1"}},
            {"id": "no uuid"},
            7
        ]);
        let Value::Array(items) = items else { panic!("an array") };
        let locks: Vec<LockInfo> = readable(items, "locks");
        assert_eq!(locks.len(), 2);
        assert_eq!((locks[0].online, locks[0].iq.clone()), (None, None));
        assert_eq!(locks[1].online, None);
        assert_eq!(locks[1].iq.as_ref().unwrap().id, "q1");
    }
}

//! Sites, locks and IQs in Salto's lists (`docs/salto-ks.md`, Connect API). They are read leniently:
//! unknown members are ignored, and every member but an id may be missing or null.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::http::pages::Pages;

/// A site of the account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SiteInfo {
    /// The UUID that calls need.
    pub id: Uuid,
    /// The UID that people use, e.g. `NL6254340082`.
    #[serde(default, deserialize_with = "lenient")]
    pub site_uid: Option<String>,
    /// The site's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
}

/// A lock of a site.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LockInfo {
    /// The lock's id.
    pub id: Uuid,
    /// The door's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
    /// Whether the lock is online. It lags, and is never a reason to refuse (`docs/salto-ks.md`, The OTP).
    #[serde(default, deserialize_with = "lenient")]
    pub online: Option<bool>,
    /// The lock's state, e.g. `locked` (`docs/salto-ks.md`, What else stands between a command and a door).
    #[serde(default, deserialize_with = "lenient")]
    pub locked_state: Option<String>,
    /// The battery's level in Salto's terms, e.g. `fresh`.
    #[serde(default, deserialize_with = "lenient")]
    pub battery_level: Option<String>,
    /// The model.
    #[serde(default, deserialize_with = "lenient")]
    pub lock_type: Option<String>,
    /// Whether the lock is in privacy mode, which is turned on from inside, and refuses openings
    /// (`docs/salto-ks.md`, What else stands between a command and a door).
    #[serde(default, deserialize_with = "lenient")]
    pub privacy_mode: Option<bool>,
    /// The IQ that the lock is reached through.
    #[serde(default, deserialize_with = "lenient")]
    pub iq: Option<LockIq>,
}

/// The IQ in the entry of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LockIq {
    /// The IQ's id.
    pub id: String,
    /// The IQ's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
    /// Whether the IQ is online. It lags by 30 to 60 minutes (`docs/salto-ks.md`, The OTP).
    #[serde(default, deserialize_with = "lenient")]
    pub is_online: Option<bool>,
    /// Whether commands need a one-time password.
    #[serde(default, deserialize_with = "lenient")]
    pub otp_enabled: Option<bool>,
}

/// An IQ of a site.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct IqInfo {
    /// The IQ's id.
    pub id: String,
    /// The IQ's name.
    #[serde(default, deserialize_with = "lenient")]
    pub customer_reference: Option<String>,
    /// Whether the IQ is online. It lags by 30 to 60 minutes (`docs/salto-ks.md`, The OTP).
    #[serde(default, deserialize_with = "lenient")]
    pub online: Option<bool>,
    /// The IQ's state in Salto's terms.
    #[serde(default, deserialize_with = "lenient")]
    pub state: Option<String>,
    /// Whether commands need a one-time password.
    #[serde(default, deserialize_with = "lenient")]
    pub otp_enabled: Option<bool>,
    /// `true`: its stored secret and PIN are no longer valid (`docs/salto-ks.md`, The OTP).
    #[serde(default, deserialize_with = "lenient")]
    pub restore_required: Option<bool>,
}

/// This user's activation at an IQ, as Salto has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActivatedIq {
    /// The IQ's id.
    pub iq_id: String,
    /// Whether the user is activated there.
    #[serde(default, deserialize_with = "lenient")]
    pub activated: Option<bool>,
    /// When the user was activated.
    #[serde(default, deserialize_with = "lenient")]
    pub activation_date: Option<DateTime<Utc>>,
}

/// Null, missing and values of another type are all `None`.
pub(super) fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    Ok(serde_json::from_str(<&RawValue>::deserialize(deserializer)?.get()).ok())
}

/// Whether a body is a page of one of these lists with an item that can be read.
pub(super) fn has_item(body: &[u8]) -> bool {
    Pages::<SiteInfo>::has_item(body)
        | Pages::<LockInfo>::has_item(body)
        | Pages::<IqInfo>::has_item(body)
        | Pages::<ActivatedIq>::has_item(body)
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[test]
    fn only_the_id_is_required() {
        let items = serde_json::json!([
            {"id": "a5091d73-d7ea-4eb7-b883-0a4d241584ca", "online": null, "iq": null, "new": [1]},
            {"id": "4d77312f-4a87-41db-a97b-f9d948dcc908", "online": "yes", "iq": {"id": "q1"}},
            {"id": "no uuid"},
            7
        ]);
        let mut pages = Pages::new(Url::parse("http://h/l").unwrap());
        pages.add(items.to_string().as_bytes()).unwrap();
        let locks: Vec<LockInfo> = pages.items("locks");
        assert_eq!(locks.len(), 2);
        assert_eq!((locks[0].online, locks[0].iq.clone()), (None, None));
        assert_eq!(locks[1].online, None);
        assert_eq!(locks[1].iq.as_ref().unwrap().id, "q1");
    }
}

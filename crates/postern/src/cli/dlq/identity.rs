//! Ids of dead letters: the broker gives them none.

use std::collections::HashMap;

use chrono::SecondsFormat;
use publisher::{DeadLetterHeaders, ReceivedMessage};
use uuid::Uuid;

use super::wire;

/// The namespace of these ids. Changing it changes every id an operator has written down.
const NAMESPACE: Uuid = Uuid::from_u128(0x2c8d_27a4_0d2e_4c55_9c38_77b0_5e0a_94d1);

/// The same for a letter however often it is read, and another one for every other letter, unless
/// that is a twin: the same message, failed at the same instant, for the same reason.
///
/// Headers of the broker's (`x-`) take no part: it counts deliveries in one of them.
pub(super) fn fingerprint(letter: &ReceivedMessage, label: &DeadLetterHeaders) -> Uuid {
    let body = Uuid::new_v5(&NAMESPACE, &letter.body);
    let failed_at = label.failed_at.map(|time| time.to_rfc3339_opts(SecondsFormat::Nanos, true));
    let mut headers = wire::headers(&letter.properties);
    headers.retain(|name, _| !name.starts_with("x-"));
    let whole = serde_json::json!([
        label.queue,
        label.reason.as_str(),
        failed_at,
        wire::properties(&letter.properties),
        headers,
        body,
    ]);
    Uuid::new_v5(&NAMESPACE, whole.to_string().as_bytes())
}

/// The id of the twin of this number. Of twins it does not matter which is which: where one is
/// taken away, the highest number is.
fn twin(fingerprint: Uuid, number: u32) -> Uuid {
    if number == 0 { fingerprint } else { Uuid::new_v5(&fingerprint, &number.to_be_bytes()) }
}

/// Numbers twins.
#[derive(Debug, Default)]
pub(super) struct Census(HashMap<Uuid, u32>);

impl Census {
    /// The id of the next letter with this fingerprint.
    pub(super) fn id(&mut self, fingerprint: Uuid) -> Uuid {
        let seen = self.0.entry(fingerprint).or_default();
        let id = twin(fingerprint, *seen);
        *seen += 1;
        id
    }

    /// How many letters there were of each fingerprint.
    pub(super) fn totals(self) -> HashMap<Uuid, u32> {
        self.0
    }
}

//! Ids of dead letters, which the broker does not have.

use std::collections::HashMap;

use chrono::SecondsFormat;
use publisher::{DeadLetterHeaders, ReceivedMessage};
use uuid::Uuid;

use super::message_json;

/// The namespace of these ids. A change of it changes every id that an operator has noted.
const NAMESPACE: Uuid = Uuid::from_u128(0x2c8d_27a4_0d2e_4c55_9c38_77b0_5e0a_94d1);

/// The fingerprint of a dead letter. It is the same whenever the letter is read, and differs from that
/// of every other letter, except of a duplicate: the same message, failed at the same time, for the
/// same reason.
///
/// Headers of the broker (`x-`) are left out, because it counts deliveries in one of them.
pub(super) fn fingerprint(letter: &ReceivedMessage, dead_letter: &DeadLetterHeaders) -> Uuid {
    let body = Uuid::new_v5(&NAMESPACE, &letter.body);
    let failed_at =
        dead_letter.failed_at.map(|time| time.to_rfc3339_opts(SecondsFormat::Nanos, true));
    let mut headers = message_json::headers(&letter.properties);
    headers.retain(|name, _| !name.starts_with("x-"));
    let whole = serde_json::json!([
        dead_letter.queue,
        dead_letter.reason.as_str(),
        failed_at,
        message_json::properties(&letter.properties),
        headers,
        body,
    ]);
    Uuid::new_v5(&NAMESPACE, whole.to_string().as_bytes())
}

/// The id of the duplicate with this number. Duplicates are interchangeable: where one is removed, the
/// highest number is no longer used.
fn duplicate_id(fingerprint: Uuid, number: u32) -> Uuid {
    if number == 0 { fingerprint } else { Uuid::new_v5(&fingerprint, &number.to_be_bytes()) }
}

/// Numbers duplicates.
#[derive(Debug, Default)]
pub(super) struct DuplicateCounter(HashMap<Uuid, u32>);

impl DuplicateCounter {
    /// The id of the next letter with this fingerprint.
    pub(super) fn next_id(&mut self, fingerprint: Uuid) -> Uuid {
        let count = self.0.entry(fingerprint).or_default();
        let id = duplicate_id(fingerprint, *count);
        *count += 1;
        id
    }

    /// The number of letters by fingerprint.
    pub(super) fn counts(self) -> HashMap<Uuid, u32> {
        self.0
    }
}

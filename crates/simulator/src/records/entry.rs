//! A row of the event log that Salto shows (`docs/salto-ks.md`, Connect API).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) category: EntryCategory,
    /// By the simulator's clock.
    pub(crate) time: DateTime<Utc>,
    /// By the machine's clock.
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) lock_id: Uuid,
    pub(crate) iq_id: Option<Uuid>,
    pub(crate) username: Arc<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EntryCategory {
    LockOpened,
    LockRejected,
}

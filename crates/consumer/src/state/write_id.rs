//! The id of a write to Redis, kept until its reply has come: a write that is repeated after a lost reply has
//! the same id, so that Redis can answer it as it did the first time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

/// The ids of the writes that were not answered, by what they are about.
#[derive(Debug, Default)]
pub(super) struct WriteIds(Mutex<HashMap<String, Uuid>>);

impl WriteIds {
    /// The id of the next write about this: that of the last one, unless it was answered.
    pub(super) fn begin(&self, about: &str) -> Uuid {
        *self.ids().entry(about.to_owned()).or_insert_with(Uuid::new_v4)
    }

    /// The write about this was answered.
    pub(super) fn answered(&self, about: &str) {
        self.ids().remove(about);
    }

    fn ids(&self) -> MutexGuard<'_, HashMap<String, Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

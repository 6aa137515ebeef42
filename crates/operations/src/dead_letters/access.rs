//! What every operation on dead letters uses.

use std::collections::BTreeSet;

use config::BrokerConfig;

use crate::Observer;

/// The dead letters of a broker, and who is told of what happens meanwhile.
#[derive(Clone, Copy)]
pub struct DeadLetters<'a> {
    /// The broker; and the rest of the configuration, where results of replays are to be predicted.
    pub config: &'a BrokerConfig,
    /// Who is told of notes and of the progress.
    pub observer: &'a dyn Observer,
    /// The integrations whose letters exist for the caller; nothing where it is all letters, also those of none.
    pub integrations: Option<&'a BTreeSet<String>>,
}

impl<'a> DeadLetters<'a> {
    /// All letters.
    pub fn all(config: &'a BrokerConfig, observer: &'a dyn Observer) -> Self {
        Self { config, observer, integrations: None }
    }

    /// Whether a letter of this integration exists for the caller.
    pub(super) fn has(&self, integration_id: Option<&str>) -> bool {
        let Some(integrations) = self.integrations else { return true };
        integration_id.is_some_and(|id| integrations.contains(id))
    }
}

//! The settings of a command, completed by the stored integrations.

use std::collections::HashSet;

use consumer::{IntegrationRecords, Settings, StoreError};

use super::known::{IntegrationProblem, KnownIntegration};

/// The stored integrations that a worker with the same configuration uses.
#[derive(Debug, Clone, Default)]
pub struct StoredInUse {
    /// How many were added to the settings.
    pub added: usize,
    /// Those that no worker uses.
    pub unused: Vec<UnusedIntegration>,
}

/// A stored integration that no worker uses.
#[derive(Debug, Clone)]
pub struct UnusedIntegration {
    /// Its id.
    pub id: String,
    /// Why.
    pub problem: IntegrationProblem,
}

/// Adds the stored integrations to those of the file, in the order of their ids. Nothing is added where Redis
/// does not answer.
///
/// # Errors
///
/// [`StoreError`], where Redis does not answer: what is stored is unknown.
pub async fn complete(settings: &mut Settings) -> Result<StoredInUse, StoreError> {
    let records =
        IntegrationRecords::new(settings).map_err(|error| StoreError::Away(error.to_string()))?;
    let of_file: HashSet<String> =
        settings.integrations.iter().map(|it| it.rules.id.clone()).collect();
    let mut in_use = StoredInUse::default();
    for (id, record) in records.all().await? {
        let is_of_file = of_file.contains(&id);
        let known = KnownIntegration::stored(&id, &record, &settings.environments, is_of_file);
        match (known.settings, known.problem) {
            (Some(integration), _) => {
                settings.integrations.push(integration);
                in_use.added += 1;
            }
            (None, Some(problem)) => in_use.unused.push(UnusedIntegration { id, problem }),
            (None, None) => {}
        }
    }
    Ok(in_use)
}

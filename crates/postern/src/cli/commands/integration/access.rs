//! Access to the integrations, and the failures of changes.

use anyhow::anyhow;
use config::{ChangeError, Config, KnownIntegration, StoredIntegrations};
use consumer::StoreError;
use operations::{
    connections::{advice, store_failure::store_failure},
    text::join_or_none,
};
use salto::KeyCheckError;

use crate::cli::failure::CommandFailure;

/// The integrations of the file and those that are stored.
pub(super) fn open(config: &Config) -> Result<StoredIntegrations, CommandFailure> {
    StoredIntegrations::new(config).map_err(|error| CommandFailure::Failed(error.into()))
}

/// The integration of that id.
pub(super) async fn find(
    integrations: &StoredIntegrations,
    id: &str,
) -> Result<KnownIntegration, CommandFailure> {
    match integrations.get(id).await.map_err(store_failure)? {
        Some(known) => Ok(known),
        None => {
            let all = integrations.list().await.map_err(store_failure)?;
            let ids: Vec<&str> = all.iter().map(|it| it.id.as_str()).collect();
            let known = join_or_none(&ids);
            Err(CommandFailure::Usage(format!("there is no integration {id:?}; known: {known}")))
        }
    }
}

/// The failure of a change.
pub(super) fn change_failure(error: ChangeError) -> CommandFailure {
    match error {
        ChangeError::Mistakes(report) => CommandFailure::Configuration(report),
        ChangeError::Store(error) => store_failure(error).into(),
        ChangeError::Unconfirmed(StoreError::Away(_)) => CommandFailure::Failed(anyhow!(
            "{error}; {}; `postern integration show` says what is stored",
            advice::REDIS_UNUSABLE
        )),
        ChangeError::SecretsKey(KeyCheckError::Redis(error)) => {
            CommandFailure::Failed(anyhow!("{error}; {}", advice::REDIS_UNUSABLE))
        }
        ChangeError::Unconfirmed(StoreError::Record(_))
        | ChangeError::SecretsKey(KeyCheckError::WrongKey)
        | ChangeError::OfFile { .. }
        | ChangeError::Unknown { .. }
        | ChangeError::VersionMissing { .. }
        | ChangeError::Newer { .. }
        | ChangeError::Removed { .. }
        | ChangeError::RedisUrl(_)
        | ChangeError::Contested { .. }
        | ChangeError::Audit(_)
        | ChangeError::AuditLineLost { .. } => CommandFailure::Failed(error.into()),
    }
}

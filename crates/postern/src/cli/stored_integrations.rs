//! The settings of a command, completed by the integrations that are stored in Redis.

use std::time::Duration;

use config::{BrokerConfig, StoredInUse};
use consumer::Settings;

/// How long Redis may take: without it, commands work with the integrations of the file.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Adds the stored integrations to those of the file; an error says why they are unknown.
pub(crate) async fn read(settings: &mut Settings) -> Result<StoredInUse, String> {
    match tokio::time::timeout(TIME_LIMIT, config::complete(settings)).await {
        Ok(Ok(in_use)) => Ok(in_use),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("Redis did not answer within {} s", TIME_LIMIT.as_secs())),
    }
}

/// Adds the stored integrations to those of the file. Warns of those that cannot be used. Answers why they are
/// unknown, where they are.
pub(super) async fn complete(settings: &mut Settings) -> Option<String> {
    match read(settings).await {
        Ok(in_use) => {
            for unused in in_use.unused {
                let (id, problem) = (unused.id, unused.problem);
                tracing::warn!("the stored integration {id:?} is not used: {problem}");
            }
            None
        }
        Err(error) => Some(error),
    }
}

/// The same as [`complete`] for a command that needs the broker alone, where there is a whole configuration.
pub(super) async fn complete_broker(config: &mut BrokerConfig) {
    let Some(settings) = &mut config.complete else { return };
    let unknown = complete(settings).await;
    if let Some(why) = &unknown {
        tracing::warn!(
            "the stored integrations are unknown, only those of the file are known: {why}"
        );
    }
    config.stored_are_unknown = unknown.is_some();
}

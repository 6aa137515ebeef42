//! The selected dead letters, before an action.

use super::{
    connection,
    report::{ActionReport, SelectedLetter},
    search::Search,
    selection::Criteria,
};
use crate::cli::failure::CommandFailure;
use config::BrokerConfig;

/// Finds the letters that match now. Fails where one of the ids is not found.
pub(super) async fn find(
    criteria: &Criteria,
    config: &BrokerConfig,
) -> Result<ActionReport, CommandFailure> {
    let connection = connection::open(config).await?;
    let mut search = Search::begin(&connection, criteria, config).await?;
    let mut selected = Vec::new();
    while let Some(found) = search.next().await? {
        selected.push(SelectedLetter { id: found.info.id, fingerprint: found.fingerprint });
    }
    let counts = search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    Ok(ActionReport::new(selected, counts))
}

//! The selected dead letters, before an action.

use super::{
    access::DeadLetters,
    connection,
    report::{ActionReport, SelectedLetter},
    search::Search,
    selection::Criteria,
};
use crate::OperationError;

/// Finds the letters that match now.
///
/// # Errors
/// One of the ids is not found, the value of a filter is not known, or the broker does not answer.
pub async fn select<'a>(
    letters: DeadLetters<'a>,
    criteria: &Criteria,
) -> Result<ActionReport<'a>, OperationError> {
    let connection = connection::open(letters.config).await?;
    let mut search = Search::begin(&connection, letters, criteria).await?;
    let mut selected = Vec::new();
    while let Some(found) = search.next().await? {
        selected.push(SelectedLetter { id: found.info.id, fingerprint: found.fingerprint });
    }
    let counts = search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    Ok(ActionReport::new(selected, counts, letters.observer))
}

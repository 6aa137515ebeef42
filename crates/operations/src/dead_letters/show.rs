//! One complete dead letter, and the predicted result of a replay.

use std::collections::BTreeSet;

use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    access::DeadLetters,
    connection,
    document::LetterDocument,
    predictor::{Prediction, Predictor},
    search::Search,
    selection::{Criteria, not_found},
};
use crate::OperationError;

/// A complete dead letter. Its body may contain personal data.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownLetter {
    /// The letter.
    #[serde(flatten)]
    pub document: LetterDocument,
    /// The predicted result of a replay.
    #[serde(flatten)]
    pub prediction: Prediction,
}

/// Finds the letter, and returns it to the queue.
///
/// # Errors
/// There is none of this id, or the broker does not answer.
pub async fn show(letters: DeadLetters<'_>, id: Uuid) -> Result<ShownLetter, OperationError> {
    let criteria = Criteria::Ids(BTreeSet::from([id]));
    let mut predictor = Predictor::new(letters.config)?;
    let connection = connection::open(letters.config).await?;
    let mut search = Search::begin(&connection, letters, &criteria).await?;
    let found = search.next().await?;
    search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    let found = found.ok_or_else(|| not_found([id]))?;

    let prediction = predictor.predict(&found.letter.arrival, Utc::now()).await;
    Ok(ShownLetter { document: found.into_document(), prediction })
}

//! The predicted results of replays, without changing any letter.

use chrono::Utc;
use serde::Serialize;
use uuid::Uuid;

use super::{
    access::DeadLetters,
    connection,
    predictor::{Prediction, Predictor},
    search::Search,
    selection::Criteria,
};
use crate::OperationError;

/// The predicted result of a replay of one letter.
#[derive(Debug, Clone, Serialize)]
pub struct PredictedReplay {
    /// The id of the letter.
    pub id: Uuid,
    /// The predicted result.
    #[serde(flatten)]
    pub prediction: Prediction,
}

/// Predicts the results for all letters that match.
///
/// # Errors
/// One of the ids is not found, the value of a filter is not known, or the broker does not answer.
pub async fn predict(
    letters: DeadLetters<'_>,
    criteria: &Criteria,
) -> Result<Vec<PredictedReplay>, OperationError> {
    let mut predictor = Predictor::new(letters.config)?;
    let connection = connection::open(letters.config).await?;
    let mut search = Search::begin(&connection, letters, criteria).await?;
    let mut predicted = Vec::new();
    while let Some(found) = search.next().await? {
        let prediction = predictor.predict(&found.letter.arrival, Utc::now()).await;
        predicted.push(PredictedReplay { id: found.info.id, prediction });
    }
    search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    Ok(predicted)
}

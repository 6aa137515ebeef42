//! The dead letters, without changing any.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    access::DeadLetters,
    connection,
    identity::DuplicateCounter,
    info::{DeadLetterInfo, SharedText},
    predictor::{Prediction, Predictor},
    search::Search,
    selection::{Criteria, LetterFilters},
};
use crate::OperationError;

/// The number up to which the results of replays are predicted: the queue of dead letters waits meanwhile.
pub const PREDICTED: usize = 1_000;

/// A dead letter, with the predicted result of a replay.
#[derive(Debug, Clone, Serialize)]
pub struct ListedLetter {
    /// What a listing shows of it.
    #[serde(flatten)]
    pub info: DeadLetterInfo,
    /// The predicted result; none beyond the first [`PREDICTED`].
    #[serde(flatten)]
    pub prediction: Option<Prediction>,
}

/// Letters that probably have the same cause.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LetterGroup {
    /// Their reason.
    #[schema(value_type = String)]
    pub reason: SharedText,
    /// The queue that they were in before.
    #[schema(value_type = Option<String>)]
    pub queue: Option<SharedText>,
    /// Their integration.
    #[schema(value_type = Option<String>)]
    pub integration_id: Option<SharedText>,
    /// Their number.
    pub count: usize,
    /// When the first of them failed.
    pub first: Option<DateTime<Utc>>,
    /// When the last of them failed.
    pub last: Option<DateTime<Utc>>,
    /// The number of letters by the predicted result of a replay.
    #[schema(value_type = BTreeMap<String, usize>)]
    pub predicted: BTreeMap<&'static str, usize>,
}

/// The dead letters that match, in the order of the queue. They are in the queue again when this returns, so that a
/// reader of the list does not delay other operations.
///
/// # Errors
/// The value of a filter is not known, or the broker does not answer.
pub async fn list(
    letters: DeadLetters<'_>,
    filters: LetterFilters,
) -> Result<Vec<ListedLetter>, OperationError> {
    let connection = connection::open(letters.config).await?;
    let criteria = Criteria::Matching(filters);
    let mut predictor = Predictor::new(letters.config)?;
    let mut search = Search::begin(&connection, letters, &criteria).await?;
    let mut listed = Vec::new();
    let mut fingerprints = Vec::new();
    while let Some(found) = search.next().await? {
        let prediction = match listed.len() {
            0..PREDICTED => Some(predictor.predict(&found.letter.arrival, Utc::now()).await),
            _ => None,
        };
        listed.push(ListedLetter { info: found.info, prediction });
        fingerprints.push(found.fingerprint);
    }
    search.end().await?;
    let _ = connection.close(200, "done".into()).await;
    number_duplicates(&mut listed, &fingerprints);
    Ok(listed)
}

impl ListedLetter {
    /// The predicted result as text.
    pub fn predicted_result(&self) -> &'static str {
        self.prediction.as_ref().map_or("not predicted", |it| it.result.text())
    }
}

/// Gives the first of several duplicates the highest number. That number is no longer used when one of
/// them is removed, so an operator who works down the list finds each id that was listed.
fn number_duplicates(letters: &mut [ListedLetter], fingerprints: &[Uuid]) {
    let mut counter = DuplicateCounter::default();
    for (letter, fingerprint) in letters.iter_mut().zip(fingerprints).rev() {
        letter.info.id = counter.next_id(*fingerprint);
    }
}

/// The letters by reason, queue and integration.
pub fn groups(letters: &[ListedLetter]) -> Vec<LetterGroup> {
    let mut groups: BTreeMap<_, LetterGroup> = BTreeMap::new();
    for letter in letters {
        let DeadLetterInfo { reason, queue, integration_id, failed_at, .. } = &letter.info;
        let group = groups.entry((reason, queue, integration_id)).or_insert_with(|| LetterGroup {
            reason: SharedText::clone(reason),
            queue: queue.clone(),
            integration_id: integration_id.clone(),
            count: 0,
            first: *failed_at,
            last: *failed_at,
            predicted: BTreeMap::new(),
        });
        group.count += 1;
        group.first = [group.first, *failed_at].into_iter().flatten().min();
        group.last = [group.last, *failed_at].into_iter().flatten().max();
        *group.predicted.entry(letter.predicted_result()).or_default() += 1;
    }
    groups.into_values().collect()
}

//! The result of an action for each of the selected dead letters.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::observer::{Observer, Walk};

/// The result for one letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "result", content = "detail", rename_all = "snake_case")]
pub enum ActionResult {
    /// It is in its original queue, and no longer a dead letter.
    Replayed,
    /// It is only in the archive.
    Dropped,
    /// It is still a dead letter, for this reason.
    Failed(String),
    /// Another operation has replayed or dropped it meanwhile.
    Gone,
    /// It was not reached, and is still a dead letter.
    Left,
}

/// A selected letter: its id, and the fingerprint by which it is found again.
#[derive(Debug, Clone, Copy)]
pub(super) struct SelectedLetter {
    pub(super) id: Uuid,
    pub(super) fingerprint: Uuid,
}

/// The letters that were selected at the start, and their results.
pub struct ActionReport<'a> {
    selected: Vec<SelectedLetter>,
    /// The number of letters by fingerprint, selected or not.
    counts: HashMap<Uuid, u32>,
    results: HashMap<Uuid, ActionResult>,
    last_position: u32,
    walk: Walk<'a>,
}

/// A letter with its result.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandledLetter {
    /// The id of the letter.
    pub id: Uuid,
    /// Its result.
    #[serde(flatten)]
    pub result: ActionResult,
}

/// What became of the selected letters.
#[derive(Debug, Default)]
pub struct Handled {
    /// Each letter with its result.
    pub letters: Vec<HandledLetter>,
    /// Why some are left, where an error is the reason.
    pub ended_by: Option<anyhow::Error>,
}

impl<'a> ActionReport<'a> {
    pub(super) fn new(
        selected: Vec<SelectedLetter>,
        mut counts: HashMap<Uuid, u32>,
        observer: &'a dyn Observer,
    ) -> Self {
        let fingerprints: HashSet<Uuid> = selected.iter().map(|it| it.fingerprint).collect();
        counts.retain(|fingerprint, _| fingerprints.contains(fingerprint));
        let of = u64::try_from(selected.len()).ok();
        let walk = Walk::begin(observer, "dead letters handled", of);
        Self { selected, counts, results: HashMap::new(), last_position: 0, walk }
    }

    /// The number of selected letters.
    pub fn count(&self) -> usize {
        self.selected.len()
    }

    /// Notes that the action reached this position in the queue.
    pub(super) fn reached(&mut self, position: u32) {
        self.last_position = self.last_position.max(position);
    }

    /// The last position in the queue that the action reached.
    pub(super) fn last_position(&self) -> u32 {
        self.last_position
    }

    /// The number of letters with a result.
    pub(super) fn done(&self) -> usize {
        self.results.len()
    }

    /// The ids without a result, by fingerprint: duplicates are interchangeable.
    pub(super) fn remaining(&self) -> HashMap<Uuid, Vec<Uuid>> {
        let mut remaining: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for letter in self.selected.iter().filter(|it| !self.results.contains_key(&it.id)) {
            remaining.entry(letter.fingerprint).or_default().push(letter.id);
        }
        remaining
    }

    /// By fingerprint, the number of letters that stay: those not selected, and those that failed.
    /// Letters beyond this number that have a result were already handled.
    pub(super) fn staying(&self) -> HashMap<Uuid, u32> {
        let mut staying = self.counts.clone();
        for letter in &self.selected {
            let stays = match self.results.get(&letter.id) {
                Some(ActionResult::Failed(_)) => true,
                Some(
                    ActionResult::Replayed
                    | ActionResult::Dropped
                    | ActionResult::Gone
                    | ActionResult::Left,
                )
                | None => false,
            };
            if !stays && let Some(count) = staying.get_mut(&letter.fingerprint) {
                *count = count.saturating_sub(1);
            }
        }
        staying
    }

    pub(super) fn record(&mut self, id: Uuid, result: ActionResult) {
        if self.results.insert(id, result).is_none() {
            self.walk.advance(1);
        }
    }

    /// The result of each letter.
    pub(super) fn results(self) -> Vec<HandledLetter> {
        let Self { selected, mut results, walk, .. } = self;
        drop(walk);
        let handled = |letter: SelectedLetter| HandledLetter {
            id: letter.id,
            result: results.remove(&letter.id).unwrap_or(ActionResult::Left),
        };
        selected.into_iter().map(handled).collect()
    }
}

impl ActionResult {
    /// The result as a word, and the reason of a failure.
    pub fn label_and_detail(&self) -> (&'static str, &str) {
        match self {
            Self::Replayed => ("replayed", ""),
            Self::Dropped => ("dropped", ""),
            Self::Failed(reason) => ("failed", reason),
            Self::Gone => ("gone", ""),
            Self::Left => ("left", ""),
        }
    }
}

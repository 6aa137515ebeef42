//! The result of an action for each of the selected dead letters.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use uuid::Uuid;

use crate::cli::{
    failure::CommandFailure,
    terminal::{
        output::{Output, print_note},
        progress::Progress,
        text::join_or_none,
    },
};

/// The result for one letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", content = "detail", rename_all = "snake_case")]
pub(super) enum ActionResult {
    /// It is in its original queue, and no longer a dead letter.
    Replayed,
    /// It is only in the archive.
    Dropped,
    /// It is still a dead letter, for this reason.
    Failed(String),
    /// Another command has replayed or dropped it meanwhile.
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
pub(super) struct ActionReport {
    selected: Vec<SelectedLetter>,
    /// The number of letters by fingerprint, selected or not.
    counts: HashMap<Uuid, u32>,
    results: HashMap<Uuid, ActionResult>,
    last_position: u32,
    progress: Progress,
}

#[derive(Serialize)]
struct ReportLine<'a> {
    id: Uuid,
    #[serde(flatten)]
    result: &'a ActionResult,
}

impl ActionReport {
    pub(super) fn new(selected: Vec<SelectedLetter>, mut counts: HashMap<Uuid, u32>) -> Self {
        let fingerprints: HashSet<Uuid> = selected.iter().map(|it| it.fingerprint).collect();
        counts.retain(|fingerprint, _| fingerprints.contains(fingerprint));
        let progress = Progress::new("dead letters handled", u64::try_from(selected.len()).ok());
        Self { selected, counts, results: HashMap::new(), last_position: 0, progress }
    }

    /// The number of selected letters.
    pub(super) fn count(&self) -> usize {
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
            self.progress.advance(1);
        }
    }

    /// Prints the result of each letter, and fails where one failed or was not reached, which an interruption
    /// may be the reason of.
    pub(super) fn finish(
        self,
        output: &Output,
        is_interrupted: bool,
    ) -> Result<(), CommandFailure> {
        let Self { selected, results, progress, .. } = self;
        drop(progress);
        let result = |it: &SelectedLetter| results.get(&it.id).unwrap_or(&ActionResult::Left);
        let lines: Vec<ReportLine> =
            selected.iter().map(|it| ReportLine { id: it.id, result: result(it) }).collect();
        output.print_all(&lines, ["ID", "RESULT", "DETAIL"], |line| {
            let (result, detail) = line.result.label_and_detail();
            [line.id.to_string(), result.to_owned(), detail.to_owned()]
        })?;
        let count = |wanted: &str| {
            lines.iter().filter(|it| it.result.label_and_detail().0 == wanted).count()
        };
        let all = ["replayed", "dropped", "failed", "gone", "left"].map(|it| (it, count(it)));
        let counted = all.iter().filter(|(_, count)| *count > 0);
        let counted: Vec<_> = counted.map(|(label, count)| format!("{count} {label}")).collect();
        let sum = format!("dead letters: {}", join_or_none(&counted));
        if is_interrupted && count("left") > 0 {
            return Err(CommandFailure::Interrupted(sum));
        }
        if count("failed") + count("left") > 0 {
            return Err(CommandFailure::message(sum));
        }
        print_note(&sum);
        Ok(())
    }
}

impl ActionResult {
    fn label_and_detail(&self) -> (&'static str, &str) {
        match self {
            Self::Replayed => ("replayed", ""),
            Self::Dropped => ("dropped", ""),
            Self::Failed(reason) => ("failed", reason),
            Self::Gone => ("gone", ""),
            Self::Left => ("left", ""),
        }
    }
}

//! What became of each of the dead letters that a command set out to handle.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::cli::{
    failure::Failure,
    output::{Output, names, note},
};

const TELL_EVERY: Duration = Duration::from_secs(2);

/// What became of one letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", content = "detail", rename_all = "snake_case")]
pub(super) enum Fortune {
    /// In its queue again, and no dead letter any more.
    Replayed,
    /// In the archive, and nowhere else.
    Dropped,
    /// Still a dead letter, and why.
    Failed(String),
    /// Somebody else has replayed or dropped it meanwhile.
    Gone,
    /// Not come to: still a dead letter.
    Left,
}

/// A letter to be handled: its id, and what it is recognised by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) id: Uuid,
    pub(super) fingerprint: Uuid,
}

/// The letters that were there at the start, and what has become of them.
pub(super) struct Report {
    due: Vec<Due>,
    /// How many letters there were of each fingerprint, due or not.
    totals: HashMap<Uuid, u32>,
    fortunes: HashMap<Uuid, Fortune>,
    deepest: u32,
    told: Instant,
}

#[derive(Serialize)]
struct Line<'a> {
    id: Uuid,
    #[serde(flatten)]
    fortune: &'a Fortune,
}

impl Report {
    pub(super) fn new(due: Vec<Due>, mut totals: HashMap<Uuid, u32>) -> Self {
        let fingerprints: HashSet<Uuid> = due.iter().map(|due| due.fingerprint).collect();
        totals.retain(|fingerprint, _| fingerprints.contains(fingerprint));
        Self { due, totals, fortunes: HashMap::new(), deepest: 0, told: Instant::now() }
    }

    /// How many letters are to be handled in all.
    pub(super) fn count(&self) -> usize {
        self.due.len()
    }

    /// A walk went so far to handle letters.
    pub(super) fn reached(&mut self, place: u32) {
        self.deepest = self.deepest.max(place);
    }

    /// No letter further from the start of the queue was handled.
    pub(super) fn deepest(&self) -> u32 {
        self.deepest
    }

    /// How many letters have been handled.
    pub(super) fn done(&self) -> usize {
        self.fortunes.len()
    }

    /// The ids of what is still to be handled, by fingerprint: twins are one as good as the other.
    pub(super) fn left(&self) -> HashMap<Uuid, Vec<Uuid>> {
        let mut left: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for due in self.due.iter().filter(|due| !self.fortunes.contains_key(&due.id)) {
            left.entry(due.fingerprint).or_default().push(due.id);
        }
        left
    }

    /// Of each fingerprint among them, how many letters may stay: those not due, and those that
    /// failed. What is found beyond that, and beyond what is left, was handled before.
    pub(super) fn staying(&self) -> HashMap<Uuid, u32> {
        let mut staying = self.totals.clone();
        for due in &self.due {
            let stays = match self.fortunes.get(&due.id) {
                Some(Fortune::Failed(_)) => true,
                Some(Fortune::Replayed | Fortune::Dropped | Fortune::Gone | Fortune::Left)
                | None => false,
            };
            if !stays && let Some(count) = staying.get_mut(&due.fingerprint) {
                *count = count.saturating_sub(1);
            }
        }
        staying
    }

    pub(super) fn record(&mut self, id: Uuid, fortune: Fortune) {
        self.fortunes.insert(id, fortune);
    }

    /// A word on standard error now and then.
    pub(super) fn progress(&mut self) {
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            note(&format!("{} of {} dead letters", self.done(), self.due.len()));
        }
    }

    /// Prints what became of each, and fails where that is not what was wanted of all.
    pub(super) fn finish(self, output: &Output) -> Result<(), Failure> {
        let fortune = |due: &Due| self.fortunes.get(&due.id).unwrap_or(&Fortune::Left);
        let lines: Vec<Line> =
            self.due.iter().map(|due| Line { id: due.id, fortune: fortune(due) }).collect();
        output.all(&lines, ["ID", "RESULT", "DETAIL"], |line| {
            let (result, detail) = line.fortune.words();
            [line.id.to_string(), result.to_owned(), detail.to_owned()]
        })?;
        let count = |wanted: &str| lines.iter().filter(|it| it.fortune.words().0 == wanted).count();
        let all = ["replayed", "dropped", "failed", "gone", "left"].map(|it| (it, count(it)));
        let counted = all.iter().filter(|(_, count)| *count > 0);
        let counted: Vec<_> = counted.map(|(word, count)| format!("{count} {word}")).collect();
        let sum = format!("dead letters: {}", names(&counted));
        if count("failed") + count("left") > 0 {
            return Err(Failure::plain(sum));
        }
        note(&sum);
        Ok(())
    }
}

impl Fortune {
    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Replayed => ("replayed", ""),
            Self::Dropped => ("dropped", ""),
            Self::Failed(why) => ("failed", why),
            Self::Gone => ("gone", ""),
            Self::Left => ("left", ""),
        }
    }
}

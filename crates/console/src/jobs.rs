//! Long work: it goes on after its request was answered, and tells how far it has come. A console forgets its jobs when
//! it ends; work that was not reached then stays as it was.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use operations::{
    Observer, Progress,
    dead_letters::{Handled, HandledLetter},
    one_line,
};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::Problem;

/// The jobs that are kept: the oldest that has ended makes room for a new one.
const MOST_JOBS: usize = 100;
/// The letters with a failure that are shown.
const MOST_FAILURES: usize = 100;
/// The notes that are kept of a job.
const MOST_NOTES: usize = 50;

/// The jobs of this console.
#[derive(Default)]
pub(crate) struct Jobs(Mutex<VecDeque<Arc<Job>>>);

/// A piece of long work.
pub(crate) struct Job {
    pub(crate) id: Uuid,
    owner: String,
    /// Cancelled when no further step is to be started.
    pub(crate) stop: CancellationToken,
    state: watch::Sender<JobState>,
}

/// How far a job has come.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct JobState {
    /// Its id.
    pub(crate) id: Uuid,
    /// What it does: `replay` or `drop`.
    pub(crate) kind: &'static str,
    /// `running`, `done`, `stopped` by a person, or `failed`.
    pub(crate) status: JobStatus,
    /// What is counted, such as `dead letters handled`.
    pub(crate) what: Option<&'static str>,
    /// How many are done.
    pub(crate) done: u64,
    /// How many there are.
    pub(crate) of: Option<u64>,
    /// When it began.
    pub(crate) started_at: DateTime<Utc>,
    /// When it ended.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// What it had to say meanwhile.
    pub(crate) notes: Vec<String>,
    /// The number of dead letters by what became of them.
    pub(crate) results: BTreeMap<&'static str, u64>,
    /// The first of those that failed.
    pub(crate) failures: Vec<HandledLetter>,
    /// Why it failed.
    pub(crate) error: Option<String>,
}

/// Whether a job goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobStatus {
    /// It goes on.
    Running,
    /// All was handled.
    Done,
    /// A person stopped it.
    Stopped,
    /// It ended before all was handled.
    Failed,
}

impl Jobs {
    /// Begins a job of this user or token. `stop`: that of the console.
    pub(crate) fn begin(
        &self,
        kind: &'static str,
        owner: &str,
        stop: &CancellationToken,
    ) -> Result<Arc<Job>, Problem> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= MOST_JOBS {
            let ended = jobs.iter().position(|job| job.state.borrow().status != JobStatus::Running);
            let ended = ended.ok_or_else(|| {
                let detail = format!("{MOST_JOBS} jobs are running: wait until one has ended");
                Problem::unavailable("too_many_jobs", detail).retry_after(10)
            })?;
            jobs.remove(ended);
        }
        let id = Uuid::new_v4();
        let state = JobState {
            id,
            kind,
            status: JobStatus::Running,
            what: None,
            done: 0,
            of: None,
            started_at: Utc::now(),
            ended_at: None,
            notes: Vec::new(),
            results: BTreeMap::new(),
            failures: Vec::new(),
            error: None,
        };
        let state = watch::Sender::new(state);
        let job = Arc::new(Job { id, owner: owner.to_owned(), stop: stop.child_token(), state });
        jobs.push_back(Arc::clone(&job));
        Ok(job)
    }

    /// The job of this id; where an owner is given, one of theirs.
    pub(crate) fn get(&self, id: Uuid, owner: Option<&str>) -> Option<Arc<Job>> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = jobs.iter().filter(|job| owner.is_none_or(|owner| job.owner == owner));
        seen.find(|job| job.id == id).map(Arc::clone)
    }
}

impl Job {
    pub(crate) fn state(&self) -> JobState {
        self.state.borrow().clone()
    }

    /// The states from now on.
    pub(crate) fn states(&self) -> watch::Receiver<JobState> {
        let mut states = self.state.subscribe();
        states.mark_changed();
        states
    }

    /// The letters were handled.
    pub(crate) fn end(&self, handled: Handled) {
        let Handled { letters, ended_by } = handled;
        let is_stopped = self.stop.is_cancelled();
        self.state.send_modify(|state| {
            for letter in letters {
                let (result, reason) = letter.result.label_and_detail();
                *state.results.entry(result).or_default() += 1;
                if !reason.is_empty() && state.failures.len() < MOST_FAILURES {
                    state.failures.push(letter);
                }
            }
            state.error = ended_by.as_ref().map(one_line);
            let is_complete = !["failed", "left"].iter().any(|it| state.results.contains_key(it));
            state.status = match (&state.error, is_complete) {
                (None, true) => JobStatus::Done,
                (None, false) if is_stopped => JobStatus::Stopped,
                (_, _) => JobStatus::Failed,
            };
            state.ended_at = Some(Utc::now());
        });
    }

    /// It ended before any letter was handled.
    pub(crate) fn fail(&self, error: String) {
        self.state.send_modify(|state| {
            state.error = Some(error);
            state.status = JobStatus::Failed;
            state.ended_at = Some(Utc::now());
        });
    }
}

impl JobState {
    pub(crate) fn has_ended(&self) -> bool {
        self.status != JobStatus::Running
    }
}

impl Observer for Job {
    fn note(&self, text: &str) {
        self.state.send_modify(|state| {
            if state.notes.len() < MOST_NOTES {
                state.notes.push(text.to_owned());
            }
        });
    }

    fn progress(&self, progress: &Progress) {
        let Progress { what, done, of, .. } = *progress;
        self.state.send_modify(|state| {
            (state.what, state.done, state.of) = (Some(what), done, of);
        });
    }
}

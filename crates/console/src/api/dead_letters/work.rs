//! What a job does with dead letters.

use std::{collections::BTreeSet, num::NonZeroU32, path::Path};

use config::BrokerConfig;
use operations::{
    OperationError,
    dead_letters::{self, Control, Criteria, DeadLetters, Handled, LetterFile},
};

use super::selection::LetterSelection;
use crate::{access::caller::Caller, app::Console, jobs::Job, problem::Problem};

/// What a job does: it owns everything that it needs.
pub(super) struct Work {
    config: BrokerConfig,
    integrations: Option<BTreeSet<String>>,
    criteria: Criteria,
    rate: Option<NonZeroU32>,
    /// The selection, for the audit.
    pub(super) detail: String,
}

impl Work {
    pub(super) fn new(
        app: &Console,
        caller: &Caller,
        selection: &LetterSelection,
    ) -> Result<Self, Problem> {
        let detail = selection.text();
        Ok(Self {
            config: broker(app),
            integrations: caller.grant.integrations.clone(),
            criteria: selection.criteria(caller)?,
            rate: selection.rate,
            detail,
        })
    }

    pub(super) async fn replay(&self, job: &Job) -> Result<Handled, OperationError> {
        let letters = self.letters(job);
        let selected = dead_letters::select(letters, &self.criteria).await?;
        let control = Control::new(job.stop.clone(), self.rate);
        Ok(dead_letters::replay(letters, selected, control).await)
    }

    pub(super) async fn drop(&self, job: &Job, file: &Path) -> Result<Handled, OperationError> {
        let letters = self.letters(job);
        let selected = dead_letters::select(letters, &self.criteria).await?;
        if selected.count() == 0 {
            return Ok(Handled::default());
        }
        let archive = LetterFile::create(file)?;
        letters.observer.note(&format!("archiving to {}", file.display()));
        let control = Control::new(job.stop.clone(), self.rate);
        Ok(dead_letters::archive_and_drop(letters, selected, archive, control).await)
    }

    fn letters<'a>(&'a self, job: &'a Job) -> DeadLetters<'a> {
        let integrations = self.integrations.as_ref();
        DeadLetters { config: &self.config, observer: job, integrations }
    }
}

/// Keeps what became of the letters.
pub(super) fn finish(job: &Job, handled: Result<Handled, OperationError>) {
    match handled {
        Ok(handled) => job.end(handled),
        Err(error) => job.fail(error.to_string()),
    }
}

/// The broker, with the settings by which results are predicted.
pub(super) fn broker(app: &Console) -> BrokerConfig {
    let settings = app.snapshot().settings.clone();
    BrokerConfig {
        broker: settings.broker.clone(),
        complete: Some(settings),
        stored_are_unknown: false,
    }
}

//! What operations say, as answers.

use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use operations::{Observer, OperationError, one_line};
use tokio::task::JoinError;

use crate::problem::Problem;

/// Keeps the notes of an operation for its answer.
#[derive(Default)]
pub(crate) struct Notes {
    notes: Mutex<Vec<String>>,
    only_looks: bool,
}

impl Notes {
    /// Those of what is only looked at, perhaps again and again.
    pub(crate) fn of_a_look() -> Self {
        Self { only_looks: true, ..Self::default() }
    }

    /// The notes so far.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Notes {
    fn note(&self, text: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    }

    fn retries_rejected_credentials(&self) -> bool {
        !self.only_looks
    }
}

/// The problem where Salto, RabbitMQ, Redis or the state of things did not allow an operation.
pub(crate) fn failed(error: &anyhow::Error) -> Problem {
    Problem::new(StatusCode::CONFLICT, "operation_failed", one_line(error))
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::WrongInput(text) => Self::bad_request(text),
            OperationError::UnknownIntegration(text) | OperationError::NotFound(text) => {
                Self::not_found(text)
            }
            OperationError::Failed(error) => failed(&error),
        }
    }
}

/// What changes something goes on where the caller is gone, in a task of its own.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    let ended: Result<_, JoinError> = tokio::spawn(work).await;
    ended.unwrap_or_else(|error| {
        tracing::error!(%error, "console: an operation ended");
        Err(Problem::internal())
    })
}

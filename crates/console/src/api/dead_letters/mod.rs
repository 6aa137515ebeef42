//! Dead letters: list, show, replay and drop them.

mod selection;
mod work;

use std::sync::Arc;

use axum::{Json, extract::State, response::Response};
use chrono::Utc;
use operations::dead_letters::{
    self, DeadLetterInfo, DeadLetters, LetterGroup, Prediction, ShownLetter,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use selection::{LetterQuery, LetterSelection};

use self::work::{Work, broker, finish};
use super::{
    jobs::accepted,
    operation::{Notes, failed},
};
use crate::{
    access::caller::Caller,
    app::App,
    extract::{JsonBody, PathParameters, QueryParameters},
    jobs::Job,
    problem::Problem,
};

/// The letters of a list at most; groups and `count` are of all.
const MOST_LETTERS: usize = 1_000;

/// Dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LetterList {
    /// All that match, by reason, queue and integration.
    pub(crate) groups: Vec<LetterGroup>,
    /// The first of them, in the order of the queue.
    pub(crate) letters: Vec<DeadLetter>,
    /// How many match.
    pub(crate) count: usize,
    /// What there is to know about the list.
    pub(crate) notes: Vec<String>,
}

/// A dead letter without its body, and what a replay would come to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    #[serde(flatten)]
    pub(crate) info: DeadLetterInfo,
    /// What a replay would come to; none where it is not predicted.
    pub(crate) if_replayed: Option<Prediction>,
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    QueryParameters(query): QueryParameters<LetterQuery>,
) -> Result<Json<LetterList>, Problem> {
    Ok(Json(listed(&app, &caller, &query).await?))
}

/// Those that match and that the caller may see.
pub(crate) async fn listed(
    app: &App,
    caller: &Caller,
    query: &LetterQuery,
) -> Result<LetterList, Problem> {
    let filters = query.filters(caller)?;
    let (config, notes) = (broker(app), Notes::default());
    let letters = DeadLetters {
        config: &config,
        observer: &notes,
        integrations: caller.grant.integrations.as_ref(),
    };
    let listed = dead_letters::list(letters, filters).await?;
    let (groups, count) = (dead_letters::groups(&listed), listed.len());
    let letters = listed.into_iter().take(MOST_LETTERS);
    let letters = letters.map(|it| DeadLetter { info: it.info, if_replayed: it.prediction });
    Ok(LetterList { groups, letters: letters.collect(), count, notes: notes.taken() })
}

pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<Uuid>,
) -> Result<Json<ShownLetter>, Problem> {
    let (config, notes) = (broker(&app), Notes::default());
    let letters = DeadLetters {
        config: &config,
        observer: &notes,
        integrations: caller.grant.integrations.as_ref(),
    };
    Ok(Json(dead_letters::show(letters, id).await?))
}

pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller,
    JsonBody(selection): JsonBody<LetterSelection>,
) -> Result<Response, Problem> {
    Ok(accepted(&begin_replay(&app, &caller, &selection).await?))
}

/// Begins the job that replays them.
pub(crate) async fn begin_replay(
    app: &App,
    caller: &Caller,
    selection: &LetterSelection,
) -> Result<Arc<Job>, Problem> {
    let work = Work::new(app, caller, selection)?;
    caller.record(app, "replay-dead-letters", "", Some(&work.detail)).await?;
    let job = app.jobs.begin("replay", &caller.name, &app.stop)?;
    let begun = Arc::clone(&job);
    tokio::spawn(async move {
        let handled = work.replay(&job).await;
        finish(&job, handled);
    });
    Ok(begun)
}

pub(crate) async fn drop(
    State(app): State<App>,
    caller: Caller,
    JsonBody(selection): JsonBody<LetterSelection>,
) -> Result<Response, Problem> {
    Ok(accepted(&begin_drop(&app, &caller, &selection).await?))
}

/// Begins the job that writes them to a file of the console and removes them.
pub(crate) async fn begin_drop(
    app: &App,
    caller: &Caller,
    selection: &LetterSelection,
) -> Result<Arc<Job>, Problem> {
    let work = Work::new(app, caller, selection)?;
    let folder = app.console.archive_folder.clone().ok_or_else(no_archive)?;
    let name = format!("postern-dead-letters-{}.jsonl", Utc::now().format("%Y%m%dT%H%M%S%3fZ"));
    let file = folder.join(name);
    caller.record(app, "drop-dead-letters", "", Some(&work.detail)).await?;
    let job = app.jobs.begin("drop", &caller.name, &app.stop)?;
    let begun = Arc::clone(&job);
    tokio::spawn(async move {
        let handled = work.drop(&job, &file).await;
        finish(&job, handled);
    });
    Ok(begun)
}

fn no_archive() -> Problem {
    let text = "set console.archive_folder: dropped letters are written there first";
    failed(&anyhow::anyhow!(text))
}

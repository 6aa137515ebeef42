//! Jobs: how far long work has come.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use config::Role;
use futures_util::{Stream, stream};
use tokio::{sync::watch, time::sleep};
use uuid::Uuid;

use super::listener::Listener;
use crate::{
    access::caller::Caller,
    app::App,
    extract::PathParameters,
    jobs::{Job, JobState},
    problem::Problem,
};

/// The time between two events of a job.
const INTERVAL: Duration = Duration::from_millis(200);

/// The answer where long work has begun: its address and its state.
pub(crate) fn accepted(job: &Arc<Job>) -> Response {
    let location = [("location", format!("/api/v1/jobs/{}", job.id))];
    (StatusCode::ACCEPTED, location, Json(job.state())).into_response()
}

/// The job, where the caller began it, or may do everything everywhere.
pub(crate) fn find(app: &App, caller: &Caller, id: Uuid) -> Result<Arc<Job>, Problem> {
    let all = caller.grant.role == Role::Admin && caller.grant.integrations.is_none();
    let job = app.jobs.get(id, (!all).then_some(caller.name.as_str()));
    job.ok_or_else(|| Problem::not_found(format!("there is no job {id} of yours at this console")))
}

pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<Uuid>,
) -> Result<Json<JobState>, Problem> {
    Ok(Json(find(&app, &caller, id)?.state()))
}

pub(crate) async fn stop(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<Uuid>,
) -> Result<Response, Problem> {
    let job = find(&app, &caller, id)?;
    job.stop.cancel();
    Ok(accepted(&job))
}

pub(crate) async fn events(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<Uuid>,
) -> Result<Response, Problem> {
    let states = find(&app, &caller, id)?.states();
    let events = state_events(states, Listener::new(app, caller));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Each state as an event, until the job ends or the listener must not go on.
fn state_events(
    states: watch::Receiver<JobState>,
    listener: Listener,
) -> impl Stream<Item = Result<Event, axum::Error>> {
    stream::unfold(Some((states, listener)), |turn| async move {
        let (mut states, mut listener) = turn?;
        listener.next(states.changed()).await?.ok()?;
        let state = states.borrow_and_update().clone();
        let event = Event::default().event("job").json_data(&state);
        if state.has_ended() {
            return Some((event, None));
        }
        sleep(INTERVAL).await;
        Some((event, Some((states, listener))))
    })
}

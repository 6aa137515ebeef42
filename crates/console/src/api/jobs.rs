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

use super::events::CHECK_EVERY;
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
    let events = state_events(Listening { app, caller, states });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

struct Listening {
    app: App,
    caller: Caller,
    states: watch::Receiver<JobState>,
}

impl Listening {
    /// Waits for the next state; none where the console stops, or the caller has signed out.
    async fn next(&mut self) -> Option<JobState> {
        loop {
            let stop = self.app.stop.clone();
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = self.states.changed() => {
                    changed.ok()?;
                    return Some(self.states.borrow_and_update().clone());
                }
                () = sleep(CHECK_EVERY) => {
                    if !self.caller.is_signed_in(&self.app).await {
                        return None;
                    }
                }
            }
        }
    }
}

/// Each state as an event, until the job or the console ends.
fn state_events(listening: Listening) -> impl Stream<Item = Result<Event, axum::Error>> {
    stream::unfold(Some(listening), |listening| async move {
        let mut listening = listening?;
        let state = listening.next().await?;
        let event = Event::default().event("job").json_data(&state);
        if state.has_ended() {
            return Some((event, None));
        }
        sleep(INTERVAL).await;
        Some((event, Some(listening)))
    })
}

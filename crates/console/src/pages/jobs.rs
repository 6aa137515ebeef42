//! How far long work has come.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use config::Role;
use maud::{Markup, html};
use uuid::Uuid;

use super::{forms::session, layout, texts};
use crate::{
    access::caller::Caller,
    api::jobs::find,
    app::App,
    extract::PathParameters,
    jobs::{JobState, JobStatus},
    problem::Problem,
};

/// The page of a job.
pub(super) fn path(id: Uuid) -> String {
    format!("/jobs/{id}")
}

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<Uuid>,
) -> Result<Response, Problem> {
    let state = find(&app, &caller, id)?.state();
    let session = session(&caller)?;
    let content = html! {
        (progress(&state))
        @if !state.has_ended() && caller.grant.role >= Role::Operator {
            form method="post" action=(path(id)) {
                (layout::csrf_field(session))
                button type="submit" { "Stop before the next one" }
            }
        }
        (results(&state))
        p { a href="/dead-letters" { "To the dead letters" } }
    };
    let title = match state.kind {
        "drop" => "Dropping dead letters",
        _ => "Replaying dead letters",
    };
    Ok(match state.has_ended() {
        true => layout::page(&caller, "", title, &content),
        false => layout::refreshing(&caller, title, &content),
    })
}

/// Starts no further step of it.
pub(crate) async fn stop(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<Uuid>,
) -> Result<Response, Problem> {
    find(&app, &caller, id)?.stop.cancel();
    Ok(Redirect::to(&path(id)).into_response())
}

fn progress(state: &JobState) -> Markup {
    let (class, word) = match state.status {
        JobStatus::Running => ("badge off", "running"),
        JobStatus::Done => ("badge good", "done"),
        JobStatus::Stopped => ("badge action", "stopped"),
        JobStatus::Failed => ("badge action", "failed"),
    };
    let events = format!("/api/v1/jobs/{}/events", state.id);
    html! {
        p {
            span class=(class) { (word) } " "
            span role="status" data-job=[(!state.has_ended()).then_some(events)] {
                @match (state.what, state.of) {
                    (Some(what), Some(of)) => { (state.done) " of " (of) " " (what) }
                    (Some(what), None) => { (state.done) " " (what) }
                    (None, _) => {}
                }
            }
        }
        p {
            "Begun at " (texts::time(state.started_at)) "."
            @if let Some(at) = state.ended_at { " Ended at " (texts::time(at)) "." }
        }
        @if let Some(error) = &state.error { p .problem role="alert" { (error) "." } }
        @if !state.notes.is_empty() { ul { @for note in &state.notes { li { (note) } } } }
    }
}

fn results(state: &JobState) -> Markup {
    html! {
        @if !state.results.is_empty() {
            table {
                caption { "What became of the letters" }
                thead { tr { th scope="col" { "Result" } th scope="col" { "Letters" } } }
                tbody {
                    @for (result, count) in &state.results {
                        tr { th scope="row" { (meaning(result)) } td { (count) } }
                    }
                }
            }
        }
        @if !state.failures.is_empty() {
            table {
                caption { "Those that failed are still dead letters" }
                thead { tr { th scope="col" { "Letter" } th scope="col" { "Why" } } }
                tbody {
                    @for letter in &state.failures {
                        tr { th scope="row" { (letter.id) } td { (letter.result.label_and_detail().1) } }
                    }
                }
            }
        }
    }
}

fn meaning(result: &str) -> &str {
    match result {
        "gone" => "gone: somebody else handled it meanwhile",
        "left" => "left: not reached, still a dead letter",
        other => other,
    }
}

//! The doors of an integration.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use config::Role;
use maud::{Markup, html};
use operations::opening::OpeningOutcome;
use serde::Deserialize;

use super::{
    decisions::outcome,
    forms::{Sent, read, refusal, refused, session},
    layout, texts,
};
use crate::{
    access::caller::{Caller, CallerSession},
    api::openings::{self, OpenDoor},
    app::App,
    doors::{self, Door},
    extract::{JsonBody, PathParameters, QueryParameters},
    problem::Problem,
};

/// What the page says of the opening before.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OpeningQuery {
    opening: Option<Ended>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    Opened,
    Unknown,
}

/// An opening, as the form sends it.
#[derive(Debug, Deserialize)]
pub(crate) struct OpenForm {
    lock: String,
    reason: String,
    #[serde(default)]
    force: bool,
}

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    QueryParameters(OpeningQuery { opening }): QueryParameters<OpeningQuery>,
) -> Result<Response, Problem> {
    show(&app, &caller, &id, opening, None).await
}

/// Opens a door once. The page of the result is another one, so that loading it anew opens nothing.
pub(crate) async fn open(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    sent: Sent<OpenForm>,
) -> Result<Response, Problem> {
    let OpenForm { lock, reason, force } = read(sent)?;
    let place = PathParameters((id.clone(), lock.trim().to_owned()));
    let body = JsonBody(OpenDoor { reason, force });
    let opened = openings::open(State(App::clone(&app)), caller.clone(), place, body).await;
    let problem = match opened {
        Ok(Json(result)) => match result.outcome {
            OpeningOutcome::Opened => return Ok(ended(&id, "opened")),
            OpeningOutcome::Unknown => return Ok(ended(&id, "unknown")),
            OpeningOutcome::Failed => {
                let why = result.detail.unwrap_or_default();
                Problem::new(
                    StatusCode::CONFLICT,
                    "not_opened",
                    format!("the door did not open: {why}"),
                )
            }
        },
        Err(problem) => problem,
    };
    let page = show(&app, &caller, &id, None, Some(&problem)).await;
    Ok(refused(problem, page))
}

fn ended(id: &str, how: &str) -> Response {
    let page = texts::path(&["integrations", id, "doors"]);
    Redirect::to(&format!("{page}?opening={how}")).into_response()
}

async fn show(
    app: &App,
    caller: &Caller,
    id: &str,
    opening: Option<Ended>,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let session = session(caller)?;
    let doors = doors::of(app, caller, &app.integration(id)?).await?;
    let said = opening.map(|it| match it {
        Ended::Opened => "The door opened.",
        Ended::Unknown => "It is not known whether the door opened: Salto did not answer. Nothing is tried a second time.",
    });
    let content = html! {
        p { a href=(texts::path(&["integrations", id])) { "Back to " (id) } }
        (refusal(problem))
        @if let Some(said) = said { p role="status" { strong { (said) } } }
        (table(&doors))
        @if caller.grant.role >= Role::Operator { (form(id, &doors, session)) }
    };
    Ok(layout::page(caller, "", &format!("Doors of {id}"), &content))
}

/// One opening by a person.
fn form(id: &str, doors: &[Door], session: &CallerSession) -> Markup {
    html! {
        section {
            h2 { "Open a door once" }
            p { "It opens for everybody who stands at it, whatever the bookings say. Your name and the reason are written to the audit." }
            form .narrow method="post" action=(texts::path(&["integrations", id, "doors"])) {
                (layout::csrf_field(session))
                label for="lock" { "Lock: its id, or its name where that is unique" }
                input #lock name="lock" list="locks" required maxlength="256" autocomplete="off";
                datalist #locks { @for door in doors { option value=(door.lock) { (door.object_id.as_deref().unwrap_or("all others")) } } }
                label for="reason" { "Reason" }
                input #reason name="reason" required maxlength="200" autocomplete="off";
                p { label {
                    input type="checkbox" name="force" value="true";
                    "Also while Salto has blocked the user, or where one more rejection could block it"
                } }
                button type="submit" { "Open" }
            }
        }
    }
}

fn table(doors: &[Door]) -> Markup {
    html! {
        @if doors.is_empty() {
            p { "No object is mapped to a lock, so no door opens." }
        } @else {
            div .wide role="region" aria-label="Doors" tabindex="0" {
                table {
                    caption { "Doors, as the newest 500 decisions show them" }
                    thead { tr {
                        th scope="col" { "Object" } th scope="col" { "Lock" } th scope="col" { "Last command" }
                        th scope="col" { "Last opening" } th scope="col" { "Confirmed by Salto" }
                    } }
                    tbody {
                        @for door in doors {
                            tr {
                                th scope="row" { (door.object_id.as_deref().unwrap_or("all others")) }
                                td { (door.lock) }
                                td {
                                    @match &door.last {
                                        Some(last) => {
                                            (outcome(last)) " " (texts::time(last.at))
                                            @if let Some(detail) = &last.detail { ": " (detail) }
                                        }
                                        None => "none",
                                    }
                                }
                                td {
                                    @match &door.opened { Some(it) => (texts::time(it.at)), None => "none" }
                                }
                                td { @if door.confirmed { "yes" } @else { "not seen" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

//! The doors of an integration.

use axum::{extract::State, response::Response};
use maud::html;

use super::{decisions::outcome, layout, texts};
use crate::{access::caller::Caller, app::App, doors, extract::PathParameters, problem::Problem};

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Problem> {
    let doors = doors::of(&app, &caller, &app.integration(&id)?).await?;
    let content = html! {
        p { a href=(texts::path(&["integrations", &id])) { "Back to " (id) } }
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
                        @for door in &doors {
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
    };
    Ok(layout::page(&caller, "", &format!("Doors of {id}"), &content))
}

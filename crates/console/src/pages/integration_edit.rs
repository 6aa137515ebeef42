//! Setting up, changing, switching and removing stored integrations.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use maud::html;
use serde::Deserialize;

use super::{
    forms::{Sent, read, session},
    integration_form::IntegrationForm,
    layout, texts,
};
use crate::{
    access::caller::Caller, api::integrations::apply, app::App, extract::PathParameters,
    problem::Problem,
};

/// A change that needs no fields.
#[derive(Debug, Deserialize)]
pub(crate) struct SwitchForm {
    version: u64,
    active: bool,
}

/// A removal, which was confirmed.
#[derive(Debug, Deserialize)]
pub(crate) struct RemoveForm {
    version: u64,
    sure: String,
}

pub(crate) async fn new(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    page(&app, &caller, None, &IntegrationForm::new(), None)
}

pub(crate) async fn edit(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Problem> {
    let known = app.known(&id)?;
    if known.version().is_none() {
        let what = format!("{id} is an integration of the configuration file: change it there");
        return Err(Problem::new(StatusCode::CONFLICT, "of_file", what));
    }
    page(&app, &caller, Some(&id), &IntegrationForm::of(&known), None)
}

/// `id`: that of the integration; none where it is new.
fn page(
    app: &App,
    caller: &Caller,
    id: Option<&str>,
    form: &IntegrationForm,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let session = session(caller)?;
    let snapshot = app.snapshot();
    let environments: Vec<&str> =
        snapshot.settings.environments.keys().map(String::as_str).collect();
    let action =
        id.map_or("/new-integration".to_owned(), |id| texts::path(&["integrations", id, "edit"]));
    let title = id.map_or("New integration".to_owned(), |id| format!("Edit {id}"));
    let content = html! {
        @if let Some(problem) = problem {
            div .problem role="alert" {
                p { "Nothing was changed: " (problem.detail()) "." }
                @if !problem.mistakes().is_empty() {
                    ul { @for mistake in problem.mistakes() { li { (mistake) } } }
                }
                @if problem.code() == "changed_meanwhile" {
                    p { a href=(action) { "Load what is stored now" } " – what you typed is lost then." }
                }
            }
        }
        form .narrow method="post" action=(action) autocomplete="off" {
            (form.fields(session, &environments, id.is_none()))
            button type="submit" { "Save" }
        }
    };
    let page = layout::page(caller, "", &title, &content);
    Ok(match problem {
        Some(problem) => (problem.status(), page).into_response(),
        None => page,
    })
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    sent: Sent<IntegrationForm>,
) -> Result<Response, Problem> {
    let form = read(sent)?;
    let id = form.id.trim().to_owned();
    if !caller.grant.covers(&id) {
        let problem = Problem::unknown_integration(&id);
        return page(&app, &caller, None, &form, Some(&problem));
    }
    save(&app, &caller, &id, &form, true).await
}

pub(crate) async fn change(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    sent: Sent<IntegrationForm>,
) -> Result<Response, Problem> {
    let form = read(sent)?;
    save(&app, &caller, &id, &form, false).await
}

async fn save(
    app: &App,
    caller: &Caller,
    id: &str,
    form: &IntegrationForm,
    is_new: bool,
) -> Result<Response, Problem> {
    let before = match is_new {
        true => serde_json::Map::new(),
        false => app.known_now(id).await?.document,
    };
    let saved = match form.document(before) {
        Ok(document) => apply(app, caller, id, document, form.version.parse().ok()).await,
        Err(problem) => Err(problem),
    };
    match saved {
        Ok(_) => Ok(Redirect::to(&texts::path(&["integrations", id])).into_response()),
        Err(problem) => {
            let of_page = (!is_new).then_some(id);
            page(app, caller, of_page, form, Some(&problem))
        }
    }
}

pub(crate) async fn switch(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    sent: Sent<SwitchForm>,
) -> Result<Response, Problem> {
    let SwitchForm { version, active } = read(sent)?;
    let mut document = app.known_now(&id).await?.document;
    document.insert("active".to_owned(), active.into());
    apply(&app, &caller, &id, document, Some(version)).await?;
    Ok(Redirect::to(&texts::path(&["integrations", &id])).into_response())
}

pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    sent: Sent<RemoveForm>,
) -> Result<Response, Problem> {
    let RemoveForm { version, sure } = read(sent)?;
    if sure != "yes" {
        return Err(Problem::bad_request("tick the box: a removal is for good"));
    }
    app.current.store.remove(&id, Some(version), &caller.name).await?;
    let _ = app.current.refresh().await;
    Ok(Redirect::to("/").into_response())
}

//! A test of what an integration can do at Salto, with what was found.

use axum::{Json, extract::State, response::Response};
use config::Role;
use maud::{Markup, html};
use operations::checks::{Finding, Level};
use serde::Deserialize;

use super::{
    forms::{Sent, read},
    layout, texts,
};
use crate::{
    access::caller::Caller,
    api::site::{AccessTest, test_access},
    app::App,
    extract::PathParameters,
    problem::Problem,
};

/// The button that asks Salto whether everything works.
pub(super) fn button(caller: &Caller, id: &str) -> Markup {
    let session = caller.session.as_ref().filter(|_| caller.grant.role >= Role::Operator);
    html! {
        @if let Some(session) = session {
            form method="post" action=(texts::path(&["integrations", id, "access-test"])) {
                (layout::csrf_field(session))
                button type="submit" { "Test access" }
                " " span .fine { "Signs in at Salto and checks site, rights, IQs, mapping and doors; no door opens." }
            }
        }
    }
}

/// The form has no fields.
#[derive(Debug, Deserialize)]
pub(crate) struct TestForm {}

/// Tests, and shows what was found. Loading the page anew tests again, as the button does.
pub(crate) async fn run(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    sent: Sent<TestForm>,
) -> Result<Response, Problem> {
    let TestForm {} = read(sent)?;
    let tested = test_access(State(app), caller.clone(), PathParameters(id.clone())).await;
    let Json(AccessTest { works, findings }) = tested?;
    let content = html! {
        p { a href=(texts::path(&["integrations", &id])) { "Back to " (id) } }
        p role="status" { strong {
            @if works { "Nothing is broken." } @else { "Doors do not open until what is broken is mended." }
        } }
        div .wide role="region" aria-label="Findings" tabindex="0" {
            table {
                caption { "What was found" }
                thead { tr {
                    th scope="col" { "State" } th scope="col" { "What was checked" } th scope="col" { "What was found" }
                    th scope="col" { "Next step" }
                } }
                tbody { @for finding in &findings { (row(finding)) } }
            }
        }
    };
    Ok(layout::page(&caller, "", &format!("Test of {id}"), &content))
}

fn row(finding: &Finding) -> Markup {
    let (class, word) = match finding.level {
        Level::Ok => ("badge good", "ok"),
        Level::Note => ("badge off", "note"),
        Level::Warning => ("badge action", "warning"),
        Level::Broken => ("badge action", "broken"),
    };
    html! {
        tr {
            td { span class=(class) { (word) } }
            th scope="row" { code { (finding.check) } " " (finding.subject) }
            td { (texts::with_code(&finding.detail)) }
            td { (texts::with_code(finding.next.as_deref().unwrap_or("none"))) }
        }
    }
}

//! All integrations, each with its health in one line.

use axum::{extract::State, response::Response};
use config::{KnownIntegration, Role};
use futures_util::future::try_join_all;
use maud::html;

use super::{layout, texts};
use crate::{
    access::caller::Caller,
    app::App,
    audit_search::check_readable,
    health::{self, Health},
    problem::Problem,
};

/// Integrations on one page.
const MOST: usize = 500;
/// Integrations whose health is read at the same time.
const AT_ONCE: usize = 16;

pub(crate) async fn page(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let snapshot = app.snapshot();
    let mut seen: Vec<&KnownIntegration> = snapshot.all.iter().collect();
    seen.retain(|it| caller.grant.covers(&it.id));
    let total = seen.len();
    seen.truncate(MOST);
    let mut rows = Vec::with_capacity(seen.len());
    for some in seen.chunks(AT_ONCE) {
        rows.extend(try_join_all(some.iter().map(|it| row(&app, it))).await?);
    }
    // What needs action comes first.
    rows.sort_by_key(|(_, _, health)| health.state != health::State::NeedsAction);
    let action = rows.iter().filter(|(_, _, it)| it.state == health::State::NeedsAction).count();
    let content = html! {
        @if snapshot.all.is_empty() {
            p { "There is no integration yet: none in the configuration file, and none that is stored." }
        } @else if rows.is_empty() {
            p { "There is no integration that you may see." }
        } @else {
            p { (action) " of " (total) " need action." @if total > MOST { " The first " (MOST) " are shown." } }
            div .wide role="region" aria-label="Integrations" tabindex="0" {
                table {
                    caption { "Integrations" }
                    thead { tr {
                        th scope="col" { "Integration" } th scope="col" { "State" } th scope="col" { "What is" }
                        th scope="col" { "Next step" } th scope="col" { "Site" }
                    } }
                    tbody {
                        @for (id, site, health) in &rows {
                            tr {
                                th scope="row" { a href=(texts::path(&["integrations", id])) { (id) } }
                                td { span class=(health.state.class()) { (health.state.word()) } }
                                td { (health.text) }
                                td { (texts::with_code(&health.next_step)) }
                                td { (site) }
                            }
                        }
                    }
                }
            }
        }
        @if caller.grant.role == Role::Admin {
            p { a href="/new-integration" { "Set up a new integration" } }
        }
        @if check_readable(&app).is_ok() {
            section {
                h2 #live { "Just now" }
                p .fine { "New decisions appear here while this page is open. They need the script of this page; " a href="/requests" { "requests" } " shows them without." }
                ol .live data-live="/api/v1/events" aria-labelledby="live" aria-live="polite" {}
            }
        }
    };
    Ok(layout::page(&caller, "/", "Overview", &content))
}

/// The id of the integration, its site, and its health.
async fn row<'a>(
    app: &App,
    known: &'a KnownIntegration,
) -> Result<(&'a str, &'a str, Health), Problem> {
    let (health, site) = match &known.settings {
        Some(settings) => (Health::of(app, settings).await?, settings.account.site_uid.as_str()),
        None => (Health::of_problem(known.problem.as_ref()), ""),
    };
    Ok((known.id.as_str(), site, health))
}

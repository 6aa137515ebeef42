//! The locks of an integration's site, as Salto lists them, with the objects that are mapped to each.

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use operations::site::LockReport;

use super::{iq_forms::yes_or_no, layout, texts};
use crate::{
    access::caller::Caller,
    api::site::{LockList, listed_locks},
    app::App,
    extract::PathParameters,
    problem::Problem,
};

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Problem> {
    let LockList { locks, missing, notes } = listed_locks(&app, &id).await?;
    let content = html! {
        p { a href=(texts::path(&["integrations", &id])) { "Back to " (id) } }
        @for note in &notes { p .fine { (note) } }
        @if !missing.is_empty() {
            div .problem role="alert" {
                p { "The mapping names locks that the site does not have, so their doors stay shut:" }
                ul { @for lock in &missing { li { (lock) } } }
            }
        }
        @if locks.is_empty() {
            p { "Salto lists no lock at this site." }
        } @else {
            (table(&locks))
        }
        p .fine { "Salto's list may be up to half an hour old." }
    };
    Ok(layout::page(&caller, "", &format!("Locks of {id}"), &content))
}

fn table(locks: &[LockReport]) -> Markup {
    html! {
        div .wide role="region" aria-label="Locks" tabindex="0" {
            table {
                caption { "Locks at Salto, and the objects that open them" }
                thead { tr {
                    th scope="col" { "Lock" } th scope="col" { "Objects" } th scope="col" { "Online" }
                    th scope="col" { "Battery" } th scope="col" { "Privacy mode" } th scope="col" { "IQ" } th scope="col" { "Id" }
                } }
                tbody { @for lock in locks { (row(lock)) } }
            }
        }
    }
}

fn row(lock: &LockReport) -> Markup {
    let all_others = lock.default.then_some("all others");
    let objects = lock.objects.iter().map(String::as_str).chain(all_others);
    let objects = objects.collect::<Vec<_>>().join(", ");
    html! {
        tr {
            th scope="row" { (lock.name.as_deref().unwrap_or("without a name")) }
            td { @if objects.is_empty() { span .badge.off { "not mapped" } } @else { (objects) } }
            td { @if lock.online == Some(false) { span .badge.action { "no" } } @else { (yes_or_no(lock.online)) } }
            td { (lock.battery_level.as_deref().unwrap_or("not known")) }
            td { @if lock.privacy_mode == Some(true) { span .badge.action { "on: it refuses to open" } } @else { (yes_or_no(lock.privacy_mode)) } }
            td { (lock.iq_name.as_ref().or(lock.iq_id.as_ref()).map_or("none", String::as_str)) }
            td { code { (lock.id) } }
        }
    }
}

//! All integrations.

use axum::{extract::State, response::Response};
use maud::html;

use super::layout;
use crate::{access::caller::Caller, api::integrations::seen_by, app::App};

pub(crate) async fn page(State(app): State<App>, caller: Caller) -> Response {
    let integrations = seen_by(&app, &caller);
    let content = html! {
        @if integrations.is_empty() {
            p { "There is no integration that you may see." }
        } @else {
            table {
                caption { "Integrations" }
                thead { tr { th scope="col" { "Integration" } th scope="col" { "Site" } } }
                tbody {
                    @for it in &integrations {
                        tr { th scope="row" { (it.id) } td { (it.site_uid) } }
                    }
                }
            }
        }
    };
    layout::page(&caller, "/", "Overview", &content)
}

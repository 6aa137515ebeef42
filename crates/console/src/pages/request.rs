//! One request: what happened to it in order, the rules one by one, and what to do next.

use axum::{extract::State, response::Response};
use maud::{Markup, html};
use operations::explain::{BookingReport, Explanation, RuleReport};

use super::{layout, next_steps::next_steps, texts, timeline::timeline};
use crate::{
    access::caller::Caller,
    api::explanations::{RequestQuery, explain_request},
    app::App,
    extract::{PathParameters, QueryParameters},
    problem::Problem,
};

pub(crate) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    QueryParameters(query): QueryParameters<RequestQuery>,
) -> Result<Response, Problem> {
    let explanation = explain_request(&app, &caller, &id, query).await?;
    let content = html! {
        section {
            h2 { "What to do next" }
            ul { @for step in next_steps(&explanation) { li { (step) } } }
        }
        @if let Some(request) = &explanation.request { (timeline(request)) }
        (rules(&explanation))
        @if let Some(it) = &explanation.booking { (booking(it)) }
        (door(&explanation))
        p { a href={ "/requests?request=" (texts::escaped(&id)) } { "Its lines of the audit" } }
    };
    Ok(layout::page(&caller, "", &format!("Request {id}"), &content))
}

fn rules(explanation: &Explanation) -> Markup {
    html! {
        section {
            h2 { "Rules" }
            @if explanation.rules.is_empty() {
                p { "The record does not say which booking the request is about, so the rules cannot be shown." }
            } @else {
                div .wide role="region" aria-label="Rules" tabindex="0" {
                    table {
                        caption { "In their order, for " (texts::time(explanation.at)) ", with the booking as it is known now" }
                        thead { tr {
                            th scope="col" { "Rule" } th scope="col" { "Answer" } th scope="col" { "What it saw" }
                            th scope="col" { "Why" }
                        } }
                        tbody { @for it in &explanation.rules { (rule(it)) } }
                    }
                }
            }
        }
    }
}

fn rule(rule: &RuleReport) -> Markup {
    let class = match rule.verdict {
        "yes" => "badge good",
        "moot" => "badge off",
        _ => "badge action",
    };
    let seen = rule.seen.iter().filter(|(_, value)| !value.is_null());
    let seen = seen.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{}: {value}", name.replace('_', " "))
    });
    html! {
        tr {
            th scope="row" { (rule.rule.replace('_', " ")) }
            td { span class=(class) { @if rule.verdict == "moot" { "does not apply" } @else { (rule.verdict) } } }
            td { (seen.collect::<Vec<_>>().join(", ")) }
            td {
                @if let Some(reason) = rule.reason { code { (reason) } " " }
                (rule.detail.as_deref().unwrap_or_default())
            }
        }
    }
}

fn booking(booking: &BookingReport) -> Markup {
    let requests = format!("/requests?booking={}", texts::escaped(&booking.booking_id));
    html! {
        section {
            h2 { "Booking, as it is known now" }
            dl {
                dt { "Booking" } dd { a href=(requests) { (booking.booking_id) } }
                dt { "Integration" }
                dd { a href=(texts::path(&["integrations", &booking.integration_id])) { (booking.integration_id) } }
                dt { "Status" }
                dd {
                    @if !booking.known { "not known: no state of it was received, or it ended long ago" }
                    @if !booking.tied.is_empty() { (booking.tied.len()) " states of the same version; each must allow it" }
                    (booking.status.as_deref().unwrap_or_default())
                }
                dt { "Objects" } dd { (booking.object_ids.join(", ")) }
                dt { "Booked time" }
                dd {
                    @if let (Some(starts), Some(ends)) = (booking.starts_at, booking.ends_at) {
                        (texts::time(starts)) " to " (texts::time(ends))
                    }
                }
                dt { "Opened before" } dd { @if booking.opened_before { "yes" } @else { "no" } }
            }
        }
    }
}

fn door(explanation: &Explanation) -> Markup {
    let door = explanation.door.as_ref();
    html! {
        section {
            h2 { "Door, now" }
            @match (&explanation.lock, door, &explanation.door_unknown) {
                (None, _, _) => p { "The rules lead to no lock." },
                (Some(lock), Some(door), _) => {
                    dl {
                        dt { "Lock" } dd { (operations::text::named(door.lock_name.as_deref(), lock)) }
                        dt { "IQ" } dd { (door.iq_id.as_deref().unwrap_or("the site has no such lock, or it has no IQ")) }
                        dt { "Activation" } dd { (door.state.unwrap_or("not known").replace('_', " ")) }
                        dt { "A command would fail because of" }
                        dd { @match door.obstacle { Some(it) => code { (it) }, None => "nothing that is known" } }
                    }
                }
                (Some(lock), None, reason) => {
                    p { "Lock " (lock) ". Its IQ is not known" @if let Some(reason) = reason { ": " (reason) } "." }
                }
            }
        }
    }
}

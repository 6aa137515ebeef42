//! What happened to a request, in order.

use chrono::{DateTime, Utc};
use events::Outbound;
use maud::{Markup, html};
use operations::explain::RequestReport;
use serde_json::Value;

use super::texts;

/// The request's record as a list of what happened, the earliest first; what has no time comes last.
pub(super) fn timeline(request: &RequestReport) -> Markup {
    let mut steps = steps(request);
    steps.sort_by_key(|(at, _)| at.unwrap_or(DateTime::<Utc>::MAX_UTC));
    html! {
        section {
            h2 { "What happened" }
            p { "From " code { (request.source) } "." }
            ol .timeline {
                @for (at, what) in &steps {
                    li { @if let Some(at) = at { (texts::time(*at)) ": " } (what) }
                }
            }
        }
    }
}

type Step = (Option<DateTime<Utc>>, Markup);

fn steps(request: &RequestReport) -> Vec<Step> {
    let now = Utc::now();
    let mut steps = Vec::new();
    steps.extend(request.taken_at.map(|at| (Some(at), html! { "a worker took it" })));
    steps.extend(request.expires_at.map(|at| {
        let what = if at > now { "it will expire" } else { "it expired" };
        (Some(at), html! { (what) })
    }));
    steps.push((
        None,
        html! {
            "commands sent: " (request.attempts) ", failed attempts: " (request.failures)
            @if let Some(cause) = &request.last_cause { ", the last one because of " (cause) }
        },
    ));
    if request.commands_in_doubt > 0 {
        let what = html! { "commands without an answer: " (request.commands_in_doubt) };
        steps.push((request.in_doubt_since, what));
    }
    if let Some(worker) = &request.claimed_by {
        let alive = request.claimant_alive == Some(true);
        steps.push((
            None,
            html! {
                "the worker " code { (worker) } " acts on it"
                @if !alive { "; that worker sends no heartbeat, and another one takes over" }
            },
        ));
    }
    let not_before = request.not_before.filter(|at| *at > now);
    steps.extend(not_before.map(|at| (Some(at), html! { "no command is sent before" })));
    steps.extend(request.outcome.iter().map(answer));
    steps.extend(request.confirmed.iter().map(answer));
    if request.confirmation == Some("unconfirmed") {
        steps.push((None, html! { "Salto's own record has not shown the opening" }));
    }
    if let Some(key) = &request.waits_for_queue {
        let what = html! { "its answer waits, because no queue takes " code { (key) } };
        steps.push((request.no_queue_since, what));
    }
    if request.dead_lettered {
        steps.push((None, html! { "it has a dead letter" }));
    }
    steps
}

/// An event that answers the request.
fn answer(event: &Outbound) -> Step {
    let members = serde_json::to_value(event).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, data) = (text(&members["type"]), &members["data"]);
    let (reason, detail) = (text(&data["reason"]), text(&data["detail"]));
    (
        Some(event.time),
        html! {
            "answer " code { (kind) }
            @if !reason.is_empty() { " " code { (reason) } }
            @if !detail.is_empty() { ": " (detail) }
            @if event.rehearsal { " (rehearsal: no door opened)" }
        },
    )
}

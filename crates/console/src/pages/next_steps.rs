//! What to do next about a request.

use maud::{Markup, html};
use operations::explain::Explanation;
use rules::Rule;

use super::texts;

/// The steps; at least one line.
pub(super) fn next_steps(explanation: &Explanation) -> Vec<Markup> {
    let mut steps = Vec::new();
    let integration = explanation.booking.as_ref().map(|it| it.integration_id.as_str());
    if let Some(no) = explanation.rules.iter().find(|rule| rule.reason.is_some()) {
        steps.push(html! { (advice(no.step.rule)) });
    }
    let door = explanation.door.as_ref();
    if let (Some(integration), Some(obstacle)) = (integration, door.and_then(|it| it.obstacle)) {
        steps.push(html! {
            "A command would fail now because of " code { (obstacle) } ": "
            a href=(texts::path(&["integrations", integration, "iqs"])) { "see its IQs" } "."
        });
    }
    if explanation.pause_seconds > 0 {
        steps.push(html! { "Salto has asked for a pause: wait another " (explanation.pause_seconds) " s." });
    }
    if let Some(request) = &explanation.request {
        if let Some(key) = &request.waits_for_queue {
            steps.push(html! { "Bind a queue of the booking system to " code { "postern.outbound" } " for " code { (key) } ": the answer waits for it." });
        }
        if request.dead_lettered {
            steps.push(html! { "Remove the cause, then replay or drop its " a href="/dead-letters" { "dead letter" } "." });
        }
        if request.outcome.is_none() && steps.is_empty() {
            steps.push(html! { "Wait: it has no answer yet." });
        }
    }
    if explanation.rehearses {
        steps.push(html! { "The integration rehearses, so that no door opens: an admin sets its mode to live." });
    }
    if steps.is_empty() {
        steps.push(html! { "Nothing: as things are now, the door would open." });
    }
    steps
}

/// What helps where a rule says no.
fn advice(rule: Rule) -> &'static str {
    match rule {
        Rule::IntegrationKnown => {
            "Set up the integration, or correct the id that the booking system sends."
        }
        Rule::IntegrationActive => "An admin switches the integration on, on its page.",
        Rule::BookingKnown => {
            "Have the booking system publish the status of the booking: none is known here."
        }
        Rule::StatusAllowed => {
            "Change the status in the booking system; or, where it should open doors, an admin adds it to the integration."
        }
        Rule::WindowBegun => {
            "Ask again once the window has begun; or an admin sets more minutes before the start."
        }
        Rule::WindowNotOver => {
            "The booking is over: extend it in the booking system; or an admin sets more minutes after the end."
        }
        Rule::ObjectBooked => "Book the object, or ask for one that is booked.",
        Rule::LockMapped => "An admin maps the object to a lock, on the page of the integration.",
        Rule::TakenInTime | Rule::NotExpired => {
            "Ask again: the request expired before it was acted on."
        }
    }
}

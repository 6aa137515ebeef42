//! The letters of one reason as a table, in a form for those who may act.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{layout, texts};
use crate::{access::caller::CallerSession, api::dead_letters::DeadLetter};

/// The letters of a reason that a page shows.
const MOST: usize = 100;

/// Dead letters of one reason.
pub(super) struct ReasonGroup<'a> {
    reason: &'a str,
    /// Their number, also of those that are not listed.
    pub(super) count: usize,
    /// Their number by the predicted result of a replay.
    pub(super) predicted: BTreeMap<&'static str, usize>,
    pub(super) letters: Vec<&'a DeadLetter>,
}

impl<'a> ReasonGroup<'a> {
    pub(super) fn new(reason: &'a str) -> Self {
        Self { reason, count: 0, predicted: BTreeMap::new(), letters: Vec::new() }
    }
}

/// `session`: that of a caller who may act.
pub(super) fn group(
    group: &ReasonGroup<'_>,
    session: Option<&CallerSession>,
    may_drop: bool,
) -> Markup {
    let table = table(group, session.is_some());
    html! {
        section {
            h2 { (group.reason.replace('_', " ")) }
            p {
                "Letters: " (group.count) ". A replay would come to: "
                @for (index, (result, count)) in group.predicted.iter().enumerate() {
                    @if index > 0 { ", " } (count) " × " (result)
                }
                "."
            }
            @match session {
                None => (table),
                Some(session) => form method="post" action="/dead-letters" {
                    (layout::csrf_field(session))
                    input type="hidden" name="reason" value=(group.reason);
                    (table)
                    (buttons(group, may_drop))
                },
            }
        }
    }
}

fn buttons(group: &ReasonGroup<'_>, may_drop: bool) -> Markup {
    let button = |value: &str, text: &str| {
        html! { button type="submit" name="do" value=(value) { (text) } " " }
    };
    html! {
        p {
            (button("replay-selected", "Replay the ticked ones"))
            (button("replay-all", &format!("Replay all: {}", group.reason)))
        }
        @if may_drop {
            p { label { input type="checkbox" name="sure" value="yes"; "Remove them here; the console keeps them in a file" } }
            p {
                (button("drop-selected", "Drop the ticked ones"))
                (button("drop-all", &format!("Drop all: {}", group.reason)))
            }
        }
        p .fine { "“All” are those that have this reason then, later ones and those that are not listed included." }
    }
}

fn table(group: &ReasonGroup<'_>, has_form: bool) -> Markup {
    let caption = format!("Dead letters: {}", group.reason);
    html! {
        div .wide role="region" aria-label=(caption) tabindex="0" {
            table {
                caption {
                    (caption)
                    @if group.letters.len().min(MOST) < group.count { ", the first " (group.letters.len().min(MOST)) }
                }
                thead { tr {
                    @if has_form { th scope="col" { "Tick" } }
                    th scope="col" { "Event" } th scope="col" { "Integration" } th scope="col" { "Booking" }
                    th scope="col" { "Put aside" } th scope="col" { "Why" } th scope="col" { "A replay would come to" }
                } }
                tbody { @for letter in group.letters.iter().take(MOST) { (row(letter, has_form)) } }
            }
        }
    }
}

fn row(DeadLetter { info, if_replayed }: &DeadLetter, has_form: bool) -> Markup {
    let event = info.event_id.as_deref().unwrap_or("without an id");
    html! {
        tr {
            @if has_form {
                td { input type="checkbox" name="id" value=(info.id) aria-label={ "Tick " (event) }; }
            }
            th scope="row" { (event) " " @if let Some(kind) = &info.kind { code { (kind) } } }
            td { (info.integration_id.as_deref().unwrap_or_default()) }
            td { (info.booking_id.as_deref().unwrap_or_default()) }
            td {
                @if let Some(at) = info.failed_at { (texts::time(at)) }
                @if info.replays > 0 { ", replayed " (info.replays) " times before" }
            }
            td { (info.detail.as_deref().unwrap_or_default()) }
            td {
                @match if_replayed {
                    Some(prediction) => { strong { (prediction.result.text()) } ": " (prediction.detail) }
                    None => "not predicted",
                }
            }
        }
    }
}

//! Lines of the audit as a table.

use axum::http::Uri;
use consumer::audit::{AuditEntry, AuditOutcome, SettingChange};
use maud::{Markup, html};
use url::form_urlencoded;

use super::texts;
use crate::audit_search::Found;

/// The table of these lines; `empty` is what stands there where there are none.
pub(super) fn table(caption: &str, entries: &[AuditEntry], empty: &str) -> Markup {
    html! {
        @if entries.is_empty() {
            p { (empty) }
        } @else {
            div .wide role="region" aria-label=(caption) tabindex="0" {
                table {
                    caption { (caption) }
                    thead { tr {
                        th scope="col" { "Time" } th scope="col" { "Integration" } th scope="col" { "Booking" }
                        th scope="col" { "Object" } th scope="col" { "By" } th scope="col" { "Outcome" }
                        th scope="col" { "Why" } th scope="col" { "Request" }
                    } }
                    tbody { @for entry in entries { (row(entry)) } }
                }
            }
        }
    }
}

fn row(entry: &AuditEntry) -> Markup {
    let booking = |id: &str| format!("/requests?booking={}", texts::escaped(id));
    html! {
        tr {
            td { (texts::time(entry.at)) }
            td {
                @if !entry.integration_id.is_empty() {
                    a href=(texts::path(&["integrations", &entry.integration_id])) { (entry.integration_id) }
                }
            }
            td {
                @if !entry.booking_id.is_empty() { a href=(booking(&entry.booking_id)) { (entry.booking_id) } }
            }
            td { (entry.object_id.as_deref().unwrap_or_default()) }
            td { (entry.operator.as_ref().or(entry.requested_by.as_ref()).map(String::as_str).unwrap_or_default()) }
            td { (outcome(entry)) }
            td { (why(entry)) }
            td {
                @if entry.action.is_none() && entry.change.is_none() {
                    a href=(request(entry)) { (entry.request_id) }
                }
            }
        }
    }
}

/// The page of the request. An opening by a person has lines of the audit alone.
fn request(entry: &AuditEntry) -> String {
    let id = entry.request_id.as_str();
    match entry.operator {
        Some(_) => format!("/requests?request={}", texts::escaped(id)),
        None => {
            let source = texts::escaped(&entry.request_source);
            format!("{}?source={source}", texts::path(&["requests", id]))
        }
    }
}

/// The outcome, which is also told by a word, not by the colour alone.
pub(super) fn outcome(entry: &AuditEntry) -> Markup {
    let class = match entry.outcome {
        AuditOutcome::Opened
        | AuditOutcome::Confirmed
        | AuditOutcome::Changed
        | AuditOutcome::Done => "badge good",
        AuditOutcome::Rejected | AuditOutcome::Refused => "badge off",
        AuditOutcome::Failed => "badge action",
    };
    html! {
        span class=(class) { (entry.outcome.code()) }
        @if entry.rehearsal { " (rehearsal: no door opened)" }
    }
}

fn why(entry: &AuditEntry) -> Markup {
    let code = entry.action.as_ref().or(entry.reason.as_ref());
    html! {
        @if let Some(code) = code { code { (code) } " " }
        (entry.detail.as_deref().unwrap_or_default())
        @if let Some(change) = &entry.change {
            (change.action.code()) ": "
            ul .changes { @for setting in &change.settings { li { (changed(setting)) } } }
            @if change.more > 0 { "and " (change.more) " more" }
        }
        @if let Some(reason) = &entry.operator_reason { " “" (reason) "”" }
        @if let Some(at) = entry.opens_at { " Opens at " (texts::time(at)) "." }
        @if let Some(at) = entry.opened_at { " Opened at " (texts::time(at)) "." }
    }
}

/// A setting with its values before and now, where it had one and they are no secrets.
fn changed(setting: &SettingChange) -> Markup {
    let value = |value: &Option<String>| {
        html! {
            @match value { Some(value) => code { (value) }, None => "not set" }
        }
    };
    html! {
        code { (setting.key) }
        @if setting.old.is_some() || setting.new.is_some() {
            ": " (value(&setting.old)) " → " (value(&setting.new))
        }
    }
}

/// The way to lines further back than those of this page.
pub(super) fn further_back(page: &Uri, found: &Found) -> Markup {
    let Some(position) = &found.next else { return html! {} };
    let filters = form_urlencoded::parse(page.query().unwrap_or_default().as_bytes());
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(filters.filter(|(name, _)| name != "before"));
    query.append_pair("before", &position.to_string());
    html! {
        p {
            "Searched back to " (texts::time(position.added_at())) ". "
            a href=(format!("{}?{}", page.path(), query.finish())) { "Search further back" }
        }
    }
}

/// A field of a filter form.
pub(super) fn field(name: &str, label: &str, value: Option<&str>) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            input id=(name) name=(name) value=(value.unwrap_or_default()) maxlength="256" autocomplete="off";
        }
    }
}

//! What is known of an IQ, and the forms of its activation.

use maud::{Markup, html};
use operations::iqs::IqReport;
use serde::Deserialize;

use super::{layout, texts};
use crate::{access::caller::CallerSession, api::activation::ActivationState};

/// What became of a step. It is in the address of the page, where nothing else is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    SentByMail,
    SentBySms,
    EnterPin,
    Check,
    Done,
    NotNeeded,
    Accepted,
    PinSet,
    PinKept,
}

impl Said {
    pub(super) fn of(state: &ActivationState) -> Self {
        match (state.step, state.pin_sent_by) {
            ("enter_pin", Some("sms")) => Self::SentBySms,
            ("enter_pin", Some(_)) => Self::SentByMail,
            ("enter_pin", None) => Self::EnterPin,
            ("check", _) => Self::Check,
            ("not_needed", _) => Self::NotNeeded,
            (_, _) => Self::Done,
        }
    }

    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::SentByMail => "sent_by_mail",
            Self::SentBySms => "sent_by_sms",
            Self::EnterPin => "enter_pin",
            Self::Check => "check",
            Self::Done => "done",
            Self::NotNeeded => "not_needed",
            Self::Accepted => "accepted",
            Self::PinSet => "pin_set",
            Self::PinKept => "pin_kept",
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::SentByMail => {
                "Salto sends the PIN by mail to the account's user. Enter it below."
            }
            Self::SentBySms => {
                "Salto sends the PIN as a text message to the account's user. Enter it below."
            }
            Self::EnterPin => "The PIN was sent before. Enter it below, or have it sent again.",
            Self::Check => {
                "The PIN is stored here already: have it checked below, and leave its field empty."
            }
            Self::Done => "The IQ is activated.",
            Self::NotNeeded => {
                "Doors of this IQ are opened without one-time passwords: it needs no activation."
            }
            Self::Accepted => "Salto accepts the one-time passwords of this IQ.",
            Self::PinSet => "The IQ has another PIN now.",
            Self::PinKept => "It was the PIN already: nothing was changed.",
        }
    }
}

pub(super) fn yes_or_no(known: Option<bool>) -> &'static str {
    match known {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    }
}

pub(super) fn state(iq: &IqReport) -> Markup {
    let class = if iq.state == "activated" { "badge good" } else { "badge action" };
    html! { span class=(class) { (iq.state.replace('_', " ")) } }
}

pub(super) fn facts(iq: &IqReport) -> Markup {
    html! {
        dl {
            dt { "Activation" }
            dd { (state(iq)) @if let Some(since) = iq.state_since { " since " (texts::time(since)) } }
            dt { "Next step" } dd { (texts::with_code(iq.next.as_deref().unwrap_or("none"))) }
            dt { "Id" } dd { (iq.id) }
            dt { "Online at Salto" } dd { (yes_or_no(iq.online)) " (up to half an hour old)" }
            dt { "Rejected one-time passwords in a row" } dd { (iq.rejected_in_a_row) }
            @if let Some(until) = iq.blocked_until {
                dt { "Salto has blocked the user until" } dd { (texts::time(until)) }
            }
            @if iq.setting_pin {
                dt { "Another PIN" } dd { "was begun to be set, and its result is not known: set it again" }
            }
            @if let Some(error) = &iq.last_error {
                dt { "Last error" } dd { code { (error.reason) } " " (error.detail) ", " (texts::time(error.at)) }
            }
        }
    }
}

/// The steps, each with a form of its own. Where a text names a command, the form with the same name does it.
pub(super) fn steps(iq: &IqReport, session: &CallerSession, path: &str) -> Markup {
    let form = |step: &str, title: &str, fields: &Markup, button: &str| {
        html! {
            section {
                h2 { (title) }
                form .narrow method="post" action=(path) autocomplete="off" {
                    (layout::csrf_field(session))
                    input type="hidden" name="step" value=(step);
                    (fields)
                    button type="submit" { (button) }
                }
            }
        }
    };
    let is_activated = iq.state == "activated";
    html! {
        @if !is_activated {
            (form("begin", "Activate: have the PIN sent", &sending(), "Begin, or go on"))
            (form("enter_pin", "Activate: enter the PIN", &html! { (pin("pin", "PIN", false)) (force()) }, "Check the PIN"))
            (form("adopt", "Adopt: a secret and a PIN that are known", &known(), "Adopt"))
        }
        (form("probe", "Probe: try a one-time password, without a door", &force(), "Probe"))
        @if is_activated || iq.setting_pin {
            (form("set_pin", "Set another PIN", &html! {
                p { "After a change of the PIN, Salto's cloud and the IQ have been seen to disagree: do it only where it must be." }
                (pin("new-pin", "New PIN", true)) (force())
            }, "Set the PIN"))
        }
    }
}

fn sending() -> Markup {
    html! {
        label for="send_pin" { "Salto sends the PIN" }
        select #send_pin name="send_pin" {
            option value="email" { "by mail" }
            option value="sms" { "as a text message" }
        }
    }
}

fn known() -> Markup {
    html! {
        label for="secret" { "Secret of the IQ" }
        input #secret name="secret" type="password" autocomplete="off" required maxlength="256";
        (pin("adopted-pin", "PIN", true))
        (force())
    }
}

/// A PIN is typed unseen, and never filled in.
fn pin(id: &str, label: &str, required: bool) -> Markup {
    html! {
        label for=(id) { (label) " (four digits)" }
        input id=(id) name="pin" type="password" inputmode="numeric" pattern="[0-9]{4}" maxlength="4"
            autocomplete="off" required[required];
    }
}

fn force() -> Markup {
    html! {
        p { label {
            input type="checkbox" name="force" value="true";
            "Also while Salto has blocked the user, or where one more rejection could block it"
        } }
    }
}

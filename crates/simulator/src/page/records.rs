//! What happened: mails with PINs, and commands.

use maud::{Markup, html};

use crate::records::{Command, CommandResult, Mail};
use crate::wire::json_name;

pub(super) fn mailbox(mails: &[Mail]) -> Markup {
    if mails.is_empty() {
        return html! {};
    }
    html! {
        section #mailbox {
            h2 { "Mailbox " small { "PINs for the activation" } }
            ol.rows {
                @for mail in mails {
                    li {
                        time { (mail.sent_at.format("%H:%M:%S")) }
                        span { (mail.iq) ", to " (mail.to) }
                        b { (mail.pin) }
                    }
                }
            }
        }
    }
}

pub(super) fn commands(commands: &[Command]) -> Markup {
    html! {
        section #commands {
            h2 { "Commands " small { "times in UTC, newest first" } }
            ol.rows {
                @for command in commands { (row(command)) }
                @if commands.is_empty() { li { time {} span.faint { "Nothing yet." } } }
            }
        }
    }
}

fn row(command: &Command) -> Markup {
    let good = matches!(command.result, CommandResult::Opened);
    let id = || command.lock_id.map(|id| id.to_string());
    let lock = command.lock.as_deref().map(str::to_owned).or_else(id);
    html! {
        li {
            time { (command.received_at.format("%H:%M:%S")) }
            span { (lock.as_deref().unwrap_or("unknown lock")) }
            span.good[good].bad[!good] {
                (json_name(&command.result).replace('_', " "))
                @if let Some(fault) = &command.fault { " (" (json_name(fault).replace('_', " ")) ")" }
                ", "
                @match command.status { Some(status) => (status), None => "no answer" }
            }
        }
    }
}

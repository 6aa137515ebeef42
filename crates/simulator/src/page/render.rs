//! The page as HTML: its frame, the clock, and the booking system.

use maud::{DOCTYPE, Markup, html};

use super::view::PageView;
use super::{doors, records};
use crate::booking_system::{BookingRequest, DoorRing};

pub(super) fn page(view: &PageView) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Salto KS simulator" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/page/style.css";
                script src="/page/script.js" defer {}
            }
            body {
                header {
                    h1 { "Salto KS simulator" }
                    p.faint {
                        (view.opened) " opened · " (view.refused) " refused"
                        @if view.faults > 0 { " · " (faults(view.faults)) }
                        " · " span #link { "as it was when the page was loaded" }
                    }
                }
                p #said role="status" { (view.said.unwrap_or_default()) }
                @if let Some(problem) = &view.problem { p.problem role="alert" { (problem) } }
                main {
                    div.panels {
                        (clock(view))
                        (booking_system(view))
                    }
                    @for site in &view.sites { (doors::site(site, view.guest.is_some())) }
                    (records::mailbox(&view.mails))
                    (records::commands(&view.commands))
                }
            }
        }
    }
}

fn faults(count: usize) -> String {
    let noun = if count == 1 { "fault is" } else { "faults are" };
    format!("{count} {noun} on (/control/faults)")
}

fn clock(view: &PageView) -> Markup {
    let step = |label: &str, seconds: i64| {
        html! {
            button name="offset_seconds" value=(view.offset_seconds + seconds) { (label) }
        }
    };
    html! {
        section.panel #clock aria-labelledby="clock-title" {
            h2 #clock-title { "Clock" }
            p {
                time #time data-offset=(view.offset_seconds) { (view.now.format("%H:%M:%S")) }
                " UTC, " (offset(view.offset_seconds))
            }
            p.faint { "A one-time password is valid for 3 minutes either way." }
            form method="post" action="/page/clock" {
                (step("10 min back", -600)) " " (step("2 min back", -120)) " "
                (step("2 min on", 120)) " " (step("10 min on", 600)) " "
                button name="offset_seconds" value="0" disabled[view.offset_seconds == 0] { "Reset" }
            }
        }
    }
}

fn offset(seconds: i64) -> String {
    match seconds {
        0 => "not stepped".to_owned(),
        1.. => format!("{seconds} s ahead"),
        _ => format!("{} s behind", seconds.unsigned_abs()),
    }
}

fn booking_system(view: &PageView) -> Markup {
    html! {
        section.panel aria-labelledby="guest-title" {
            h2 #guest-title { "Booking system" }
            @match &view.guest {
                Some(form) => {
                    (guest_form(form))
                    p.faint { "Book or ring at one of the doors below. The mapping of postern needs the door's name, with hyphens for spaces." }
                    (rings(&view.rings))
                }
                None => p {
                    "To book doors and ring at them here, start the simulator with " code { "--broker-url" }
                    ", the RabbitMQ of postern's workers. Or use " code { "postern publish booking-status" } " and "
                    code { "postern publish open-request" } "."
                }
            }
        }
    }
}

fn guest_form(form: &BookingRequest) -> Markup {
    let field = |label: &str, name: &str, value: &str| {
        html! { label { (label) " " input name=(name) value=(value) required autocomplete="off"; } }
    };
    let minutes = |label: &str, name: &str, value: i64, least: i64| {
        html! {
            label { (label) " " input type="number" name=(name) value=(value) min=(least) max="576000" required; }
        }
    };
    html! {
        form #guest.fields method="post" action="/page/bookings" {
            (field("Integration", "integration", &form.integration))
            (field("Booking", "booking", &form.booking))
            (field("Status", "status", &form.status))
            (minutes("Begins in (minutes)", "begins_in_minutes", i64::from(form.begins_in_minutes), -576_000))
            (minutes("Lasts (minutes)", "lasts_minutes", i64::from(form.lasts_minutes), 1))
        }
    }
}

fn rings(rings: &[DoorRing]) -> Markup {
    html! {
        ol #rings.rows role="log" aria-label="Answers of postern" {
            @for ring in rings.iter().take(8) {
                li {
                    time { (ring.rung_at.format("%H:%M:%S")) }
                    span { (ring.booking) " at " (ring.object.as_deref().unwrap_or("its door")) }
                    (answer(ring))
                }
            }
        }
    }
}

fn answer(ring: &DoorRing) -> Markup {
    let Some(answer) = &ring.answer else { return html! { span.faint { "waits for postern" } } };
    if answer.is_opened() {
        return html! { span.good { "opened" } };
    }
    let reason = answer.reason.as_deref().unwrap_or(&answer.kind).replace('_', " ");
    html! { span.bad title=(answer.detail.as_deref().unwrap_or_default()) { (reason) } }
}

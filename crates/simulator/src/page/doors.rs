//! The IQs and doors of a site, with their state, and buttons that change it.

use maud::{Markup, html};

use super::view::{DoorView, IqView, SiteView};

pub(super) fn site(site: &SiteView, can_ring: bool) -> Markup {
    html! {
        section aria-label=(site.name) {
            h2 { (site.name) " " small { (site.uid) } }
            ul.iqs { @for iq in &site.iqs { (self::iq(iq)) } }
            ul.doors { @for door in &site.doors { (self::door(door, &site.iqs, can_ring)) } }
        }
    }
}

fn iq(iq: &IqView) -> Markup {
    let to = if iq.online { "offline" } else { "online" };
    let otps = if iq.restore_required { "Accept OTPs" } else { "Refuse OTPs" };
    html! {
        li.panel #{"iq-" (iq.id)} {
            h3 { (iq.name) }
            p {
                span.good[iq.online].bad[!iq.online] { @if iq.online { "online" } @else { "offline" } }
                @if iq.restore_required { ", " span.bad { "needs a restore and refuses OTPs" } }
                @if iq.blocked { ", " span.bad { "a user is blocked after wrong OTPs" } }
            }
            p.faint {
                @if iq.activated_for.is_empty() { "Activated for nobody." }
                @else { "Activated for " (iq.activated_for.join(", ")) "." }
            }
            form method="post" action={"/page/iqs/" (iq.id)} {
                button name="online" value=(!iq.online) { "Take " span.unseen { (iq.name) " " } (to) } " "
                button name="restore_required" value=(!iq.restore_required) { (otps) span.unseen { " at " (iq.name) } }
                @if iq.blocked { " " button name="unblock" value="true" { "Unblock" span.unseen { " at " (iq.name) } } }
            }
        }
    }
}

fn door(door: &DoorView, iqs: &[IqView], can_ring: bool) -> Markup {
    let name = &door.name;
    html! {
        li.door.open[door.open] #{"lock-" (door.id)} {
            div.frame aria-hidden="true" { div.leaf {} }
            div.label {
                h3 { (name) }
                (state(door, door.iq.and_then(|place| iqs.get(place))))
            }
            @if can_ring {
                div.acts {
                    button form="guest" formaction="/page/bookings" name="object" value=(door.object) {
                        "Book" span.unseen { " " (name) }
                    } " "
                    button form="guest" formaction="/page/rings" name="object" value=(door.object) {
                        "Ring" span.unseen { " at " (name) }
                    }
                }
            }
            details {
                summary { "Change" span.unseen { " " (name) } }
                (changes(door, iqs))
            }
        }
    }
}

fn state(door: &DoorView, iq: Option<&IqView>) -> Markup {
    html! {
        p.state {
            span.note { @if door.open { "open" } @else { "closed" } }
            ", " (iq.map_or("without an IQ", |iq| iq.name.as_str()))
            @if iq.is_some_and(|iq| !iq.online) { span.bad { " offline" } }
            @if !door.online { ", " span.bad { "lock offline" } }
            @if door.privacy_mode { ", " span.bad { "privacy mode" } }
        }
    }
}

fn changes(door: &DoorView, iqs: &[IqView]) -> Markup {
    let privacy =
        if door.privacy_mode { "Switch privacy mode off" } else { "Switch privacy mode on" };
    let online = if door.online { "Take the lock offline" } else { "Take the lock online" };
    let action = format!("/page/locks/{}", door.id);
    let name = html! { span.unseen { " (" (door.name) ")" } };
    html! {
        form method="post" action=(action) {
            button name="privacy_mode" value=(!door.privacy_mode) { (privacy) (name) } " "
            button name="online" value=(!door.online) { (online) (name) }
        }
        @if iqs.len() > 1 {
            form method="post" action=(action) {
                label {
                    "Move" (name) " to "
                    select name="iq_id" {
                        @for (place, iq) in iqs.iter().enumerate() {
                            @if door.iq != Some(place) { option value=(iq.id) { (iq.name) } }
                        }
                    }
                } " "
                button { "Move" (name) }
            }
        }
    }
}

//! The fields of the form.

use maud::{Markup, html};
use salto::OtpScheme;

use super::IntegrationForm;
use crate::{access::caller::CallerSession, pages::layout::csrf_field};

impl IntegrationForm {
    /// The fields. `environments`: the names that it may have.
    pub(in crate::pages) fn fields(
        &self,
        session: &CallerSession,
        environments: &[&str],
        is_new: bool,
    ) -> Markup {
        html! {
            (csrf_field(session))
            input type="hidden" name="version" value=(self.version);
            @if is_new {
                (text("id", "Id, which events name", &self.id, true, "It cannot be changed later."))
            }
            fieldset {
                legend { "Account at Salto" }
                label for="environment" { "Environment" }
                select #environment name="environment" required {
                    @for name in environments {
                        option value=(name) selected[*name == self.environment] { (name) }
                    }
                }
                (text("site_uid", "UID of the site", &self.site_uid, true, "As Salto shows it, such as NL6254340082."))
                (text("username", "User", &self.username, false, "The service user, which belongs to postern alone."))
                label for="password" { "Password" }
                input #password name="password" type="password" autocomplete="new-password" maxlength="1024" aria-describedby="password-hint";
                p .fine #password-hint { @if is_new { "It is stored encrypted, and shown nowhere." } @else { "Leave it empty to keep the one that is stored." } }
            }
            fieldset {
                legend { "Rules" }
                (text("open_from_statuses", "Statuses that open doors", &self.open_from_statuses, true, "Of the booking system, with commas between them."))
                (number("minutes_before", "Minutes before the start", &self.minutes_before))
                (number("minutes_after", "Minutes after the end", &self.minutes_after))
                (text("check_in_status", "Status at the first opening", &self.check_in_status, false, "May be empty."))
                (text("record_opened_at_in", "Field for the time of the opening", &self.record_opened_at_in, false, "May be empty."))
                label for="mode" { "Mode" }
                select #mode name="mode" {
                    option value="live" selected[self.mode != "rehearse"] { "live: doors open" }
                    option value="rehearse" selected[self.mode == "rehearse"] { "rehearse: no door opens" }
                }
                p { label { input type="checkbox" name="active" value="true" checked[self.active == "true"]; " Active: requests are handled" } }
            }
            fieldset {
                legend { "Mapping" }
                label for="locks" { "Objects and their locks" }
                textarea #locks name="locks" rows="10" spellcheck="false" aria-describedby="locks-hint" { (self.locks) }
                p .fine #locks-hint { "One a line: the object, = and the lock's name or id at Salto." }
                (text("default_lock", "Lock of all other objects", &self.default_lock, false, "May be empty."))
                label for="shared_doors" { "Doors that come with others" }
                textarea #shared_doors name="shared_doors" rows="3" spellcheck="false" aria-describedby="shared-hint" { (self.shared_doors) }
                p .fine #shared-hint { "One a line: a mapped object such as the entrance, = and the objects that it comes with, with commas between them." }
            }
            (self.special())
        }
    }

    /// What most integrations leave as it is.
    fn special(&self) -> Markup {
        html! {
            fieldset {
                legend { "Further settings" }
                label for="confirm_openings" { "Confirm openings by Salto's own record" }
                select #confirm_openings name="confirm_openings" {
                    option value="" selected[self.confirm_openings.is_empty()] { "as it is by default" }
                    @for (name, what) in [("off", "off"), ("stream", "stream: Salto's event stream"), ("entries", "entries: Salto's log, asked afterwards")] {
                        option value=(name) selected[self.confirm_openings == name] { (what) }
                    }
                }
                p { label { input type="checkbox" name="ask_entries" value="true" checked[self.ask_entries == "true"]; " Ask Salto's log whether a command without an answer opened the door" } }
                (text("warn_before", "Warn of bookings at risk so long before they begin", &self.warn_before, false, "Such as 60m or 2h; 0s warns of none. May be empty."))
                label for="otp_scheme" { "One-time passwords" }
                select #otp_scheme name="otp_scheme" {
                    option value="" selected[self.otp_scheme.is_empty()] { "as it is by default" }
                    @for scheme in OtpScheme::ALL.map(OtpScheme::as_str) {
                        option value=(scheme) selected[self.otp_scheme == scheme] { (scheme) }
                    }
                }
            }
        }
    }
}

fn text(name: &str, label: &str, value: &str, required: bool, hint: &str) -> Markup {
    let described = format!("{name}-hint");
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) value=(value) required[required] maxlength="1024" autocomplete="off" aria-describedby=(described);
        p .fine id=(described) { (hint) }
    }
}

fn number(name: &str, label: &str, value: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) value=(value) type="number" min="0" max="10080" inputmode="numeric";
    }
}

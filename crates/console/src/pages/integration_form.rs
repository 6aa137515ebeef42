//! The form by which an integration is set up and changed.

use config::KnownIntegration;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::layout::csrf_field;
use crate::{access::caller::CallerSession, problem::Problem};

/// What the form sends; what is empty is not set.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IntegrationForm {
    pub(crate) id: String,
    /// The version that the form was made from; empty where the integration is new.
    pub(super) version: String,
    active: String,
    mode: String,
    environment: String,
    site_uid: String,
    username: String,
    password: String,
    open_from_statuses: String,
    minutes_before: String,
    minutes_after: String,
    check_in_status: String,
    record_opened_at_in: String,
    locks: String,
    default_lock: String,
}

/// Keys whose value is a text.
const TEXTS: [&str; 7] = [
    "environment",
    "site_uid",
    "username",
    "check_in_status",
    "record_opened_at_in",
    "default_lock",
    "mode",
];

impl IntegrationForm {
    /// The form of a new integration.
    pub(super) fn new() -> Self {
        Self { active: "true".to_owned(), ..Self::default() }
    }

    /// The form of a stored integration.
    pub(super) fn of(known: &KnownIntegration) -> Self {
        let text = |key: &str| match known.document.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            Some(Value::Array(items)) => {
                items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
            }
            Some(Value::Null | Value::Object(_)) | None => String::new(),
        };
        let locks = known.document.get("locks").and_then(Value::as_object);
        let lines = locks
            .into_iter()
            .flatten()
            .filter_map(|(object, lock)| Some(format!("{object} = {}", lock.as_str()?)));
        let is_active = known.document.get("active").and_then(Value::as_bool).unwrap_or(true);
        Self {
            id: known.id.clone(),
            version: known.version().map(|it| it.to_string()).unwrap_or_default(),
            active: if is_active { "true" } else { "" }.to_owned(),
            mode: text("mode"),
            environment: text("environment"),
            site_uid: text("site_uid"),
            username: text("username"),
            password: String::new(),
            open_from_statuses: text("open_from_statuses"),
            minutes_before: text("minutes_before"),
            minutes_after: text("minutes_after"),
            check_in_status: text("check_in_status"),
            record_opened_at_in: text("record_opened_at_in"),
            locks: lines.collect::<Vec<_>>().join("\n"),
            default_lock: text("default_lock"),
        }
    }

    /// The document: what the form has, and of `before` the keys that the form does not have.
    ///
    /// # Errors
    ///
    /// Lines of the mapping that are none.
    pub(super) fn document(
        &self,
        mut before: Map<String, Value>,
    ) -> Result<Map<String, Value>, Problem> {
        let texts = [
            &self.environment,
            &self.site_uid,
            &self.username,
            &self.check_in_status,
            &self.record_opened_at_in,
            &self.default_lock,
            &self.mode,
        ];
        for (key, text) in TEXTS.into_iter().zip(texts) {
            set(&mut before, key, Some(text.trim()).filter(|it| !it.is_empty()).map(Value::from));
        }
        for (key, text) in
            [("minutes_before", &self.minutes_before), ("minutes_after", &self.minutes_after)]
        {
            // What is no number is refused by the reader, which says what is allowed.
            let number = |text: &str| text.parse::<u32>().map_or_else(|_| text.into(), Value::from);
            set(&mut before, key, Some(text.trim()).filter(|it| !it.is_empty()).map(number));
        }
        let statuses =
            self.open_from_statuses.split(',').map(str::trim).filter(|it| !it.is_empty());
        set(&mut before, "open_from_statuses", Some(statuses.collect::<Vec<_>>().into()));
        set(&mut before, "locks", Some(Value::Object(self.mapping()?)));
        set(&mut before, "active", Some((self.active == "true").into()));
        if !self.password.is_empty() {
            set(&mut before, "password", Some(self.password.as_str().into()));
        }
        Ok(before)
    }

    fn mapping(&self) -> Result<Map<String, Value>, Problem> {
        let mut locks = Map::new();
        for (index, line) in self.locks.lines().enumerate().filter(|(_, it)| !it.trim().is_empty())
        {
            let wrong = |what: &str| {
                Problem::bad_request(format!("line {} of the mapping {what}", index + 1))
            };
            let (object, lock) = line.rsplit_once('=').ok_or_else(|| {
                wrong("must be an object, = and its lock, such as room-12 = Front door")
            })?;
            let object = object.trim().to_owned();
            if locks.insert(object, lock.trim().into()).is_some() {
                return Err(wrong("has an object that an earlier line has"));
            }
        }
        Ok(locks)
    }

    /// The fields. `environments`: the names that it may have.
    pub(super) fn fields(
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
            }
        }
    }
}

fn set(document: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            document.insert(key.to_owned(), value);
        }
        None => {
            document.remove(key);
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

#[cfg(test)]
mod tests;

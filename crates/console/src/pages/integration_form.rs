//! The form by which an integration is set up and changed.

mod fields;

use config::KnownIntegration;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::problem::Problem;

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
    shared_doors: String,
    otp_scheme: String,
    ask_entries: String,
    confirm_openings: String,
    warn_before: String,
}

/// Keys whose value is a text.
const TEXTS: [&str; 10] = [
    "environment",
    "site_uid",
    "username",
    "check_in_status",
    "record_opened_at_in",
    "default_lock",
    "mode",
    "otp_scheme",
    "confirm_openings",
    "warn_before",
];

impl IntegrationForm {
    /// The form of a new integration.
    pub(super) fn new() -> Self {
        Self { active: "true".to_owned(), ask_entries: "true".to_owned(), ..Self::default() }
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
        let shared = known.document.get("shared_doors").and_then(Value::as_object);
        let shared = shared.into_iter().flatten().map(|(door, objects)| {
            let objects = objects.as_array().into_iter().flatten().filter_map(Value::as_str);
            format!("{door} = {}", objects.collect::<Vec<_>>().join(", "))
        });
        let ticked = |key: &str| {
            let set = known.document.get(key).and_then(Value::as_bool);
            if set.unwrap_or(true) { "true".to_owned() } else { String::new() }
        };
        Self {
            id: known.id.clone(),
            version: known.version().map(|it| it.to_string()).unwrap_or_default(),
            active: ticked("active"),
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
            shared_doors: shared.collect::<Vec<_>>().join("\n"),
            otp_scheme: text("otp_scheme"),
            ask_entries: ticked("ask_entries"),
            confirm_openings: text("confirm_openings"),
            warn_before: text("warn_before"),
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
            &self.otp_scheme,
            &self.confirm_openings,
            &self.warn_before,
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
        let shared = Some(self.shared()?).filter(|it| !it.is_empty()).map(Value::Object);
        set(&mut before, "shared_doors", shared);
        // It is the default, so that a key is needed for the contrary alone.
        match (self.ask_entries == "true", before.get("ask_entries").and_then(Value::as_bool)) {
            (true, Some(false)) => set(&mut before, "ask_entries", None),
            (true, _) => {}
            (false, _) => set(&mut before, "ask_entries", Some(false.into())),
        }
        set(&mut before, "active", Some((self.active == "true").into()));
        if !self.password.is_empty() {
            set(&mut before, "password", Some(self.password.as_str().into()));
        }
        Ok(before)
    }

    fn mapping(&self) -> Result<Map<String, Value>, Problem> {
        lines(&self.locks, "the mapping", "an object, = and its lock, such as room-12 = Front door")
    }

    fn shared(&self) -> Result<Map<String, Value>, Problem> {
        let example =
            "an object, = and the objects that it comes with, such as entrance = room-1, room-2";
        let mut shared = lines(&self.shared_doors, "the shared doors", example)?;
        for objects in shared.values_mut() {
            let list = objects.as_str().unwrap_or_default().split(',').map(str::trim);
            *objects = list.filter(|it| !it.is_empty()).collect::<Vec<_>>().into();
        }
        Ok(shared)
    }
}

/// Lines of a name, = and what belongs to it.
fn lines(text: &str, what: &str, example: &str) -> Result<Map<String, Value>, Problem> {
    let mut read = Map::new();
    for (index, line) in text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty()) {
        let wrong = |why: &str| Problem::bad_request(format!("line {} of {what} {why}", index + 1));
        let (name, value) =
            line.rsplit_once('=').ok_or_else(|| wrong(&format!("must be {example}")))?;
        if read.insert(name.trim().to_owned(), value.trim().into()).is_some() {
            return Err(wrong("has an object that an earlier line has"));
        }
    }
    Ok(read)
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

#[cfg(test)]
mod tests;

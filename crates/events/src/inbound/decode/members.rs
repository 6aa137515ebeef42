//! Reading the members of an object one by one, each with its rule. A member that violates its rule is noted,
//! and reading goes on, so that all mistakes of an event are found at once.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};

use super::error::DecodeError;
use super::json::{Json, Object};
use crate::timestamp;

/// The members of one object that have not been read yet, and the mistakes in those that were.
pub(crate) struct Members {
    path: &'static str,
    object: Object,
    mistakes: Vec<String>,
}

impl Members {
    /// The members of the event itself.
    pub(crate) fn of_event(object: Object) -> Self {
        Self { path: "", object, mistakes: Vec::new() }
    }

    /// Reads the members of its `data`.
    pub(crate) fn data<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        match self.required("data")? {
            Json::Object(object) => {
                let mut data = Self { path: "data.", object, mistakes: Vec::new() };
                let value = read(&mut data);
                self.mistakes.append(&mut data.mistakes);
                value
            }
            Json::Null | Json::Text(_) | Json::Integer(_) | Json::List(_) | Json::Other => {
                self.refuse("data", "must be an object")
            }
        }
    }

    /// Whether a mistake was noted.
    pub(crate) fn has_mistakes(&self) -> bool {
        !self.mistakes.is_empty()
    }

    /// The value, where no mistake was noted.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, DecodeError> {
        match value {
            Some(value) if self.mistakes.is_empty() => Ok(value),
            Some(_) | None => Err(DecodeError::violation(self.mistakes)),
        }
    }

    /// A text of `bytes` bytes.
    pub(crate) fn text(
        &mut self,
        name: &'static str,
        bytes: RangeInclusive<usize>,
    ) -> Option<String> {
        let value = self.required(name)?;
        self.note(name, text(value, &bytes))
    }

    /// A text of `bytes` bytes that may be absent.
    pub(crate) fn optional_text(
        &mut self,
        name: &'static str,
        bytes: RangeInclusive<usize>,
    ) -> Option<String> {
        let value = self.optional(name)?;
        self.note(name, text(value, &bytes))
    }

    /// A list of `items` texts of `bytes` bytes each.
    pub(crate) fn texts(
        &mut self,
        name: &'static str,
        items: RangeInclusive<usize>,
        bytes: RangeInclusive<usize>,
    ) -> Option<Vec<String>> {
        let list = match self.required(name)? {
            Json::List(list) if items.contains(&list.len()) => list,
            Json::List(_)
            | Json::Null
            | Json::Text(_)
            | Json::Integer(_)
            | Json::Object(_)
            | Json::Other => {
                let rule =
                    format!("must be a list of {} to {} strings", items.start(), items.end());
                return self.refuse(name, &rule);
            }
        };
        let mut texts = Vec::with_capacity(list.len());
        for (index, item) in list.into_iter().enumerate() {
            match text(item, &bytes) {
                Ok(text) => texts.push(text),
                Err(rule) => {
                    self.mistakes.push(format!("`{}{name}[{index}]` {rule}", self.path));
                }
            }
        }
        Some(texts)
    }

    /// A time.
    pub(crate) fn time(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let value = self.required(name)?;
        self.note(name, time(&value))
    }

    /// A time that may be absent.
    pub(crate) fn optional_time(&mut self, name: &'static str) -> Option<DateTime<Utc>> {
        let value = self.optional(name)?;
        self.note(name, time(&value))
    }

    /// An integer from 0 to `highest` that may be absent.
    pub(crate) fn optional_integer(&mut self, name: &'static str, highest: u64) -> Option<u64> {
        match self.optional(name)? {
            Json::Integer(integer) if integer <= highest => Some(integer),
            Json::Integer(_)
            | Json::Null
            | Json::Text(_)
            | Json::List(_)
            | Json::Object(_)
            | Json::Other => self.refuse(name, &format!("must be an integer from 0 to {highest}")),
        }
    }

    /// A member of any kind; `null` counts as absent.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<Json> {
        self.object.remove(name).filter(|value| *value != Json::Null)
    }

    fn required(&mut self, name: &'static str) -> Option<Json> {
        let value = self.optional(name);
        if value.is_none() { self.refuse(name, "is missing") } else { value }
    }

    /// Notes that the member `name` violates `rule`; there is no value then.
    pub(crate) fn refuse<T>(&mut self, name: &'static str, rule: &str) -> Option<T> {
        self.mistakes.push(format!("`{}{name}` {rule}", self.path));
        None
    }

    fn note<T>(&mut self, name: &'static str, value: Result<T, String>) -> Option<T> {
        value.map_or_else(|rule| self.refuse(name, &rule), Some)
    }
}

fn time(value: &Json) -> Result<DateTime<Utc>, String> {
    let time = match value {
        Json::Text(text) => timestamp::parse(text),
        Json::Null | Json::Integer(_) | Json::List(_) | Json::Object(_) | Json::Other => None,
    };
    time.ok_or_else(|| {
        "must be a time in RFC 3339 with an offset, in the years 0 to 9999 of UTC".to_owned()
    })
}

/// The text in `value`, or the rule that it violates. Control characters are refused because
/// CloudEvents refuses them in attributes, and because ids are written to logs, terminals and routing
/// keys.
fn text(value: Json, bytes: &RangeInclusive<usize>) -> Result<String, String> {
    match value {
        Json::Text(text) if bytes.contains(&text.len()) && !text.contains(char::is_control) => {
            Ok(text)
        }
        Json::Text(_)
        | Json::Null
        | Json::Integer(_)
        | Json::List(_)
        | Json::Object(_)
        | Json::Other => Err(format!(
            "must be a string of {} to {} bytes without control characters",
            bytes.start(),
            bytes.end()
        )),
    }
}

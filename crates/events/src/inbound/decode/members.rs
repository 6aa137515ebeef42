//! Reading the members of an object one by one, each with its rule.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};

use super::error::DecodeError;
use super::json::{Json, Object};
use crate::timestamp;

/// The members of one object that have not been read yet.
pub(crate) struct Members {
    path: &'static str,
    object: Object,
}

impl Members {
    /// The members of the event itself.
    pub(crate) fn of_event(object: Object) -> Self {
        Self { path: "", object }
    }

    /// The members of its `data`.
    pub(crate) fn data(&mut self) -> Result<Self, DecodeError> {
        match self.required("data")? {
            Json::Object(object) => Ok(Self { path: "data.", object }),
            Json::Null | Json::Text(_) | Json::Integer(_) | Json::List(_) | Json::Other => {
                Err(self.refuse("data", "must be an object"))
            }
        }
    }

    /// A text of `bytes` bytes.
    pub(crate) fn text(
        &mut self,
        name: &'static str,
        bytes: RangeInclusive<usize>,
    ) -> Result<String, DecodeError> {
        let value = self.required(name)?;
        text(value, &bytes).map_err(|rule| self.refuse(name, &rule))
    }

    /// A text of `bytes` bytes that may be absent.
    pub(crate) fn optional_text(
        &mut self,
        name: &'static str,
        bytes: RangeInclusive<usize>,
    ) -> Result<Option<String>, DecodeError> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        text(value, &bytes).map(Some).map_err(|rule| self.refuse(name, &rule))
    }

    /// A list of `items` texts of `bytes` bytes each.
    pub(crate) fn texts(
        &mut self,
        name: &'static str,
        items: RangeInclusive<usize>,
        bytes: RangeInclusive<usize>,
    ) -> Result<Vec<String>, DecodeError> {
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
                return Err(self.refuse(name, &rule));
            }
        };
        let item = |(index, item)| {
            text(item, &bytes).map_err(|rule| {
                DecodeError::violation(format!("`{}{name}[{index}]` {rule}", self.path))
            })
        };
        list.into_iter().enumerate().map(item).collect()
    }

    /// A time.
    pub(crate) fn time(&mut self, name: &'static str) -> Result<DateTime<Utc>, DecodeError> {
        let value = self.required(name)?;
        time(&value).ok_or_else(|| self.refuse(name, TIME))
    }

    /// A time that may be absent.
    pub(crate) fn optional_time(
        &mut self,
        name: &'static str,
    ) -> Result<Option<DateTime<Utc>>, DecodeError> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        time(&value).map(Some).ok_or_else(|| self.refuse(name, TIME))
    }

    /// An integer from 0 to `highest` that may be absent.
    pub(crate) fn optional_integer(
        &mut self,
        name: &'static str,
        highest: u64,
    ) -> Result<Option<u64>, DecodeError> {
        match self.optional(name) {
            None => Ok(None),
            Some(Json::Integer(integer)) if integer <= highest => Ok(Some(integer)),
            Some(
                Json::Integer(_)
                | Json::Null
                | Json::Text(_)
                | Json::List(_)
                | Json::Object(_)
                | Json::Other,
            ) => Err(self.refuse(name, &format!("must be an integer from 0 to {highest}"))),
        }
    }

    /// A member of any kind; `null` counts as absent.
    pub(crate) fn optional(&mut self, name: &'static str) -> Option<Json> {
        self.object.remove(name).filter(|value| *value != Json::Null)
    }

    fn required(&mut self, name: &'static str) -> Result<Json, DecodeError> {
        self.optional(name).ok_or_else(|| self.refuse(name, "is missing"))
    }

    /// The error for a member `name` that violates `rule`.
    pub(crate) fn refuse(&self, name: &'static str, rule: &str) -> DecodeError {
        DecodeError::violation(format!("`{}{name}` {rule}", self.path))
    }
}

const TIME: &str = "must be a time in RFC 3339 with an offset, in the years 0 to 9999 of UTC";

fn time(value: &Json) -> Option<DateTime<Utc>> {
    match value {
        Json::Text(text) => timestamp::parse(text),
        Json::Null | Json::Integer(_) | Json::List(_) | Json::Object(_) | Json::Other => None,
    }
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

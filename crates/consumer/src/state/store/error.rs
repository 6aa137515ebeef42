//! Errors of Redis: those about one record, and all others.
//!
//! Only an error about the record that a message needs may count against the message. Every other error,
//! in whatever words, is one that waiting may correct (docs/contract.md, Retries of storing). So this
//! names the few texts of the first kind, and no text of the second.

use deadpool_redis::redis::{ParsingError, RedisError};

/// Why Redis did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis, or what is in front of it, cannot be reached or does not serve the command now; it may do
    /// so later.
    #[error("Redis cannot be used now: {0}")]
    Away(String),
    /// The error is about one record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// A record cannot be read or written, or its key holds a value of another type. Waiting does not change
/// that.
#[derive(Debug, thiserror::Error)]
#[error("a record in Redis cannot be used: {0}")]
pub struct RecordError(String);

/// Redis' client cannot read `redis.url`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RedisUrlError(pub(super) String);

impl RecordError {
    /// With what is wrong with the record.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        let code = error.code();
        let of_record = code == Some("WRONGTYPE")
            || (code == Some("ERR") && error.detail().is_some_and(is_about_a_record));
        if of_record {
            Self::Record(RecordError(error.to_string()))
        } else {
            Self::Away(error.to_string())
        }
    }
}

/// A field of a record is not of the type that it must have.
impl From<ParsingError> for RecordError {
    fn from(error: ParsingError) -> Self {
        Self(error.to_string())
    }
}

/// The beginning of an error that Redis before version 7 wraps, because a command within a script met it.
const WRAPPED: &str = "Error running script (call to f_";

/// How Lua begins its errors about a value of another form than the script expects. The scripts get all
/// such values from records.
const LUA_VALUE_ERRORS: [&str; 6] = [
    "attempt to perform arithmetic on ",
    "attempt to compare ",
    "attempt to concatenate ",
    "attempt to index ",
    "attempt to get length of ",
    "bad argument #",
];

/// Whether the detail of an `ERR` is about a record: a wrapped WRONGTYPE, or a value that a script cannot
/// read.
fn is_about_a_record(detail: &str) -> bool {
    let wrapped = detail.strip_prefix(WRAPPED).and_then(|rest| rest.split_once("): "));
    let text = without_position(wrapped.map_or(detail, |(_, text)| text));
    if wrapped.is_some() && text.strip_prefix('-').unwrap_or(text).starts_with("WRONGTYPE ") {
        return true;
    }
    text.len() < detail.len() && LUA_VALUE_ERRORS.iter().any(|error| text.starts_with(error))
}

/// An error of a script without the lines from which it comes: `@user_script:3: user_script:3: `.
fn without_position(mut text: &str) -> &str {
    let line = |text: &'_ str| -> Option<usize> {
        let rest =
            text.strip_prefix('@').unwrap_or(text).strip_prefix("user_script:")?.trim_start();
        let rest = rest.trim_start_matches(|it: char| it.is_ascii_digit()).strip_prefix(": ")?;
        Some(text.len() - rest.len())
    };
    while let Some(length) = line(text) {
        text = &text[length..];
    }
    text
}

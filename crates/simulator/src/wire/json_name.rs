//! The JSON name of an enum's value.

use serde::Serialize;

/// The name of a value that serialises as text; empty for any other value.
pub(crate) fn json_name<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

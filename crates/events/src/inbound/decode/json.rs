//! Reading JSON as the contract demands (`docs/contract.md`, Inbound): without duplicate members, not
//! nested too deeply, and only with the members that the contract names.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::error::DecodeError;
use crate::limits;

/// A JSON value, as far as an event of the contract may have it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Text(String),
    Integer(u64),
    List(Vec<Json>),
    Object(Object),
    /// Anything else: a boolean, another number, a list or object where none is allowed.
    Other,
}

/// The members of an object that the contract names.
pub(crate) type Object = BTreeMap<&'static str, Json>;

/// The members that are kept. All others are checked and dropped at once, so that a hostile body
/// costs little memory and personal data is not kept (`docs/contract.md`, invariant 6).
const KNOWN: [&str; 17] = [
    "booking_id",
    "data",
    "ends_at",
    "expires_at",
    "id",
    "integration_id",
    "object_id",
    "object_ids",
    "requested_by",
    "revision",
    "source",
    "specversion",
    "starts_at",
    "status",
    "time",
    "traceparent",
    "type",
];

/// Reads a body that is one JSON object.
///
/// # Errors
///
/// `malformed`, where the body is larger than [`limits::BODY`], is not UTF-8 or JSON, is nested more
/// than 127 deep, holds a number beyond a double's range, is not an object, or holds a member twice
/// in one object, wherever that is and however it is escaped.
pub(crate) fn read(body: &[u8]) -> Result<Object, DecodeError> {
    if body.len() > limits::BODY {
        return Err(DecodeError::body_too_large(u64::try_from(body.len()).unwrap_or(u64::MAX)));
    }
    let body = without_mark(body);
    let text = std::str::from_utf8(body).map_err(|error| {
        DecodeError::malformed(format!("the body is not UTF-8, at byte {}", error.valid_up_to()))
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let json = Reader::Everything
        .deserialize(&mut deserializer)
        .and_then(|json| deserializer.end().map(|()| json))
        .map_err(|error| DecodeError::malformed(describe(&error)))?;
    match json {
        Json::Object(object) => Ok(object),
        Json::Null | Json::Text(_) | Json::Integer(_) | Json::List(_) | Json::Other => {
            Err(DecodeError::malformed("the body is not a JSON object"))
        }
    }
}

/// The body without the byte order mark that some programs write in front of UTF-8.
pub(crate) fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The member of this name, if it is one that the contract names.
pub(crate) fn known(name: &str) -> Option<&'static str> {
    KNOWN.iter().find(|known| **known == name).copied()
}

/// The parser's message, without any content of the body.
fn describe(error: &serde_json::Error) -> String {
    match error.classify() {
        // Fixed texts about the grammar, with line and column.
        Category::Syntax | Category::Eof | Category::Io => format!("the body is not JSON: {error}"),
        // The only error that this module raises itself.
        Category::Data => format!(
            "a member appears twice in one object, at line {} column {}",
            error.line(),
            error.column()
        ),
    }
}

/// Reads one value and keeps a part of it.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    /// Scalars, the scalars of a list, the known members of an object.
    Everything,
    /// Scalars: the items of a list.
    Scalars,
    /// Only checks that it is JSON.
    Nothing,
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(match self {
            Self::Everything | Self::Scalars => Json::Text(text.to_owned()),
            Self::Nothing => Json::Other,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        if self != Self::Everything {
            while items.next_element_seed(Self::Nothing)?.is_some() {}
            return Ok(Json::Other);
        }
        let mut kept = Vec::new();
        while let Some(item) = items.next_element_seed(Self::Scalars)? {
            kept.push(item);
        }
        Ok(Json::List(kept))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut seen = HashSet::new();
        let mut kept = Object::new();
        while let Some(name) = members.next_key::<String>()? {
            let known = KNOWN.iter().find(|known| self == Self::Everything && **known == name);
            if !seen.insert(name) {
                return Err(Error::custom("a member appears twice"));
            }
            match known {
                Some(known) => {
                    kept.insert(known, members.next_value_seed(Self::Everything)?);
                }
                None => {
                    members.next_value_seed(Self::Nothing)?;
                }
            }
        }
        Ok(if self == Self::Everything { Json::Object(kept) } else { Json::Other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(body: &str) -> String {
        read(body.as_bytes()).unwrap_err().detail
    }

    #[test]
    fn only_named_members_are_kept() {
        let object = read(br#"{"id":"1","guest":{"id":"2"},"object_ids":["a",{"id":"3"},[4]]}"#);
        let expected = Object::from([
            ("id", Json::Text("1".into())),
            ("object_ids", Json::List(vec![Json::Text("a".into()), Json::Other, Json::Other])),
        ]);
        assert_eq!(object.unwrap(), expected);
    }

    #[test]
    fn a_duplicate_member_is_refused_wherever_it_is() {
        for body in [
            r#"{"id":"1","id":"1"}"#,
            r#"{"id":"1","\u0069d":"1"}"#,
            r#"{"guest":[{"a":{"b":0,"b":0}}]}"#,
            r#"{"object_ids":[{"b":0,"b":0}]}"#,
        ] {
            assert!(detail(body).starts_with("a member appears twice in one object, at line 1"));
        }
        assert!(read(br#"{"a":{"b":0},"b":{"b":0}}"#).is_ok());
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(126).as_bytes()).is_ok());
        assert!(detail(&nested(127)).contains("recursion limit"));
        let padded = |length: usize| format!("{{}}{}", " ".repeat(length - 2));
        assert!(read(padded(limits::BODY).as_bytes()).is_ok());
        assert!(detail(&padded(limits::BODY + 1)).contains("at most 1048576"));
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused() {
        for body in ["null", "1", "true", "[]", "\"\"", "", "{", "{}{}", "{'a':1}", "\u{feff}"] {
            assert_eq!(read(body.as_bytes()).unwrap_err().kind.code(), "malformed", "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert!(read("\u{feff}{}".as_bytes()).is_ok());
        assert!(read("\u{feff}\u{feff}{}".as_bytes()).is_err());
    }
}

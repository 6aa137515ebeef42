//! Single values: a node as a duration, a number, a lock, …
//!
//! The error of each function says what is allowed, and never contains the value, which may be a secret: the report shows it
//! beside the error, where it cannot be one.

use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

use rules::LockRef;
use secrecy::ExposeSecret;

use super::{
    mistake::Origin,
    tree::{Node, Value},
};

/// A text, which may be empty.
pub(super) fn any_text(node: &Node) -> Result<&str, String> {
    let Value::Text(text) = &node.value else { return Err("must be a string".to_owned()) };
    Ok(text.expose_secret())
}

/// A text that is not empty.
pub(super) fn text(node: &Node) -> Result<String, String> {
    match any_text(node)?.trim() {
        "" => Err("must not be empty".to_owned()),
        _ => any_text(node).map(str::to_owned),
    }
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node) -> Result<bool, String> {
    let Value::Boolean(boolean) = &node.value else {
        return Err("must be true or false, without quotes".to_owned());
    };
    Ok(*boolean)
}

/// A whole number in a range. In a variable it is a text.
pub(super) fn integer<T: TryFrom<i64> + Into<i64> + Copy>(
    node: &Node,
    allowed: RangeInclusive<T>,
) -> Result<T, String> {
    let (min, max) = ((*allowed.start()).into(), (*allowed.end()).into());
    let number = match &node.value {
        Value::Integer(number) => Some(*number),
        Value::Text(text) if matches!(node.origin, Origin::Variable(_)) => {
            text.expose_secret().trim().parse().ok()
        }
        Value::Text(_) | Value::Boolean(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => {
            None
        }
    };
    number
        .filter(|number| (min..=max).contains(number))
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("must be a whole number from {min} to {max}"))
}

/// A duration such as `60s`, `500ms` or `1h 30m`, in a range.
pub(super) fn duration(node: &Node, allowed: RangeInclusive<Duration>) -> Result<Duration, String> {
    any_text(node)
        .ok()
        .and_then(|text| humantime::parse_duration(text.trim()).ok())
        .filter(|duration| allowed.contains(duration))
        .ok_or_else(|| {
            let [min, max] = [allowed.start(), allowed.end()].map(|end| duration_text(*end));
            format!("must be a duration such as \"30s\", from {min} to {max}")
        })
}

/// A duration as it is written in the file.
pub(super) fn duration_text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// A lock: its id at Salto, or its name there. A text that seems to be a mistyped id is refused.
pub(super) fn lock(node: &Node) -> Result<LockRef, String> {
    let allowed = "must be a lock's UUID or name, as `postern lock list` shows them";
    let text = any_text(node).ok().map(str::trim).filter(|text| !text.is_empty());
    let lock = text.map(LockRef::from).ok_or_else(|| allowed.to_owned())?;
    match lock.name() {
        Some(name) if seems_an_id(name) => Err(allowed.to_owned()),
        Some(_) | None => Ok(lock),
    }
}

/// Whether a name has the length and the characters of an id.
fn seems_an_id(name: &str) -> bool {
    name.len() >= 30 && name.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// An address to listen on.
pub(super) fn listen_address(node: &Node) -> Result<SocketAddr, String> {
    any_text(node).ok().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
        "must be an IP address and a port, such as \"127.0.0.1:9464\" or \"[::]:9464\"".to_owned()
    })
}

/// A list of texts: at least one, and none empty.
pub(super) fn texts(node: &Node) -> Result<Vec<String>, String> {
    let Value::List(items) = &node.value else {
        return Err("must be a list of strings, such as [\"confirmed\", \"paid\"]".to_owned());
    };
    if items.is_empty() {
        return Err("must not be empty".to_owned());
    }
    items
        .iter()
        .enumerate()
        .map(|(index, item)| text(item).map_err(|what| format!("item {} {what}", index + 1)))
        .collect()
}

/// Visible ASCII characters, such as a prefix of keys.
pub(super) fn visible_ascii(node: &Node) -> Result<String, String> {
    text(node).and_then(|text| match text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text),
        false => Err("must be visible ASCII characters".to_owned()),
    })
}

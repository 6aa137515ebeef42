//! How a mistake shows the wrong value of a key that holds no secret.

use secrecy::ExposeSecret;
use url::Url;

use super::tree::{Node, Value};

/// The longest text that is shown, in characters.
const LONGEST: usize = 40;
/// The most items of a list that are shown.
const MOST_ITEMS: usize = 8;
/// Where a URL has a user, a password or parameters, its text has one of these characters.
const IN_URLS_WITH_SECRETS: [char; 3] = ['@', '?', '#'];
/// Parts of the names of secrets.
const NAMES_OF_SECRETS: [&str; 7] = ["pass", "pwd", "secret", "key", "token", "pin", "credential"];

/// The value for the report: shortened, on one line, with control characters escaped. Nothing for what may
/// contain a secret all the same: a table, whose keys are unknown, and a URL with more than host and path.
pub(super) fn shown(node: &Node) -> Option<String> {
    match &node.value {
        Value::List(items) => {
            let shown: Option<Vec<String>> = items.iter().take(MOST_ITEMS).map(scalar).collect();
            let more = if items.len() > MOST_ITEMS { ", …" } else { "" };
            Some(format!("[{}{more}]", shown?.join(", ")))
        }
        Value::Text(_)
        | Value::Integer(_)
        | Value::Boolean(_)
        | Value::Table(_)
        | Value::Other(_) => scalar(node),
    }
}

/// The value of a key that the table may have under any name. A secret that was written into the wrong table
/// is not shown, as far as its name tells that it is one.
pub(super) fn shown_under(key: &str, node: &Node) -> Option<String> {
    let key = key.to_lowercase();
    let names_secret = NAMES_OF_SECRETS.iter().any(|part| key.contains(part))
        || NAMES_OF_SECRETS.iter().any(|part| strsim::jaro_winkler(&key, part) > 0.85)
        || strsim::jaro_winkler(&key, "password") > 0.85;
    if names_secret { None } else { shown(node) }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => text_without_secret(text.expose_secret()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(boolean) => Some(boolean.to_string()),
        Value::Other(text) => Some(shortened(text.expose_secret())),
        Value::List(_) | Value::Table(_) => None,
    }
}

fn text_without_secret(text: &str) -> Option<String> {
    // After `user:` anything may be a password, also what reads as a port and a path.
    let has_colon = text.split_once("//").is_some_and(|(_, rest)| rest.contains(':'));
    let may_have_secret = text.contains(IN_URLS_WITH_SECRETS)
        || has_colon
        || text.contains("//") && !text.trim().parse::<Url>().is_ok_and(|url| url.has_host());
    if may_have_secret { None } else { Some(format!("\"{}\"", shortened(text))) }
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(LONGEST).collect();
    let end = if characters.next().is_some() { "…" } else { "" };
    format!("{}{end}", start.escape_debug())
}

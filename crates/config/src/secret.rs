//! Secrets: written in the file, or in a variable or another file that it names.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use consumer::SecretKey;
use secrecy::{ExposeSecret, SecretBox, SecretString, zeroize::Zeroizing};
use url::Url;

use super::{
    mistake::{Origin, SecretPlace},
    tree::{Node, Table, Value},
    value::any_text,
    variables::Variables,
};

const FORMS: &str = r#"must be a string, { env = "NAME" } or { file = "PATH" }"#;

/// The largest file with a secret, in bytes.
const LARGEST_FILE: u64 = 64 * 1024;

const LIST_FORMS: &str =
    r#"must be a list of secrets, such as [{ env = "NAME" }, { file = "PATH" }]"#;

/// The secret in a node, or in what it names: there, one newline at the end is cut.
pub(super) fn secret(node: &Node, variables: &Variables) -> Result<SecretString, String> {
    let FoundSecret { secret, place } = match &node.value {
        Value::Text(text) => FoundSecret { secret: text.clone(), place: String::new() },
        Value::Table(reference) => named(reference, variables)?,
        Value::Integer(_) | Value::Boolean(_) | Value::List(_) | Value::Other(_) => {
            return Err(FORMS.to_owned());
        }
    };
    match secret.expose_secret() {
        "" => Err(format!("must not be empty{place}")),
        _ => Ok(secret),
    }
}

/// The file in which a secret is; nothing where it is in a variable, and for a URL without a password.
pub(super) fn place_of(node: &Node) -> Option<SecretPlace> {
    match &node.value {
        Value::Text(text) => {
            let is_secret =
                |text: &str| Url::parse(text).map_or(true, |it| it.password().is_some());
            let in_file = matches!(node.origin, Origin::Line(_)) && is_secret(text.expose_secret());
            in_file.then_some(SecretPlace::Configuration)
        }
        Value::Table(reference) => {
            let name = reference.get("file").and_then(|name| any_text(name).ok());
            name.map(|name| SecretPlace::File(name.into()))
        }
        Value::Integer(_) | Value::Boolean(_) | Value::List(_) | Value::Other(_) => None,
    }
}

/// The secrets in a list, each in any form; or those in a variable, separated by commas.
pub(super) fn secret_list(node: &Node, variables: &Variables) -> Result<Vec<SecretString>, String> {
    match &node.value {
        Value::List(items) => {
            let read = |(index, item): (usize, &Node)| {
                secret(item, variables).map_err(|what| format!("item {} {what}", index + 1))
            };
            items.iter().enumerate().map(read).collect()
        }
        Value::Text(text) if matches!(node.origin, Origin::Variable(_)) => {
            let items = text.expose_secret().split(',').map(str::trim);
            Ok(items.filter(|item| !item.is_empty()).map(SecretString::from).collect())
        }
        Value::Text(_)
        | Value::Integer(_)
        | Value::Boolean(_)
        | Value::Table(_)
        | Value::Other(_) => Err(LIST_FORMS.to_owned()),
    }
}

/// A secret, and the place where it was found, for the end of an error text.
struct FoundSecret {
    secret: SecretString,
    place: String,
}

fn named(reference: &Table, variables: &Variables) -> Result<FoundSecret, String> {
    let mut entries = reference.iter();
    let (Some((form, name)), None) = (entries.next(), entries.next()) else {
        return Err(FORMS.to_owned());
    };
    let name = any_text(name).map_err(|_| FORMS)?;
    match form.as_str() {
        "env" => match variables.get(OsStr::new(name)).map(|text| text.to_str()) {
            Some(Some(text)) => Ok(FoundSecret {
                secret: without_newline(text).into(),
                place: format!(", and the variable {name} is"),
            }),
            Some(None) => Err(format!("the variable {name} must be UTF-8")),
            None => Err(format!("the variable {name} is not set")),
        },
        "file" => {
            let text = read_file(name);
            let text = text.map_err(|error| format!("cannot read the file {name}: {error}"))?;
            let secret = without_newline(&text).into();
            Ok(FoundSecret { secret, place: format!(", and the file {name} is") })
        }
        _ => Err(FORMS.to_owned()),
    }
}

/// Reads the file, which may be a device without an end.
fn read_file(name: &str) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let mut file = File::open(name)?.take(LARGEST_FILE + 1);
    file.read_to_string(&mut text)?;
    if file.limit() == 0 {
        return Err(io::Error::other("it is larger than 64 KiB, so it is no secret"));
    }
    Ok(text)
}

fn without_newline(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}

/// A key of 32 bytes, in base64.
pub(super) fn key(secret: &SecretString) -> Result<SecretKey, String> {
    let bytes = STANDARD.decode(secret.expose_secret()).map(Zeroizing::new);
    match bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok()) {
        Some(bytes) => Ok(Arc::new(SecretBox::new(Box::new(bytes)))),
        None => Err("must be 32 bytes in base64, as `head -c 32 /dev/urandom | base64` makes them"
            .to_owned()),
    }
}

//! The settings of `[console]`.

use std::{collections::BTreeSet, path::Path};

use config::{ConsoleSettings, Grant};
use serde::Serialize;

use super::sections::SET;

#[derive(Serialize)]
pub(super) struct ConsoleSection<'a> {
    listen: String,
    origin: Option<&'a str>,
    certificate: Option<&'a Path>,
    private_key: Option<&'a Path>,
    archive_folder: Option<&'a Path>,
    users: Vec<User<'a>>,
    tokens: Vec<Token<'a>>,
}

#[derive(Serialize)]
struct User<'a> {
    name: &'a str,
    password_hash: &'static str,
    #[serde(flatten)]
    granted: Granted<'a>,
}

#[derive(Serialize)]
struct Token<'a> {
    name: &'a str,
    hash: &'static str,
    #[serde(flatten)]
    granted: Granted<'a>,
}

#[derive(Serialize)]
struct Granted<'a> {
    role: &'static str,
    /// Null where it is all of them.
    integrations: Option<&'a BTreeSet<String>>,
}

impl<'a> ConsoleSection<'a> {
    pub(super) fn of(console: &'a ConsoleSettings) -> Self {
        let ConsoleSettings { listen, origin, tls, archive_folder, users, tokens } = console;
        let user = |user: &'a config::ConsoleUser| User {
            name: &user.name,
            password_hash: SET,
            granted: Granted::of(&user.grant),
        };
        let token = |token: &'a config::ConsoleToken| Token {
            name: &token.name,
            hash: SET,
            granted: Granted::of(&token.grant),
        };
        Self {
            listen: listen.to_string(),
            origin: origin.as_deref(),
            certificate: tls.as_ref().map(|tls| tls.certificate.as_path()),
            private_key: tls.as_ref().map(|tls| tls.private_key.as_path()),
            archive_folder: archive_folder.as_deref(),
            users: users.iter().map(user).collect(),
            tokens: tokens.iter().map(token).collect(),
        }
    }
}

impl<'a> Granted<'a> {
    fn of(grant: &'a Grant) -> Self {
        Self { role: grant.role.code(), integrations: grant.integrations.as_ref() }
    }
}

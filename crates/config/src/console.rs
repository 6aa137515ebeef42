//! `[console]`: the HTTP server for people and platforms, its users and its tokens.

mod access;

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use secrecy::SecretString;

use super::{
    address, defaults,
    mistake::Mistakes,
    reader::Section,
    tree::{Node, Value},
    value::{any_text, listen_address, text},
    variables::Variables,
};

/// `[console]`.
#[derive(Debug, Clone)]
pub struct ConsoleSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The scheme, host and port that browsers know it by, where those are not `listen`'s: a proxy is before it.
    pub origin: Option<String>,
    /// Its certificate; without one it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Where dropped dead letters are written; without it, none are dropped.
    pub archive_folder: Option<PathBuf>,
    /// Who may sign in, with distinct names.
    pub users: Vec<ConsoleUser>,
    /// The tokens of programs, with distinct names.
    pub tokens: Vec<ConsoleToken>,
}

/// The files of a certificate, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, then those between it and its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub private_key: PathBuf,
}

/// A person who may sign in.
#[derive(Debug, Clone)]
pub struct ConsoleUser {
    /// The name, which the audit shows.
    pub name: String,
    /// An argon2id hash of the password, as `postern console hash-password` prints it.
    pub password_hash: SecretString,
    /// What the person may do.
    pub grant: Grant,
}

/// A program that may use the API.
#[derive(Debug, Clone)]
pub struct ConsoleToken {
    /// The name, which the audit shows.
    pub name: String,
    /// The SHA-256 of the token.
    pub hash: [u8; 32],
    /// What the program may do.
    pub grant: Grant,
}

/// The role of a user or a token, and the integrations that it is limited to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What.
    pub role: Role,
    /// The integrations; nothing where it is all of them, those to come included.
    pub integrations: Option<BTreeSet<String>>,
}

/// The rights of a user or a token; each role has those of all roles before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Run what is set up: replay, activate, open with a reason.
    Operator,
    /// Change integrations.
    Admin,
}

impl Role {
    /// All roles, from the one that may do least.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name in the configuration.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl Grant {
    /// Whether it covers this integration.
    #[must_use]
    pub fn covers(&self, integration_id: &str) -> bool {
        self.integrations.as_ref().is_none_or(|ids| ids.contains(integration_id))
    }
}

pub(super) fn read(
    mut section: Section<'_>,
    variables: &Variables,
    mistakes: &Mistakes,
) -> ConsoleSettings {
    let listen = section.with_default("listen", defaults::CONSOLE_LISTEN.into(), listen_address);
    let origin = section.optional("origin", |node| address::origin(any_text(node)?));
    let tls = tls_files(&mut section);
    let archive_folder = section.optional("archive_folder", path);
    let users = items(&mut section, "users", mistakes, |item| access::user(item, variables));
    let tokens = items(&mut section, "tokens", mistakes, |item| access::token(item, variables));
    if section.is_valid() && !listen.ip().is_loopback() && tls.is_none() && origin.is_none() {
        section.add_mistake_with_value(
            "listen",
            "is not a loopback address, and passwords would cross the network in the clear: give certificate and \
             private_key, or origin = \"https://…\" where a proxy does TLS",
        );
    }
    section.finish();
    ConsoleSettings { listen, origin, tls, archive_folder, users, tokens }
}

/// Both files, or none.
fn tls_files(section: &mut Section<'_>) -> Option<TlsFiles> {
    let certificate = section.optional("certificate", path);
    let private_key = section.optional("private_key", path);
    match (certificate, private_key) {
        (Some(certificate), Some(private_key)) => Some(TlsFiles { certificate, private_key }),
        (None, None) => None,
        (Some(_), None) if section.node("private_key").is_none() => {
            section.add_mistake("certificate", "needs private_key beside it");
            None
        }
        (None, Some(_)) if section.node("certificate").is_none() => {
            section.add_mistake("private_key", "needs certificate beside it");
            None
        }
        (Some(_), None) | (None, Some(_)) => None,
    }
}

fn path(node: &Node) -> Result<PathBuf, String> {
    text(node).map(PathBuf::from)
}

/// The hash of a password or a token, under a name.
trait Named {
    fn name(&self) -> &str;
}

impl Named for ConsoleUser {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for ConsoleToken {
    fn name(&self) -> &str {
        &self.name
    }
}

/// The tables of a list, without those that have mistakes.
fn items<T: Named>(
    section: &mut Section<'_>,
    key: &'static str,
    mistakes: &Mistakes,
    read: impl Fn(&mut Section<'_>) -> Option<T>,
) -> Vec<T> {
    let path = section.path_of(key);
    let Some(node) = section.node(key) else { return Vec::new() };
    let Value::List(items) = &node.value else {
        mistakes.add(&node.origin, path.as_str(), format!("must be a list: write [[{path}]]"));
        return Vec::new();
    };
    let mut found: Vec<T> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if !matches!(item.value, Value::Table(_)) {
            let what = format!("item {} must be a table: write [[{path}]]", index + 1);
            mistakes.add(&item.origin, path.as_str(), what);
            continue;
        }
        let mut section = Section::of(item, format!("{path}[{index}]"), mistakes);
        let read = read(&mut section);
        if let Some(read) = read {
            if found.iter().any(|earlier| earlier.name() == read.name()) {
                section.add_mistake_with_value("name", "is taken: an earlier one has the same");
            }
            found.push(read);
        }
        section.finish();
    }
    found
}

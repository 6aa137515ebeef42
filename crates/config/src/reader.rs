//! Reads a table of settings key by key.
//!
//! Deserialisation into structs would stop at the first mistake and might quote the wrong value.
//! Therefore the sections are read key by key: every value is read, every mistake is collected, and at
//! the end the keys that were not read are unknown.

use secrecy::SecretString;

use super::{
    mistake::{Mistakes, Origin},
    secret::{place_of, secret, secret_list},
    shown_value::shown,
    tree::{Node, Table, Value},
    variables::Variables,
};

/// A table while it is read.
pub(super) struct Section<'a> {
    path: String,
    origin: Origin,
    table: Option<&'a Table>,
    /// The keys that were read, whether they are in the table or not.
    known_keys: Vec<&'static str>,
    mistakes: &'a Mistakes,
    valid: bool,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(table: &'a Table, mistakes: &'a Mistakes) -> Self {
        Self::over(String::new(), Origin::File, Some(table), mistakes)
    }

    /// The table under a node, which is `path` in the report.
    pub(super) fn of(node: &'a Node, path: String, mistakes: &'a Mistakes) -> Self {
        let table = if let Value::Table(table) = &node.value {
            Some(table)
        } else {
            mistakes.add(&node.origin, path.as_str(), "must be a table");
            None
        };
        Self::over(path, node.origin.clone(), table, mistakes)
    }

    fn over(
        path: String,
        origin: Origin,
        table: Option<&'a Table>,
        mistakes: &'a Mistakes,
    ) -> Self {
        Self { path, origin, table, known_keys: Vec::new(), mistakes, valid: true }
    }

    /// A table in this table; an empty one where it is missing.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        match self.node(key) {
            Some(node) => Self::of(node, self.path_of(key), self.mistakes),
            None => Self::over(self.path_of(key), self.origin.clone(), None, self.mistakes),
        }
    }

    /// The entries, for tables with arbitrary keys.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        self.table.into_iter().flatten().map(|(key, node)| (key.as_str(), node))
    }

    /// The value of a key, unread.
    pub(super) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.known_keys.contains(&key) {
            self.known_keys.push(key);
        }
        self.table.and_then(|table| table.get(key))
    }

    /// A value that may be missing, and is no secret: the report shows it. `read` returns what is wrong with
    /// it. Nothing if it is wrong.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.node(key)?;
        match read(node) {
            Ok(value) => Some(value),
            Err(what) => {
                self.valid = false;
                let path = self.path_of(key);
                self.mistakes.add_with_value(&node.origin, path, what, shown(node));
                None
            }
        }
    }

    /// A secret that may be missing. No report shows it.
    pub(super) fn optional_secret<T>(
        &mut self,
        key: &'static str,
        variables: &Variables,
        read: impl FnOnce(SecretString) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.node(key)?;
        if let Some(place) = place_of(node) {
            self.mistakes.add_secret_place(self.path_of(key), place);
        }
        match secret(node, variables).and_then(read) {
            Ok(value) => Some(value),
            Err(what) => {
                self.add_mistake(key, what);
                None
            }
        }
    }

    /// A secret that is required.
    pub(super) fn required_secret<T>(
        &mut self,
        key: &'static str,
        hint: &str,
        variables: &Variables,
        read: impl FnOnce(SecretString) -> Result<T, String>,
    ) -> Option<T> {
        self.require(key, hint);
        self.optional_secret(key, variables, read)
    }

    /// A list of secrets; an empty one where it is missing or wrong. In a variable they are separated by
    /// commas. No report shows one.
    pub(super) fn secrets<T>(
        &mut self,
        key: &'static str,
        variables: &Variables,
        read: impl Fn(SecretString) -> Result<T, String>,
    ) -> Vec<T> {
        let Some(node) = self.node(key) else { return Vec::new() };
        if let Value::List(items) = &node.value {
            for place in items.iter().filter_map(place_of) {
                self.mistakes.add_secret_place(self.path_of(key), place);
            }
        }
        let read = secret_list(node, variables).and_then(|list| {
            let read =
                |(index, item)| read(item).map_err(|what| format!("item {} {what}", index + 1));
            list.into_iter().enumerate().map(read).collect()
        });
        read.unwrap_or_else(|what: String| {
            self.add_mistake(key, what);
            Vec::new()
        })
    }

    /// A value that is required; `hint` says what to set where it is missing. Nothing if it is missing
    /// or wrong.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        hint: &str,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        self.require(key, hint);
        self.optional(key, read)
    }

    fn require(&mut self, key: &'static str, hint: &str) {
        if self.node(key).is_none() {
            self.add_mistake(key, format!("is missing; give {hint}"));
        }
    }

    /// A value with a default, which also replaces a wrong value.
    pub(super) fn with_default<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> T {
        self.optional(key, read).unwrap_or(default)
    }

    /// Adds a mistake that concerns more than one value. The report shows that of `key`, which is no secret.
    pub(super) fn add_mistake_with_value(&mut self, key: &'static str, what: impl Into<String>) {
        self.valid = false;
        let node = self.table.and_then(|table| table.get(key));
        let origin = node.map_or(&self.origin, |node| &node.origin);
        self.mistakes.add_with_value(origin, self.path_of(key), what, node.and_then(shown));
    }

    /// Adds a mistake whose value may be a secret.
    pub(super) fn add_mistake(&mut self, key: &'static str, what: impl Into<String>) {
        self.valid = false;
        let origin = self.table.and_then(|table| table.get(key)).map(|node| &node.origin);
        self.mistakes.add(origin.unwrap_or(&self.origin), self.path_of(key), what);
    }

    /// Whether all values that were read are valid, so that they can be compared with each other.
    pub(super) fn is_valid(&self) -> bool {
        self.valid
    }

    /// Adds a mistake for every key that was not read.
    pub(super) fn finish(self) {
        for (key, node) in self.entries() {
            if !self.known_keys.contains(&key) {
                let what = match nearest(key, self.known_keys.iter().copied()) {
                    Some(near) => format!("is unknown; did you mean {near}?"),
                    None => format!("is unknown; known here: {}", self.known_keys.join(", ")),
                };
                self.mistakes.add(&node.origin, self.path_of(key), what);
            }
        }
    }

    /// The complete path of a key, for the report.
    pub(super) fn path_of(&self, key: &str) -> String {
        let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let key = match !key.is_empty() && key.bytes().all(bare) {
            true => key.to_owned(),
            false => format!("{key:?}"),
        };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

/// The candidate that was probably intended.
pub(super) fn nearest<'c>(
    key: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(key, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

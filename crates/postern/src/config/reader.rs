//! Reading a table of settings key by key.
//!
//! Deserializing into structs would stop at the first mistake and might quote the value it choked
//! on. So the sections are read by hand: every value is read, every mistake is noted and reading
//! goes on, and at the end the keys that nobody asked for are unknown.

use super::{
    mistake::{Mistakes, Origin},
    tree::{Node, Table, Value},
};

/// One table while it is read.
pub(super) struct Section<'a> {
    path: String,
    origin: Origin,
    table: Option<&'a Table>,
    asked: Vec<&'static str>,
    mistakes: &'a Mistakes,
    sound: bool,
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(table: &'a Table, mistakes: &'a Mistakes) -> Self {
        Self::over(String::new(), Origin::File, Some(table), mistakes)
    }

    /// The table under a node, called `path` in the report.
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
        Self { path, origin, table, asked: Vec::new(), mistakes, sound: true }
    }

    /// A table inside this one. Where it is missing it reads as empty.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        match self.node(key) {
            Some(node) => Self::of(node, self.path_of(key), self.mistakes),
            None => Self::over(self.path_of(key), self.origin.clone(), None, self.mistakes),
        }
    }

    /// The entries, for tables whose keys are free.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Node)> + use<'a> {
        self.table.into_iter().flatten().map(|(key, node)| (key.as_str(), node))
    }

    /// The value as it stands.
    pub(super) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.and_then(|table| table.get(key))
    }

    /// A value that may be left out. `read` says what is wrong with it. Nothing if it is wrong.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.node(key)?;
        match read(node) {
            Ok(value) => Some(value),
            Err(what) => {
                self.sound = false;
                self.mistakes.add(&node.origin, self.path_of(key), what);
                None
            }
        }
    }

    /// A value that must be there; `hint` says what to put where it is missing. Nothing if it is
    /// missing or wrong.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        hint: &str,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> Option<T> {
        if self.node(key).is_none() {
            self.wrong(key, format!("is missing; give {hint}"));
        }
        self.optional(key, read)
    }

    /// A value with a default, which also stands in for a wrong one.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&Node) -> Result<T, String>,
    ) -> T {
        self.optional(key, read).unwrap_or(default)
    }

    /// Notes a mistake that is not in one value alone.
    pub(super) fn wrong(&mut self, key: &'static str, what: impl Into<String>) {
        self.sound = false;
        let origin = self.table.and_then(|table| table.get(key)).map(|node| &node.origin);
        self.mistakes.add(origin.unwrap_or(&self.origin), self.path_of(key), what);
    }

    /// Whether all values read so far were right, so that they may be compared with each other.
    pub(super) fn sound(&self) -> bool {
        self.sound
    }

    /// Notes the keys that nobody asked for.
    pub(super) fn finish(self) {
        for (key, node) in self.entries() {
            if !self.asked.contains(&key) {
                let what = match nearest(key, self.asked.iter().copied()) {
                    Some(near) => format!("is unknown; did you mean {near}?"),
                    None => format!("is unknown; known here: {}", self.asked.join(", ")),
                };
                self.mistakes.add(&node.origin, self.path_of(key), what);
            }
        }
    }

    /// The whole path of a key, for the report.
    pub(super) fn path_of(&self, key: &str) -> String {
        let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let key = match !key.is_empty() && key.bytes().all(bare) {
            true => key.to_owned(),
            false => format!("{key:?}"),
        };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

/// The candidate that was probably meant.
pub(super) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

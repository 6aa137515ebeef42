//! A document: one integration as its author has written it.

use std::path::PathBuf;

use secrecy::zeroize::Zeroizing;

use crate::{
    json::PASSWORD,
    mistake::{MistakeReport, Mistakes, Origin},
    reader::Section,
    tree::{self, Node, Table, Value},
    value::{any_text, integer},
    variables::Variables,
};

/// What reports call a document.
pub(super) const SUBJECT: &str = "the integration";

/// The largest document: thousands of doors have room in it.
const MAX_BYTES: usize = 1024 * 1024;

/// The key by which a document says which version it was made from.
const VERSION: &str = "version";

/// One integration, as a table of `[[integrations]]` holds it, or as JSON with the same keys; beside them, it may
/// have the `version` that it was shown or exported with. Its values are not checked yet.
#[derive(Debug, Clone)]
pub struct Document {
    name: PathBuf,
    table: Table,
    version: Option<Node>,
}

/// Where secrets may be.
#[derive(Debug, Clone, Copy)]
pub enum SecretForms<'a> {
    /// In the document alone: for documents whose author must not read the files and variables of
    /// this process.
    InDocument,
    /// Also in files of this machine, and in these variables, which the document names. What is stored is the
    /// secret itself.
    AlsoNamed(&'a Variables),
}

impl Document {
    /// Reads TOML; `name` is what reports call the text. A text that has the heading `[[integrations]]` and one
    /// integration is read as that one.
    ///
    /// # Errors
    ///
    /// The text is too long, is not TOML, or has several integrations.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, MistakeReport> {
        Self::read(name, text, tree::parse)
    }

    /// Reads JSON.
    ///
    /// # Errors
    ///
    /// The text is too long, or is not a JSON object.
    pub fn from_json(name: &str, text: &str) -> Result<Self, MistakeReport> {
        Self::read(name, text, |text, mistakes| match serde_json::from_str::<Value>(text) {
            Ok(Value::Table(table)) => Some(table),
            Ok(_) => {
                mistakes.add(&Origin::File, "", "must be a JSON object");
                None
            }
            Err(error) => {
                let line = Origin::Line(error.line().max(1));
                let what = format!("is not JSON at column {}: {error}", error.column());
                mistakes.add(&line, "", what);
                None
            }
        })
    }

    /// Reads JSON where the text begins with a brace, else TOML.
    ///
    /// # Errors
    ///
    /// As for the two.
    pub fn from_text(name: &str, text: &str) -> Result<Self, MistakeReport> {
        match text.trim_start().starts_with('{') {
            true => Self::from_json(name, text),
            false => Self::from_toml(name, text),
        }
    }

    fn read(
        name: &str,
        text: &str,
        parse: impl FnOnce(&str, &Mistakes) -> Option<Table>,
    ) -> Result<Self, MistakeReport> {
        let (name, mistakes) = (PathBuf::from(name), Mistakes::default());
        let text = Zeroizing::new(text.to_owned());
        let table = if text.len() > MAX_BYTES {
            mistakes.add(&Origin::File, "", format!("must be at most {MAX_BYTES} bytes"));
            None
        } else {
            parse(&text, &mistakes).and_then(|table| only_integration(table, &mistakes))
        };
        match table {
            Some(mut table) => {
                let version = table.remove(VERSION);
                Ok(Self { name, table, version })
            }
            None => Err(mistakes.report_of(SUBJECT, &name)),
        }
    }

    /// The id, where the document has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.table.get("id").and_then(|id| any_text(id).ok())
    }

    /// The version that it was made from, where it says so.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        let version = self.version.as_ref().and_then(|node| integer(node, 0..=i64::MAX).ok());
        version.and_then(|version| u64::try_from(version).ok())
    }

    /// Whether it has a password of its own.
    pub(super) fn has_password(&self) -> bool {
        self.table.contains_key(PASSWORD)
    }

    /// The values for the reader, and what is wrong with those that no table of the file has.
    pub(super) fn table(&self, forms: SecretForms<'_>, mistakes: &Mistakes) -> Table {
        if let Some(version) = &self.version
            && self.version().is_none()
        {
            let what = "must be a version as `postern integration show` prints it";
            mistakes.add(&version.origin, VERSION, what);
        }
        let mut table = self.table.clone();
        if let SecretForms::InDocument = forms
            && let Some(password) = table.get_mut(PASSWORD)
            && let Value::Table(_) = password.value
        {
            let what = "must be a string: here, a secret cannot be in a file or a variable";
            mistakes.add(&password.origin, PASSWORD, what);
            // What it names is not read.
            password.value = Value::Text("in the document".into());
        }
        table
    }

    /// The report of these mistakes.
    pub(super) fn report(&self, mistakes: Mistakes) -> MistakeReport {
        mistakes.report_of(SUBJECT, &self.name)
    }
}

/// The integration under the heading `[[integrations]]`, where the text has it.
fn only_integration(mut table: Table, mistakes: &Mistakes) -> Option<Table> {
    let Some(Value::List(items)) = table.get("integrations").map(|node| &node.value) else {
        return Some(table);
    };
    let several = items.len() != 1;
    if several {
        let what = format!("must be one integration, and has {}", items.len());
        mistakes.add(&Origin::File, "integrations", what);
        return None;
    }
    let Some(Node { value: Value::List(mut items), .. }) = table.remove("integrations") else {
        return None;
    };
    // What is beside it would be without effect.
    Section::root(&table, mistakes).finish();
    match items.pop().map(|item| item.value) {
        Some(Value::Table(table)) if mistakes.is_empty() => Some(table),
        Some(_) | None => {
            mistakes.add(&Origin::File, "integrations", "must be one table, and nothing else");
            None
        }
    }
}

//! Reading the integration in a document, with the reader of the file.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use consumer::{IntegrationRecord, IntegrationSettings, StoredPassword};
use salto::{Environment, SignIn};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json};

use super::document::{Document, SUBJECT, SecretForms};
use crate::{
    environments::Environments,
    integrations,
    json::{self, PASSWORD},
    mistake::{MistakeReport, Mistakes, Origin},
    tree::{Node, Table, Value},
    variables::Variables,
};

/// A document without mistakes.
#[derive(Debug)]
pub(super) struct CheckedDocument {
    pub(super) settings: IntegrationSettings,
    /// Its keys, without the password.
    pub(super) document: Map<String, Json>,
}

impl CheckedDocument {
    /// The password of the integration, where its flow has one.
    pub(super) fn password(&self) -> Option<&SecretString> {
        match &self.settings.account.sign_in {
            SignIn::Password { password, .. } => Some(password),
            SignIn::Browser { .. } => None,
        }
    }
}

/// Reads a document. Where it has no password, `stored` is used.
pub(super) fn read_document(
    document: &Document,
    environments: &Environments,
    forms: SecretForms<'_>,
    stored: &StoredPassword,
) -> Result<CheckedDocument, MistakeReport> {
    let mistakes = Mistakes::default();
    let mut table = document.table(forms, &mistakes);
    let keeps_password = !document.has_password() && signs_in_by_password(&table);
    if keeps_password {
        add_password(&mut table, stored, &mistakes);
    }
    let none = Variables::new();
    let variables = match forms {
        SecretForms::InDocument => &none,
        SecretForms::AlsoNamed(variables) => variables,
    };
    let read = integrations::read_document(&table, environments, variables, &mistakes);
    match read {
        Some(settings) if mistakes.is_empty() => {
            Ok(CheckedDocument { settings, document: json::document(&table) })
        }
        Some(_) | None => Err(document.report(mistakes)),
    }
}

/// Reads a stored integration; for the worker, and for commands.
///
/// # Errors
///
/// Why it cannot be used: an environment that is no longer defined, a password that cannot be decrypted, …
pub fn read_stored(
    record: &IntegrationRecord,
    environments: &BTreeMap<String, Arc<Environment>>,
) -> Result<IntegrationSettings, String> {
    let mistakes = Mistakes::default();
    let mut table = json::table(&record.document.settings);
    table.remove(PASSWORD);
    if signs_in_by_password(&table) {
        add_password(&mut table, &record.password, &mistakes);
    }
    let environments =
        environments.iter().map(|(name, it)| (name.clone(), Some(Arc::clone(it)))).collect();
    let read = integrations::read_document(&table, &environments, &Variables::new(), &mistakes);
    if read.as_ref().is_some_and(|settings| settings.rules.id != record.id) {
        mistakes.add(&Origin::File, "id", "is another one than that of the record");
    }
    match read {
        Some(settings) if mistakes.is_empty() => {
            Ok(IntegrationSettings { stored_version: Some(record.document.version), ..settings })
        }
        Some(_) | None => {
            let report = mistakes.report_of(SUBJECT, Path::new(""));
            Err(report.by_path().map(|it| it.to_string()).collect::<Vec<_>>().join("; "))
        }
    }
}

fn signs_in_by_password(table: &Table) -> bool {
    let flow = table.get("flow").map(|flow| &flow.value);
    !matches!(flow, Some(Value::Text(flow)) if flow.expose_secret() == "authorization_code")
}

fn add_password(table: &mut Table, stored: &StoredPassword, mistakes: &Mistakes) {
    let password = match stored {
        // The reader says that it is missing.
        StoredPassword::Missing => return,
        StoredPassword::Known(password) => password.clone(),
        StoredPassword::Undecryptable => {
            let what = "is stored, and cannot be decrypted with secrets.key or one of \
                        secrets.old_keys; give it again";
            mistakes.add(&Origin::File, PASSWORD, what);
            "cannot be decrypted".into()
        }
    };
    let node = Node { value: Value::Text(password), origin: Origin::File };
    table.insert(PASSWORD.to_owned(), node);
}

//! An integration as it is printed.

use chrono::{DateTime, Utc};
use config::{IntegrationOrigin, KnownIntegration};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::terminal::text::{printable, time_text, yes_or_no};

pub(super) const HEADER: [&str; 8] =
    ["ID", "FROM", "ACTIVE", "ENVIRONMENT", "SITE", "VERSION", "CHANGED", "BY"];

/// An integration. What is not known is null.
#[derive(Serialize)]
pub(super) struct IntegrationRow<'a> {
    id: &'a str,
    /// `file` or `stored`.
    origin: &'static str,
    version: Option<u64>,
    author: Option<&'a str>,
    changed_at: Option<DateTime<Utc>>,
    active: Option<bool>,
    environment: Option<&'a str>,
    site_uid: Option<&'a str>,
    /// Why no worker uses it.
    problem: Option<String>,
    /// What to do about that.
    next: Option<&'static str>,
}

/// The same with its settings.
#[derive(Serialize)]
pub(super) struct IntegrationReport<'a> {
    #[serde(flatten)]
    row: IntegrationRow<'a>,
    /// Whether it has a password, which is never shown.
    has_password: bool,
    /// The keys that were set.
    settings: &'a Map<String, Value>,
}

impl<'a> IntegrationRow<'a> {
    pub(super) fn of(known: &'a KnownIntegration) -> Self {
        let (origin, version, author, changed_at) = match &known.origin {
            IntegrationOrigin::File => ("file", None, None, None),
            IntegrationOrigin::Stored { version, author, changed_at } => {
                ("stored", Some(*version), author.as_deref(), *changed_at)
            }
        };
        let settings = known.settings.as_ref();
        let text = |key: &str| known.document.get(key).and_then(Value::as_str);
        Self {
            id: &known.id,
            origin,
            version,
            author,
            changed_at,
            active: settings.map(|settings| settings.rules.active),
            environment: text("environment"),
            site_uid: text("site_uid"),
            problem: known.problem.as_ref().map(ToString::to_string),
            next: known.problem.as_ref().map(|problem| problem.next_step()),
        }
    }

    pub(super) fn cells(&self) -> [String; 8] {
        let text = |text: Option<&str>| text.map(printable).unwrap_or_default();
        [
            printable(self.id),
            self.origin.to_owned(),
            if self.problem.is_some() { "NOT USED".to_owned() } else { yes_or_no(self.active) },
            text(self.environment),
            text(self.site_uid),
            self.version.map(|version| version.to_string()).unwrap_or_default(),
            time_text(self.changed_at),
            text(self.author),
        ]
    }

    /// What is wrong with it, in a line.
    pub(super) fn problem_line(&self) -> Option<String> {
        let (problem, next) = (self.problem.as_ref()?, self.next?);
        Some(format!(
            "warning: the stored integration {:?} is not used: {problem}; {next}",
            self.id
        ))
    }
}

impl<'a> IntegrationReport<'a> {
    pub(super) fn of(known: &'a KnownIntegration) -> Self {
        let (row, settings) = (IntegrationRow::of(known), &known.document);
        Self { row, has_password: known.has_password, settings }
    }

    /// The settings in TOML, after comments with what is known of it.
    pub(super) fn text(&self, known: &KnownIntegration) -> String {
        let row = &self.row;
        let password = if self.has_password { "has one; it is not shown" } else { "none" };
        let origin = match (row.version, row.author, row.changed_at) {
            (None, ..) => "# of the configuration file: it is changed there".to_owned(),
            (Some(version), author, at) => format!(
                "# stored: version {version}, by {}, {}",
                author.map_or_else(|| "unknown".to_owned(), printable),
                time_text(at)
            ),
        };
        let problem = self.row.problem_line().map(|line| format!("# {line}\n")).unwrap_or_default();
        format!("{origin}\n# password: {password}\n{problem}{}", known.to_toml())
    }
}

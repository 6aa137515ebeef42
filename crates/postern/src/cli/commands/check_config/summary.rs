//! The result of `check-config`, as it is printed.

use std::path::Path;

use consumer::{AuditSink, Settings};
use operations::text::join_or_none;
use serde::Serialize;
use serde_json::Value;

use super::{
    console::ConsoleSection,
    environments::EnvironmentSummary,
    integrations::IntegrationSummary,
    sections::{Sections, sink_name, text},
};
use config::Config;

#[derive(Serialize)]
pub(super) struct Summary<'a> {
    ok: bool,
    environments: Vec<&'a str>,
    /// The environments with Digital Key for Guests.
    guest_keys: Vec<&'a str>,
    integrations: Vec<IntegrationSummary<'a>>,
    audit: AuditSummary<'a>,
    warnings: &'a [String],
    /// The settings of the other sections.
    settings: AllSections<'a>,
    environment_settings: Vec<EnvironmentSummary<'a>>,
}

/// The sections of the workers and of the console.
#[derive(Serialize)]
struct AllSections<'a> {
    #[serde(flatten)]
    sections: Sections<'a>,
    console: ConsoleSection<'a>,
}

#[derive(Serialize)]
struct AuditSummary<'a> {
    to: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
}

impl<'a> Summary<'a> {
    pub(super) fn of(config: &'a Config) -> Self {
        let settings = &config.settings;
        let environments = || settings.environments.values();
        Self {
            ok: true,
            environments: settings.environments.keys().map(String::as_str).collect(),
            guest_keys: environments()
                .filter(|it| it.guest_keys.is_some())
                .map(|it| it.name.as_str())
                .collect(),
            integrations: settings.integrations.iter().map(IntegrationSummary::of).collect(),
            audit: AuditSummary::of(settings),
            warnings: &config.warnings,
            settings: AllSections {
                sections: Sections::of(settings),
                console: ConsoleSection::of(&config.console),
            },
            environment_settings: environments().map(|it| EnvironmentSummary::of(it)).collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        let environments = join_or_none(&self.environments);
        let mut lines = vec!["ok".to_owned(), format!("environments: {environments}")];
        lines.extend(self.environment_settings.iter().map(|it| {
            format!("  [salto.environments.{}] {}", it.name, members(&value(&it.settings)))
        }));
        if !self.guest_keys.is_empty() {
            lines.push(format!("guest keys configured for: {}", self.guest_keys.join(", ")));
        }
        lines.push(self.audit.text());
        lines.push(format!("integrations: {}", self.integrations.len()));
        for integration in &self.integrations {
            lines.push(integration.line());
            lines.push(format!("    {}", members(&value(&integration.details))));
        }
        lines.push("other settings:".to_owned());
        if let Value::Object(sections) = value(&self.settings) {
            let line = |(name, it): (&String, &Value)| format!("  [{name}] {}", members(it));
            lines.extend(sections.iter().map(line));
        }
        lines.join("\n")
    }
}

impl<'a> AuditSummary<'a> {
    fn of(settings: &'a Settings) -> Self {
        let to = sink_name(&settings.audit);
        let kept = Some(text(settings.retention.audit));
        match &settings.audit {
            AuditSink::Redis => Self { to, directory: None, kept },
            AuditSink::Directory(directory) => Self { to, directory: Some(directory), kept },
            AuditSink::Stdout | AuditSink::Off => Self { to, directory: None, kept: None },
        }
    }

    fn text(&self) -> String {
        let directory = self.directory.map(|it| format!(", in {}", it.display()));
        let kept = self.kept.as_ref().map(|kept| format!(", kept for {kept}"));
        format!("audit: {}{}{}", self.to, directory.unwrap_or_default(), kept.unwrap_or_default())
    }
}

fn value(settings: &impl Serialize) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

/// The members of an object as text: each key with its value.
fn members(object: &Value) -> String {
    let Value::Object(members) = object else { return String::new() };
    let texts = members.iter().map(|(key, value)| match value {
        Value::Null => format!("{key} -"),
        Value::String(text) => format!("{key} {text}"),
        Value::Object(_) => format!("{key} ({})", self::members(value)),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => format!("{key} {value}"),
    });
    texts.collect::<Vec<_>>().join(", ")
}

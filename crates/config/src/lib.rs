//! The configuration: one TOML file with overrides by environment variables, checked as a whole.

mod address;
mod audit;
mod console;
mod defaults;
mod environments;
mod exposure;
mod integrations;
mod json;
mod mistake;
mod reader;
mod redis_server;
mod secret;
mod services;
mod shown_value;
mod stored;
#[cfg(test)]
mod tests;
mod times;
mod tree;
mod value;
mod variables;

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use consumer::{BrokerSettings, Settings};
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};

pub use address::checked_http;
pub use console::{ConsoleSettings, ConsoleToken, ConsoleUser, Grant, Role, TlsFiles};
pub use mistake::{MistakeAt, MistakeReport};
pub use stored::{
    AppliedChange, ChangeError, Document, IntegrationOrigin, IntegrationProblem, KnownIntegration,
    RemovedIntegration, SecretForms, StoredInUse, StoredIntegrations, StoredVersion,
    UnusedIntegration, complete, read_stored,
};
pub use variables::Variables;

use mistake::{Mistakes, Origin};
use reader::Section;

/// A configuration without mistakes.
#[derive(Debug)]
pub struct Config {
    /// The settings.
    pub settings: Settings,
    /// The console.
    pub console: ConsoleSettings,
    /// What is allowed and probably not intended.
    pub warnings: Vec<String>,
    /// The integrations of the file, by id: the keys that were set, without the password.
    pub documents: BTreeMap<String, Map<String, Value>>,
}

/// The configuration of commands that need the broker alone.
#[derive(Debug)]
pub struct BrokerConfig {
    /// `[broker]`.
    pub broker: BrokerSettings,
    /// All settings, where there is a whole configuration without mistakes.
    pub complete: Option<Settings>,
    /// Whether there may be stored integrations beside those of the settings.
    pub stored_are_unknown: bool,
}

/// The ids of the integrations, in the order of the file.
pub fn integration_ids(settings: &Settings) -> Vec<&str> {
    settings.integrations.iter().map(|it| it.rules.id.as_str()).collect()
}

impl BrokerConfig {
    /// The ids of the integrations, where the whole configuration and what is stored is known.
    pub fn integration_ids(&self) -> Option<Vec<&str>> {
        self.complete.as_ref().filter(|_| !self.stored_are_unknown).map(integration_ids)
    }

    /// Whether the file has this integration, as far as the whole configuration is known.
    pub fn knows(&self, id: &str) -> bool {
        self.complete.as_ref().is_none_or(|settings| integration_ids(settings).contains(&id))
    }
}

/// Reads `[broker]` alone, from the file and the environment or from the environment alone; and the rest
/// where it can be read.
///
/// # Errors
/// The mistakes in `[broker]`, and a file that is not TOML.
pub fn load_broker(
    file: Option<&Path>,
    variables: &Variables,
) -> Result<BrokerConfig, MistakeReport> {
    if let Some(Ok(Config { settings, .. })) = file.map(|file| load(file, variables)) {
        return Ok(BrokerConfig {
            broker: settings.broker.clone(),
            complete: Some(settings),
            stored_are_unknown: false,
        });
    }
    let mistakes = Mistakes::default();
    let broker = read_broker(file, variables, &mistakes);
    match broker {
        Some(broker) if mistakes.is_empty() => {
            Ok(BrokerConfig { broker, complete: None, stored_are_unknown: false })
        }
        Some(_) | None => Err(mistakes.report(file.unwrap_or(Path::new("")))),
    }
}

fn read_broker(
    file: Option<&Path>,
    variables: &Variables,
    mistakes: &Mistakes,
) -> Option<BrokerSettings> {
    let mut tree = match file {
        Some(file) => tree::parse(&read_text(file, mistakes)?, mistakes)?,
        None => tree::Table::new(),
    };
    // What is wrong elsewhere does not matter here.
    let of_broker =
        |name: &&OsString| name.to_str().is_some_and(|name| name.starts_with("POSTERN__BROKER__"));
    let overrides = variables.iter().filter(|(name, _)| of_broker(name));
    let overrides = overrides.map(|(name, value)| (name.clone(), value.clone())).collect();
    variables::apply(&mut tree, &overrides, mistakes);
    let mut root = Section::root(&tree, mistakes);
    Some(services::broker(root.section("broker"), variables))
}

fn read_text(file: &Path, mistakes: &Mistakes) -> Option<Zeroizing<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Some(Zeroizing::new(text)),
        Err(error) => {
            mistakes.add(&Origin::File, "", format!("cannot be read: {error}"));
            None
        }
    }
}

/// Reads the configuration.
///
/// # Errors
/// All mistakes together.
pub fn load(file: &Path, variables: &Variables) -> Result<Config, MistakeReport> {
    let mistakes = Mistakes::default();
    match read(file, variables, &mistakes) {
        Some(config) if mistakes.is_empty() => Ok(config),
        Some(_) | None => Err(mistakes.report(file)),
    }
}

fn read(file: &Path, variables: &Variables, mistakes: &Mistakes) -> Option<Config> {
    let mut tree = tree::parse(&read_text(file, mistakes)?, mistakes)?;
    variables::apply(&mut tree, variables, mistakes);

    let mut root = Section::root(&tree, mistakes);
    let broker = services::broker(root.section("broker"), variables);
    let redis = redis_server::redis(root.section("redis"), variables);
    let secrets = services::secrets(root.section("secrets"), variables);
    let opening = times::opening(root.section("opening"));
    let retention = times::retention(root.section("retention"));
    let audit = audit::audit(root.section("audit"));
    let http_listen = services::http_listen(root.section("http"));
    let console = console::read(root.section("console"), variables, mistakes);
    let environments = environments::read(root.section("salto"), variables, mistakes);
    let integrations =
        integrations::read(root.node("integrations"), &environments, variables, mistakes);
    let documents = integrations::documents(root.node("integrations"));
    root.finish();

    let mut warnings = exposure::of_connections(&broker, &redis);
    warnings.extend(exposure::of_files(file, mistakes.take_secret_places()));
    let settings = Settings {
        broker,
        redis,
        secrets: secrets?,
        opening,
        retention,
        audit,
        http_listen,
        environments: environments::without_mistakes(environments),
        integrations,
    };
    Some(Config { settings, console, warnings, documents })
}

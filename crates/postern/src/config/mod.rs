//! The configuration: one TOML file with overrides by environment variables, checked as a whole.

mod address;
mod audit;
mod defaults;
mod environments;
mod integrations;
mod mistake;
mod reader;
mod secret;
mod services;
#[cfg(test)]
mod tests;
mod times;
mod tree;
mod value;
mod variables;

use std::{fs, path::Path};

use consumer::Settings;
use secrecy::zeroize::Zeroizing;

pub(crate) use mistake::MistakeReport;
pub(crate) use variables::Variables;

use mistake::{Mistakes, Origin};
use reader::Section;

/// A configuration without mistakes.
#[derive(Debug)]
pub(crate) struct Config {
    /// The settings.
    pub(crate) settings: Settings,
    /// What is allowed and probably not intended.
    pub(crate) warnings: Vec<String>,
}

/// Reads the configuration.
///
/// # Errors
/// All mistakes together.
pub(crate) fn load(file: &Path, variables: &Variables) -> Result<Config, MistakeReport> {
    let mistakes = Mistakes::default();
    match read(file, variables, &mistakes) {
        Some(config) if mistakes.is_empty() => Ok(config),
        Some(_) | None => Err(mistakes.report(file)),
    }
}

fn read(file: &Path, variables: &Variables, mistakes: &Mistakes) -> Option<Config> {
    let text = match fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            mistakes.add(&Origin::File, "", format!("cannot be read: {error}"));
            return None;
        }
    };
    let mut tree = tree::parse(&text, mistakes)?;
    variables::apply(&mut tree, variables, mistakes);

    let mut root = Section::root(&tree, mistakes);
    let broker = services::broker(root.section("broker"), variables);
    let redis = services::redis(root.section("redis"), variables);
    let secrets_key = services::secrets_key(root.section("secrets"), variables);
    let opening = times::opening(root.section("opening"));
    let retention = times::retention(root.section("retention"));
    let audit = audit::audit(root.section("audit"));
    let http_listen = services::http_listen(root.section("http"));
    let environments = environments::read(root.section("salto"), variables, mistakes);
    let integrations =
        integrations::read(root.node("integrations"), &environments, variables, mistakes);
    root.finish();

    let mut warnings = Vec::new();
    if integrations.is_empty() {
        warnings.push("there are no [[integrations]]: no request opens a door".to_owned());
    }
    let settings = Settings {
        broker,
        redis,
        secrets_key: secrets_key?,
        opening,
        retention,
        audit,
        http_listen,
        environments: environments::without_mistakes(environments),
        integrations,
    };
    Some(Config { settings, warnings })
}

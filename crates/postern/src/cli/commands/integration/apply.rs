//! `postern integration apply`: stores an integration.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use config::{AppliedChange, Config, Document, SecretForms};
use consumer::audit::SettingChange;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use super::access::{self, change_failure};
use crate::cli::{
    arguments::output_format::OutputFlag, failure::CommandFailure, operator::operator,
    terminal::output::Output,
};

/// Standard input, in place of a file.
const STDIN: &str = "-";
/// More than the largest document, so that one that is too large is reported as such.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Arguments of `integration apply`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
FILE holds one integration: the keys of a table of [[integrations]] in TOML, with or without that heading, or
a JSON object with the same keys. All mistakes are reported at once, and nothing is stored where there is
one. A secret given as { env = \"NAME\" } or { file = \"PATH\" } is read here and now; what is stored is the
secret itself, encrypted with secrets.key. Where FILE has no password, the stored one stays.

Workers use the change within a second, without a signal; one that switches off (active = false) is in
effect as soon as this command has ended. The audit gets a line with the user of the operating system and
what changed.

A change of a stored integration says which version it was made from, by --based-on or by the version in
FILE, as `export` writes it: where somebody has changed it since, nothing is stored.

Exit status: 0 stored, or nothing to change; 1 refused, or Redis does not answer; 2 mistakes in FILE.

Examples:
  postern integration apply acme.toml
  postern integration export acme | sed 's/^active = true/active = false/' | postern integration apply -
  postern integration apply acme.json --based-on 1795958400000")]
pub(crate) struct ApplyArguments {
    /// The document, or - for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The version that the change was made from, in place of the one in FILE.
    #[arg(long, value_name = "VERSION")]
    based_on: Option<u64>,
    #[command(flatten)]
    output: OutputFlag,
}

/// The result.
#[derive(Serialize)]
struct ApplyResult<'a> {
    integration_id: &'a str,
    version: u64,
    /// `created`, `changed` or `unchanged`.
    result: &'static str,
    /// What changed; a secret has no values.
    changes: &'a [SettingChange],
}

/// Reads the document, and stores it.
pub(super) async fn run(arguments: ApplyArguments, config: &Config) -> Result<(), CommandFailure> {
    let text = read(&arguments.file)?;
    let name = match arguments.file.to_str() {
        Some(STDIN) | None => "standard input",
        Some(name) => name,
    };
    let document = Document::from_text(name, &text).map_err(CommandFailure::Configuration)?;
    let variables = std::env::vars_os().collect();
    let forms = SecretForms::AlsoNamed(&variables);
    let integrations = access::open(config)?;
    let applied = integrations.apply(&document, forms, arguments.based_on, &operator()).await;
    let applied = applied.map_err(change_failure)?;
    let result = ApplyResult {
        integration_id: &applied.id,
        version: applied.version,
        result: match (applied.created, applied.changes.is_empty()) {
            (true, _) => "created",
            (false, false) => "changed",
            (false, true) => "unchanged",
        },
        changes: &applied.changes,
    };
    Output::new(arguments.output).print(&result, || text_of(&result, &applied))
}

fn read(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let read = if file == Path::new(STDIN) {
        io::stdin().take(MOST_BYTES).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|file| file.take(MOST_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text)
}

fn text_of(result: &ApplyResult<'_>, applied: &AppliedChange) -> String {
    let head = format!("{} {}: version {}", result.result, applied.id, applied.version);
    let lines = applied.changes.iter().map(|SettingChange { key, old, new }| {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        match (old, new) {
            (None, None) => format!("\n  {key}: changed"),
            (old, new) => format!("\n  {key}: {} -> {}", value(old), value(new)),
        }
    });
    head + &lines.collect::<String>()
}

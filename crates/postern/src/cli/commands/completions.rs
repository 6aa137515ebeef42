//! `postern completions`: scripts by which a shell completes the command line.

use std::str::FromStr;

use clap::{
    Args, Command,
    builder::{PossibleValuesParser, TypedValueParser},
};
use clap_complete::Shell;

use crate::cli::{failure::CommandFailure, terminal::output::print_text};

/// The shells, by their names in `clap_complete`.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  source <(postern completions bash)      in this shell alone
  postern completions bash > /usr/share/bash-completion/completions/postern
  postern completions zsh > /usr/local/share/zsh/site-functions/_postern
  postern completions fish > /usr/share/fish/vendor_completions.d/postern.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(
        value_name = "SHELL",
        value_parser = PossibleValuesParser::new(SHELLS).try_map(|name| Shell::from_str(&name))
    )]
    shell: Shell,
}

/// Prints the script for `program`.
pub(crate) fn run(
    arguments: CompletionsArguments,
    mut program: Command,
) -> Result<(), CommandFailure> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, name, &mut script);
    print_text(&String::from_utf8_lossy(&script))
}

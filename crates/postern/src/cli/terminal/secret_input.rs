//! Input of secrets, PINs and access codes: from a file or from standard input, never from an
//! argument, because every user of the machine can see arguments.

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
};

use anyhow::{Context, bail};
use salto::activation::is_pin;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use crate::cli::interrupt;

/// Reads a secret from the file where one is given, else from standard input.
pub(crate) async fn read(what: &'static str, file: Option<&Path>) -> anyhow::Result<SecretString> {
    match file {
        Some(file) => from_file(what, file),
        None => from_standard_input(what).await,
    }
}

/// As [`read`]; asks a second time where the input is typed and not shown.
pub(crate) async fn read_twice(
    what: &'static str,
    second_prompt: &'static str,
    file: Option<&Path>,
) -> anyhow::Result<SecretString> {
    let first = read(what, file).await?;
    if file.is_none() && io::stdin().is_terminal() {
        let second = from_standard_input(second_prompt).await?;
        if first.expose_secret() != second.expose_secret() {
            bail!("the two inputs differ; nothing was sent: run the command again");
        }
    }
    Ok(first)
}

/// Reads a PIN, as [`read`] does, and refuses a malformed one before anything is sent.
pub(crate) async fn read_pin(file: Option<&Path>) -> anyhow::Result<SecretString> {
    checked_pin(read("PIN", file).await?)
}

/// The PIN, where it is well-formed.
pub(crate) fn checked_pin(pin: SecretString) -> anyhow::Result<SecretString> {
    if !is_pin(pin.expose_secret()) {
        bail!(
            "a PIN is exactly four digits; nothing was sent: run the command again with the right PIN"
        );
    }
    Ok(pin)
}

/// The text of the file, without one trailing newline.
fn from_file(what: &str, path: &Path) -> anyhow::Result<SecretString> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read the {what} from {}", path.display()))?;
    Ok(without_newline(&text).into())
}

/// One line from standard input. On a terminal there is a prompt, and the input is not shown.
async fn from_standard_input(what: &'static str) -> anyhow::Result<SecretString> {
    let line = tokio::task::spawn_blocking(move || {
        if io::stdin().is_terminal() { read_hidden(what) } else { first_line(io::stdin().lock()) }
    });
    let line = line.await?.with_context(|| format!("cannot read the {what}"))?;
    match without_newline(&line) {
        "" => bail!("no {what} was given; run the same command again when you have it"),
        text => Ok(text.into()),
    }
}

fn read_hidden(what: &str) -> io::Result<Zeroizing<String>> {
    let mut err = io::stderr();
    write!(err, "{what}: ")?;
    err.flush()?;
    let quiet = rpassword::ConfigBuilder::new().output_discard().build();
    let line = interrupt::read_hidden(|| rpassword::read_password_with_config(quiet));
    let line = line.map(Zeroizing::new);
    writeln!(err)?;
    line
}

fn first_line(mut input: impl BufRead) -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    input.read_line(&mut line)?;
    Ok(line)
}

fn without_newline(text: &str) -> &str {
    let Some(text) = text.strip_suffix('\n') else { return text };
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_is_read_and_one_newline_is_cut() {
        let line = first_line("0601\r\n9999\n".as_bytes()).unwrap();
        assert_eq!(without_newline(&line), "0601");

        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "0601\n\n").unwrap();
        assert_eq!(from_file("PIN", file.path()).unwrap().expose_secret(), "0601\n");
    }
}

//! Where secrets, PINs and access codes come from: a file or standard input, never an argument, as arguments are
//! seen by everybody on the machine.

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
};

use anyhow::{Context, bail};
use salto::activation::is_pin;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// From the file where there is one, else from standard input.
pub(super) async fn take(what: &'static str, file: Option<&Path>) -> anyhow::Result<SecretString> {
    match file {
        Some(file) => from_file(what, file),
        None => from_standard_input(what).await,
    }
}

/// As [`take`], asked for twice where it is typed unseen.
pub(super) async fn take_surely(
    what: &'static str,
    again: &'static str,
    file: Option<&Path>,
) -> anyhow::Result<SecretString> {
    let first = take(what, file).await?;
    if file.is_none() && io::stdin().is_terminal() {
        let second = from_standard_input(again).await?;
        if first.expose_secret() != second.expose_secret() {
            bail!("these were not the same");
        }
    }
    Ok(first)
}

/// A PIN, as [`take`]: one that is none is refused before anybody hears of it.
pub(super) async fn take_pin(file: Option<&Path>) -> anyhow::Result<SecretString> {
    checked_pin(take("PIN", file).await?)
}

/// The PIN, if it is one.
pub(super) fn checked_pin(pin: SecretString) -> anyhow::Result<SecretString> {
    if !is_pin(pin.expose_secret()) {
        bail!("a PIN is exactly four digits; nothing was sent: run it again with the right one");
    }
    Ok(pin)
}

/// The file's text without one newline at its end.
fn from_file(what: &str, path: &Path) -> anyhow::Result<SecretString> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read the {what} from {}", path.display()))?;
    Ok(without_newline(&text).into())
}

/// One line: typed unseen after a prompt where standard input is a terminal.
async fn from_standard_input(what: &'static str) -> anyhow::Result<SecretString> {
    let line = tokio::task::spawn_blocking(move || {
        if io::stdin().is_terminal() { typed(what) } else { first_line(io::stdin().lock()) }
    });
    let line = line.await?.with_context(|| format!("cannot read the {what}"))?;
    match without_newline(&line) {
        "" => bail!("no {what} was given; run the same command again once you have it"),
        text => Ok(text.into()),
    }
}

fn typed(what: &str) -> io::Result<Zeroizing<String>> {
    let mut err = io::stderr();
    write!(err, "{what}: ")?;
    err.flush()?;
    let quiet = rpassword::ConfigBuilder::new().output_discard().build();
    let line = rpassword::read_password_with_config(quiet).map(Zeroizing::new);
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
    fn only_the_first_line_is_read_and_one_newline_cut() {
        let line = first_line("0601\r\n9999\n".as_bytes()).unwrap();
        assert_eq!(without_newline(&line), "0601");

        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "0601\n\n").unwrap();
        assert_eq!(from_file("PIN", file.path()).unwrap().expose_secret(), "0601\n");
    }
}

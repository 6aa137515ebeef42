//! Where a PIN comes from: a file or standard input, never an argument.

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
};

use anyhow::{Context, bail};
use secrecy::{SecretString, zeroize::Zeroizing};

/// The file's text without one newline at its end.
pub(super) fn from_file(path: &Path) -> anyhow::Result<SecretString> {
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read the PIN from {}", path.display()))?;
    Ok(without_newline(&text).into())
}

/// One line: typed unseen after a prompt where standard input is a terminal.
pub(super) async fn from_standard_input() -> anyhow::Result<SecretString> {
    let line = tokio::task::spawn_blocking(|| {
        if io::stdin().is_terminal() { typed() } else { first_line(io::stdin().lock()) }
    });
    let line = line.await?.context("cannot read the PIN from standard input")?;
    match without_newline(&line) {
        "" => bail!("no PIN was given; run the same command again once you have it"),
        pin => Ok(pin.into()),
    }
}

fn typed() -> io::Result<Zeroizing<String>> {
    let mut err = io::stderr();
    write!(err, "PIN: ")?;
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
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn only_the_first_line_is_read_and_one_newline_cut() {
        let line = first_line("0601\r\n9999\n".as_bytes()).unwrap();
        assert_eq!(without_newline(&line), "0601");

        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "0601\n\n").unwrap();
        assert_eq!(from_file(file.path()).unwrap().expose_secret(), "0601\n");
    }
}

//! Opens a browser.

use std::process::{Command, Stdio};

use url::Url;

/// Opens the address with the program of the operating system; returns whether it started. Other users
/// of the machine may see the address: it contains nothing with which a code could be exchanged.
pub(super) fn open(url: &Url) -> bool {
    let mut command = opener();
    command.arg(url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

#[cfg(target_os = "macos")]
fn opener() -> Command {
    Command::new("open")
}

#[cfg(windows)]
fn opener() -> Command {
    let mut command = Command::new("rundll32");
    command.arg("url.dll,FileProtocolHandler");
    command
}

#[cfg(not(any(target_os = "macos", windows)))]
fn opener() -> Command {
    Command::new("xdg-open")
}

//! Opening a browser.

use std::process::{Command, Stdio};

use url::Url;

/// Whether the machine's way to open addresses could be started. The address may be seen by others
/// on this machine: it holds nothing with which a code could be exchanged.
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

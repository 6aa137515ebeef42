//! Opens a browser.

use std::env;
use std::process::{Command, Stdio};

use url::Url;

/// What a browser needs of the environment. Everything else, `POSTERN_SECRETS_KEY` for example, stays here.
const PASSED_ON: [&str; 19] = [
    "BROWSER",
    "DBUS_SESSION_BUS_ADDRESS",
    "DESKTOP_SESSION",
    "DISPLAY",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TMPDIR",
    "TZ",
    "USER",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "SystemRoot",
    "USERPROFILE",
];
/// The beginning of the names that describe a desktop session, such as `XDG_RUNTIME_DIR`.
const PASSED_ON_PREFIX: &str = "XDG_";

/// Opens the address with the program of the operating system; returns whether it started. Other users
/// of the machine may see the address in the list of processes.
pub(super) fn open(url: &Url) -> bool {
    let mut command = opener();
    command.arg(url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_clear().envs(env::vars_os().filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| PASSED_ON.contains(&name) || name.starts_with(PASSED_ON_PREFIX))
    }));
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

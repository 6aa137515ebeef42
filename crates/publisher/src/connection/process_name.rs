//! This process, as servers list it among their clients.

use rustix::system::uname;

/// The host and the id of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessName {
    /// The name of the host, as it calls itself.
    pub host: String,
    /// The id of the process on that host.
    pub pid: u32,
}

impl ProcessName {
    /// That of this process.
    #[must_use]
    pub fn current() -> Self {
        let host = uname().nodename().to_string_lossy().into_owned();
        Self { host, pid: std::process::id() }
    }
}

//! Child processes: each runs in its own process group, writes its output to a file, and is ended when dropped.

mod reaper;
mod terminal;

pub use terminal::Terminal;

use crate::deadline::{SOON, until};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

/// The resources that a process has used so far.
#[derive(Debug, Clone, Copy)]
pub struct ResourceUsage {
    /// User and system time.
    pub cpu: Duration,
    /// The largest resident memory, in bytes.
    pub peak_memory: u64,
}

/// A running program.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Mutex<Child>,
    group: Pid,
    log: PathBuf,
    /// Where its own output begins: a process of the same name may have written before.
    log_start: u64,
}

impl Process {
    /// Starts `command`; standard output and error are appended to `directory/name.log`.
    pub fn start(name: &str, directory: &Path, command: &mut Command) -> Self {
        let file = Self::log_file(name, directory);
        Self::start_with_output(name, directory, command, file.into())
    }

    /// Starts `command` with this standard output; standard error is appended to `directory/name.log`.
    pub fn start_with_output(
        name: &str,
        directory: &Path,
        command: &mut Command,
        output: Stdio,
    ) -> Self {
        let log = Self::log_path(name, directory);
        let log_start = std::fs::metadata(&log).map_or(0, |file| file.len());
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Self::log_file(name, directory))
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let group = i32::try_from(child.id()).expect("a process id fits");
        reaper::watch(group);
        let group = Pid::from_raw(group);
        Self { name: name.to_owned(), child: Mutex::new(child), group, log, log_start }
    }

    fn log_path(name: &str, directory: &Path) -> PathBuf {
        directory.join(format!("{name}.log"))
    }

    fn log_file(name: &str, directory: &Path) -> File {
        let path = Self::log_path(name, directory);
        File::options().create(true).append(true).open(path).expect("the log opens")
    }

    /// The process id, which is also the id of its group.
    pub fn pid(&self) -> u32 {
        self.group.as_raw().unsigned_abs()
    }

    /// Its whole output so far.
    pub fn log(&self) -> String {
        let written = std::fs::read(&self.log).unwrap_or_default();
        let start = usize::try_from(self.log_start).expect("a log fits into memory");
        String::from_utf8_lossy(written.get(start..).unwrap_or_default()).into_owned()
    }

    /// Sends a signal to the program and its children; does nothing if it has ended.
    pub fn signal(&self, signal: Signal) {
        if self.status().is_some() {
            return;
        }
        match killpg(self.group, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => panic!("{signal} to {}: {error}", self.name),
        }
    }

    /// Its exit status, if it has ended.
    pub fn status(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().expect("no holder panics");
        child.try_wait().expect("a child can be waited for")
    }

    /// Waits until it ends.
    ///
    /// # Panics
    /// If it still runs after `limit`.
    pub async fn ended(&self, limit: Duration) -> ExitStatus {
        until(&format!("the end of {}", self.name), limit, async || self.status()).await
    }

    /// The resources that it has used so far.
    ///
    /// # Panics
    /// If it has ended.
    pub fn usage(&self) -> ResourceUsage {
        let read = |file: &str| {
            let path = format!("/proc/{}/{file}", self.pid());
            std::fs::read_to_string(path).unwrap_or_else(|_| panic!("{} has ended", self.name))
        };
        // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
        let stat = read("stat");
        let fields =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        let ticks: u64 =
            fields.map(|field| field.parse::<u64>().expect("ticks are a number")).sum();
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
        // A tick is a hundredth of a second on every Linux.
        ResourceUsage {
            cpu: Duration::from_millis(ticks * 10),
            peak_memory: peak.unwrap_or_default() * 1024,
        }
    }

    /// Sends SIGKILL and waits for the end.
    pub async fn kill(&self) {
        self.signal(Signal::SIGKILL);
        self.ended(SOON).await;
    }

    /// Waits until its output contains the text.
    ///
    /// # Panics
    /// If `limit` is over, or the program ends without having written it.
    pub async fn wait_for_log(&self, text: &str, limit: Duration) {
        until(&format!("{text:?} from {}", self.name), limit, async || {
            let ended = self.status();
            let found = self.log().contains(text);
            assert!(
                found || ended.is_none(),
                "{} ended with {ended:?}:\n{}",
                self.name,
                self.log()
            );
            found.then_some(())
        })
        .await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        let _ = self.child.lock().map(|mut child| child.wait());
        reaper::forget(self.group.as_raw());
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.lines().rev().take(40).collect::<Vec<_>>();
            eprintln!("── the last lines of the log of {} ──", self.name);
            for line in tail.iter().rev() {
                eprintln!("{line}");
            }
        }
    }
}

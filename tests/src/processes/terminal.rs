//! A program at a terminal, where it may read input without an echo on the screen.

use super::reaper;
use crate::deadline::until_true;
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A program that runs at a terminal of its own.
#[derive(Debug)]
pub struct Terminal {
    child: Mutex<Child>,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Terminal {
    /// Starts the command in a session of its own, which the terminal controls.
    pub fn start(command: &Command) -> Self {
        Self::start_at(command, None)
    }

    /// The same, at a terminal of this many columns.
    pub fn start_with_width(command: &Command, columns: u16) -> Self {
        let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        Self::start_at(command, Some(size))
    }

    fn start_at(command: &Command, size: Option<Winsize>) -> Self {
        let OpenptyResult { master, slave } =
            openpty(size.as_ref(), None).expect("there is a terminal");
        let [master, slave] = [master, slave].map(close_in_children);
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => session.env(name, value),
                None => session.env_remove(name),
            };
        }
        session.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
        let end = || Stdio::from(slave.try_clone().expect("it can be shared"));
        let child = session.stdin(end()).stdout(end()).stderr(end()).spawn();
        let child = child.expect("setsid, of util-linux, starts");
        reaper::watch(group(&child));
        let screen = Arc::default();
        let keyboard = File::from(master);
        let (shown, shows) = (keyboard.try_clone().expect("it can be shared"), Arc::clone(&screen));
        let reading = thread::spawn(move || read(shown, &shows));
        Self { child: Mutex::new(child), keyboard, screen, reading }
    }

    /// Everything that the screen has shown.
    pub fn screen(&self) -> String {
        let screen = self.screen.lock().expect("no holder panics");
        String::from_utf8_lossy(&screen).replace("\r\n", "\n")
    }

    /// Waits until the screen shows this text.
    ///
    /// # Panics
    /// If `limit` is over.
    pub async fn wait_for_screen(&self, text: &str, limit: Duration) {
        until_true(&format!("{text:?} on the screen"), limit, || async {
            self.screen().contains(text)
        })
        .await;
    }

    /// Waits until the program reads without an echo, and types a line.
    ///
    /// # Panics
    /// If `limit` is over, or the program ends.
    pub async fn type_without_echo(&self, line: &str, limit: Duration) {
        until_true("the echo to be off", limit, || async {
            assert!(self.status().is_none(), "it ended:\n{}", self.screen());
            !self.echoes()
        })
        .await;
        self.type_line(line);
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        let terminal = tcgetattr(&self.keyboard).expect("it is a terminal");
        terminal.local_flags.contains(LocalFlags::ECHO)
    }

    /// Types a line.
    pub fn type_line(&self, line: &str) {
        (&self.keyboard).write_all(format!("{line}\n").as_bytes()).expect("it can be typed");
    }

    /// Waits until it ends and its whole output is on the screen.
    ///
    /// # Panics
    /// If it still runs after `limit`.
    pub async fn ended(&self, limit: Duration) -> ExitStatus {
        until_true("the end of the program at the terminal", limit, || async {
            self.status().is_some() && self.reading.is_finished()
        })
        .await;
        self.status().expect("it has ended")
    }

    fn status(&self) -> Option<ExitStatus> {
        self.child.lock().expect("no holder panics").try_wait().expect("a child can be waited for")
    }
}

/// The same file, which other processes do not inherit: the terminal would stay open with them.
fn close_in_children(file: OwnedFd) -> OwnedFd {
    file.try_clone().expect("it can be shared")
}

/// The leader of a session also leads its process group.
fn group(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("a process id fits")
}

/// Reads until the other end is closed, which is an error on Linux.
fn read(mut shown: File, screen: &Mutex<Vec<u8>>) {
    let mut bytes = [0; 1024];
    while let Ok(count @ 1..) = shown.read(&mut bytes) {
        screen.lock().expect("no holder panics").extend_from_slice(&bytes[..count]);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let child = self.child.get_mut().expect("no holder panics");
        let _ = child.kill();
        let _ = child.wait();
        reaper::forget(group(child));
    }
}

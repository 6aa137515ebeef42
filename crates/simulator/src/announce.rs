//! What the simulator prints: each opening, each refused command, each mail; a line each.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use serde::Serialize;

use crate::cloud::{Command, Happening, Mail, Opening};
use crate::connect::Verdict;

/// How lines are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Output {
    /// For people.
    Human,
    /// JSON lines.
    Json,
}

/// Hands lines to a thread that writes them, so that a slow reader never slows the cloud.
pub struct Announcer {
    lines: Option<(Output, mpsc::Sender<String>)>,
}

impl Announcer {
    /// Prints nothing.
    pub fn quiet() -> Self {
        Self { lines: None }
    }

    /// Prints to standard output.
    pub fn to_stdout(output: Output) -> Self {
        let (sender, lines) = mpsc::channel::<String>();
        thread::spawn(move || {
            for line in lines {
                // Nobody reads any more: the cloud goes on all the same.
                let _ = print_line(&line);
            }
        });
        Self { lines: Some((output, sender)) }
    }

    pub(crate) fn announce(&self, happening: &Happening) {
        let Some((output, lines)) = &self.lines else { return };
        let line = match happening {
            // Its opening is told.
            Happening::Command(Command { verdict: Verdict::Opened, .. }) => return,
            Happening::Command(command) => match output {
                Output::Human => refused(command),
                Output::Json => json_line("refused", command),
            },
            Happening::Opening(opening) => match output {
                Output::Human => opened(opening),
                Output::Json => json_line("opening", opening),
            },
            Happening::Mail(mail) => match output {
                Output::Human => mailed(mail),
                Output::Json => json_line("mail", &MailWithoutPin::from(mail)),
            },
        };
        let _ = lines.send(line);
    }
}

/// Writes a line to standard output, at once.
///
/// # Errors
/// As writing does.
pub fn print_line(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn opened(opening: &Opening) -> String {
    let Opening { opened_at, lock, lock_id, access_by, .. } = opening;
    format!("{}  {lock} opens  (lock {}, {access_by})", clock_time(*opened_at), short(lock_id))
}

fn refused(command: &Command) -> String {
    let lock = command.lock.as_deref().unwrap_or("an unknown lock");
    let verdict = name(&command.verdict);
    let fault = command.fault.map(|fault| format!(" {}", name(&fault))).unwrap_or_default();
    let status = command.status.map_or("no answer".to_owned(), |status| status.to_string());
    let time = clock_time(command.received_at);
    format!("{time}  {lock} stays shut  ({verdict}{fault}, {status})")
}

fn mailed(mail: &Mail) -> String {
    let Mail { sent_at, to, iq, .. } = mail;
    format!("{}  a mail to {to} with the PIN of {iq}  (/control/mailbox)", clock_time(*sent_at))
}

/// PINs are for the mailbox; output gets kept.
#[derive(Serialize)]
struct MailWithoutPin<'a> {
    sent_at: DateTime<Utc>,
    to: &'a str,
    iq: &'a str,
}

impl<'a> From<&'a Mail> for MailWithoutPin<'a> {
    fn from(mail: &'a Mail) -> Self {
        Self { sent_at: mail.sent_at, to: &mail.to, iq: &mail.iq }
    }
}

#[derive(Serialize)]
struct JsonLine<'a, T> {
    event: &'a str,
    #[serde(flatten)]
    data: &'a T,
}

fn json_line<T: Serialize>(event: &str, data: &T) -> String {
    serde_json::to_string(&JsonLine { event, data }).unwrap_or_default()
}

/// An enum's name as the records have it.
fn name<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn clock_time(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S").to_string()
}

fn short(id: &uuid::Uuid) -> String {
    format!("{}…", &id.to_string()[..8])
}

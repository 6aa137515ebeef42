//! Lines on standard output: one for each opening, each refused command and each mail.

use std::io::{self, Write};
use std::sync::mpsc;
use std::thread;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use serde::Serialize;

use crate::records::{Command, CommandResult, Mail, NewRecord, Opening};
use crate::wire::json_name;

/// The format of the lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum LineFormat {
    /// Text for people.
    Human,
    /// JSON lines.
    Json,
}

/// Passes lines to a thread that writes them, so that a slow reader does not slow down the cloud.
pub struct Printer {
    lines: Option<(LineFormat, mpsc::Sender<String>)>,
}

impl Printer {
    /// Prints nothing.
    pub fn quiet() -> Self {
        Self { lines: None }
    }

    /// Prints to standard output.
    pub fn to_stdout(format: LineFormat) -> Self {
        let (sender, lines) = mpsc::channel::<String>();
        thread::spawn(move || {
            for line in lines {
                // An error means that standard output is closed. The cloud works without it.
                let _ = print_line(&line);
            }
        });
        Self { lines: Some((format, sender)) }
    }

    pub(crate) fn print(&self, record: &NewRecord) {
        let Some((format, lines)) = &self.lines else { return };
        let line = match record {
            // The opening has a line of its own.
            NewRecord::Command(Command { result: CommandResult::Opened, .. }) => return,
            NewRecord::Command(command) => match format {
                LineFormat::Human => refused_line(command),
                LineFormat::Json => json_line("refused", command),
            },
            NewRecord::Opening(opening) => match format {
                LineFormat::Human => opened_line(opening),
                LineFormat::Json => json_line("opening", opening),
            },
            NewRecord::Change => return,
            NewRecord::Mail(mail) => match format {
                LineFormat::Human => mail_line(mail),
                LineFormat::Json => json_line("mail", &MailWithoutPin::from(mail)),
            },
        };
        let _ = lines.send(line);
    }
}

/// Writes a line to standard output and flushes it.
///
/// # Errors
/// The error of the write.
pub fn print_line(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn opened_line(opening: &Opening) -> String {
    let Opening { opened_at, lock, lock_id, access_by, .. } = opening;
    format!("{}  {lock} opens  (lock {}, {access_by})", clock_time(*opened_at), short(lock_id))
}

fn refused_line(command: &Command) -> String {
    let lock = command.lock.as_deref().unwrap_or("an unknown lock");
    let result = json_name(&command.result);
    let fault = command.fault.map(|fault| format!(" {}", json_name(&fault))).unwrap_or_default();
    let status = command.status.map_or("no answer".to_owned(), |status| status.to_string());
    let time = clock_time(command.received_at);
    format!("{time}  {lock} stays shut  ({result}{fault}, {status})")
}

fn mail_line(mail: &Mail) -> String {
    let Mail { sent_at, to, iq, .. } = mail;
    format!("{}  a mail to {to} with the PIN of {iq}  (/control/mailbox)", clock_time(*sent_at))
}

/// A mail without its PIN: output is often stored, and the mailbox shows the PIN.
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

fn clock_time(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%S").to_string()
}

fn short(id: &uuid::Uuid) -> String {
    format!("{}…", &id.to_string()[..8])
}

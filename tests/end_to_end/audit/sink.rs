//! The sinks of the audit lines.

use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The sink of the audit lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sink {
    Redis,
    File,
    Stdout,
    Off,
}

pub(super) const EVERYWHERE: [Sink; 4] = [Sink::Redis, Sink::File, Sink::Stdout, Sink::Off];

impl Sink {
    /// A setup whose workers write to this sink.
    pub(super) async fn setup(self) -> Setup {
        let mut setup = Setup::unactivated().await;
        setup.activate(IQ_GROUND_FLOOR).await;
        let name = match self {
            // The default.
            Self::Redis => return setup,
            Self::File => "file",
            Self::Stdout => "stdout",
            Self::Off => "off",
        };
        setup.settings.set("audit.to", name);
        if self == Self::File {
            let directory = directory(&setup).to_str().expect("a path is text").to_owned();
            setup.settings.set("audit.directory", directory);
        }
        setup
    }

    /// All lines in this sink, repeated ones too; for standard output, of these workers.
    pub(super) async fn written(self, setup: &Setup, output: &str) -> Vec<Value> {
        let text = match self {
            Self::Redis => stream(setup).await,
            Self::File => days(&directory(setup)),
            Self::Stdout => output.to_owned(),
            Self::Off => stream(setup).await + output,
        };
        let lines = text.lines().filter(|line| line.starts_with(r#"{"id":"#));
        lines.map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }
}

/// All lines of the stream.
async fn stream(setup: &Setup) -> String {
    let key = format!("{}audit", setup.key_prefix());
    let stored = setup.stored().await.into_iter().find(|(name, _)| *name == key);
    stored.map_or_else(String::new, |(_, lines)| text(&lines))
}

pub(super) fn directory(setup: &Setup) -> PathBuf {
    setup.directory().join("audit")
}

/// All lines of the files of all days.
pub(super) fn days(directory: &Path) -> String {
    let files = directory.read_dir().expect("the directory is there").map(|file| {
        let path = file.expect("its files can be listed").path();
        std::fs::read_to_string(path).expect("a day can be read")
    });
    files.collect()
}

pub(super) fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

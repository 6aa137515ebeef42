//! What can be found about a mapping.

use serde::Serialize;
use uuid::Uuid;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Some door stays shut.
    Broken,
    /// May well be meant.
    Note,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// It could not be looked at.
    NotChecked,
    /// There is neither a mapped object nor a default lock.
    NothingMapped,
    /// The site has no such lock.
    LockNotFound,
    /// The lock has no IQ, and so cannot be reached.
    LockWithoutIq,
    /// postern has no secret and PIN for the lock's IQ.
    IqNotActivated,
    /// Salto rejects what postern has, or asks for a restore.
    IqInTrouble,
    /// Something is to be looked at; doors open all the same, as far as is known.
    IqToBeLookedAt,
    /// Objects that are not mapped open nothing.
    NoDefaultLock,
    /// Several objects open the same lock.
    SharedLock,
    /// The integration is switched off.
    Inactive,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) integration_id: String,
    pub(super) severity: Severity,
    pub(super) finding: Kind,
    /// The mapped objects it is about.
    pub(super) objects: Vec<String>,
    /// Whether it is about the objects that are not mapped, too.
    pub(super) default: bool,
    pub(super) lock_id: Option<Uuid>,
    pub(super) iq_id: Option<String>,
    /// In words.
    pub(super) text: String,
    /// What to do.
    pub(super) next: String,
}

impl Kind {
    pub(super) const fn severity(self) -> Severity {
        match self {
            Self::NotChecked
            | Self::NothingMapped
            | Self::LockNotFound
            | Self::LockWithoutIq
            | Self::IqNotActivated
            | Self::IqInTrouble => Severity::Broken,
            Self::IqToBeLookedAt | Self::NoDefaultLock | Self::SharedLock | Self::Inactive => {
                Severity::Note
            }
        }
    }
}

impl Finding {
    /// About nothing in particular yet.
    pub(super) fn new(integration_id: &str, finding: Kind, text: String, next: String) -> Self {
        Self {
            integration_id: integration_id.to_owned(),
            severity: finding.severity(),
            finding,
            objects: Vec::new(),
            default: false,
            lock_id: None,
            iq_id: None,
            text,
            next,
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        self.severity == Severity::Broken
    }

    /// For a person.
    pub(super) fn words(&self) -> String {
        let severity = match self.severity {
            Severity::Broken => "BROKEN",
            Severity::Note => "note",
        };
        format!("{}: {severity}: {}\n    {}", self.integration_id, self.text, self.next)
    }
}

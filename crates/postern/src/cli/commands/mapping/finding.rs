//! The findings of `postern mapping check`.

use serde::Serialize;
use uuid::Uuid;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// A door cannot be opened.
    Broken,
    /// May be intended.
    Note,
}

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MappingFindingKind {
    /// The mapping could not be checked.
    NotChecked,
    /// There is neither a mapped object nor a default lock.
    NothingMapped,
    /// The site has no such lock.
    LockNotFound,
    /// The lock has no IQ, and so cannot be reached.
    LockWithoutIq,
    /// postern has stored no secret and PIN for the lock's IQ.
    IqNotActivated,
    /// Salto rejects the one-time passwords, or requires a restore.
    IqInTrouble,
    /// The IQ needs a check; doors open nevertheless, as far as is known.
    IqToBeLookedAt,
    /// Objects that are not mapped open nothing.
    NoDefaultLock,
    /// Several objects open the same lock.
    SharedLock,
    /// The integration is switched off.
    Inactive,
}

/// A finding.
#[derive(Debug, Serialize)]
pub(super) struct MappingFinding {
    pub(super) integration_id: String,
    pub(super) severity: Severity,
    pub(super) finding: MappingFindingKind,
    /// The mapped objects that it is about.
    pub(super) objects: Vec<String>,
    /// Whether it is also about the objects that are not mapped.
    pub(super) default: bool,
    pub(super) lock_id: Option<Uuid>,
    pub(super) iq_id: Option<String>,
    /// The finding as text.
    pub(super) text: String,
    /// The next step.
    pub(super) next: String,
}

impl MappingFindingKind {
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

impl MappingFinding {
    /// A finding without objects, lock and IQ.
    pub(super) fn new(
        integration_id: &str,
        finding: MappingFindingKind,
        text: String,
        next: String,
    ) -> Self {
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

    /// The finding with its next step, for people.
    pub(super) fn text(&self) -> String {
        let severity = match self.severity {
            Severity::Broken => "BROKEN",
            Severity::Note => "note",
        };
        format!("{}: {severity}: {}\n    {}", self.integration_id, self.text, self.next)
    }
}

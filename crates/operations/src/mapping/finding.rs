//! The findings of `postern mapping check`.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A door cannot be opened.
    Broken,
    /// May be intended.
    Note,
}

/// The kind of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MappingFindingKind {
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
#[derive(Debug, Serialize, ToSchema)]
pub struct MappingFinding {
    /// The id of the integration.
    pub integration_id: String,
    /// The severity.
    pub severity: Severity,
    /// The kind.
    pub finding: MappingFindingKind,
    /// The mapped objects that it is about.
    pub objects: Vec<String>,
    /// Whether it is also about the objects that are not mapped.
    pub default: bool,
    /// The lock that it is about.
    pub lock_id: Option<Uuid>,
    /// The IQ that it is about.
    pub iq_id: Option<String>,
    /// The finding as text.
    pub text: String,
    /// The next step.
    pub next: String,
}

impl MappingFindingKind {
    /// The severity of findings of this kind.
    pub const fn severity(self) -> Severity {
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
    pub fn new(
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

    /// Whether a door cannot be opened.
    pub fn is_broken(&self) -> bool {
        self.severity == Severity::Broken
    }
}

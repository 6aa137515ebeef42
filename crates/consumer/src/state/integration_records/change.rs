//! A change of a stored integration.

use secrecy::SecretString;

use super::record::IntegrationDocument;
use crate::audit::AuditEntry;

/// A change of a stored integration.
#[derive(Debug)]
pub struct IntegrationChange<'a> {
    /// Its id.
    pub id: &'a str,
    /// The version that it was read with; none where it was not there.
    pub read_version: Option<u64>,
    /// What is stored; nothing where it is removed. The version in it is the new one.
    pub document: Option<&'a IntegrationDocument>,
    /// The version of the change.
    pub version: u64,
    /// What becomes of the password.
    pub password: &'a PasswordChange,
    /// Its line of the audit.
    pub audit: &'a AuditEntry,
}

/// Whether a change was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStored {
    /// It was, and is in effect.
    Stored,
    /// It was not: the integration has another version by now.
    Changed,
    /// It was not: the version must be higher than this one.
    VersionTooLow(u64),
}

/// What a change does with the password.
#[derive(Debug, Clone)]
pub enum PasswordChange {
    /// The stored one stays.
    Keep,
    /// This one is stored.
    Set(SecretString),
    /// None is stored afterwards.
    Drop,
}

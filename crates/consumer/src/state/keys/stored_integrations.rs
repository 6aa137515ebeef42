//! The keys of stored integrations.

use super::Keys;

impl Keys {
    /// By id: the documents of the integrations that are stored.
    pub(crate) fn integrations(&self) -> String {
        self.of("integrations", &[])
    }

    /// By id: the versions of the integrations that are stored; the newest one under the empty id.
    pub(crate) fn integration_versions(&self) -> String {
        self.of("integration-versions", &[])
    }

    /// By id: the sealed passwords of the integrations that are stored.
    pub(crate) fn integration_passwords(&self) -> String {
        self.of("integration-passwords", &[])
    }
}

//! Which settings of an integration are used.

/// Which settings of an integration a worker uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettingsVersion {
    /// Those of the configuration file, whatever is stored.
    OfFile,
    /// Those that are stored with this version.
    Stored(u64),
    /// None: it is in neither.
    Unknown,
}

impl SettingsVersion {
    /// As claims name it.
    pub(crate) fn as_arg(self) -> String {
        match self {
            Self::OfFile => "file".to_owned(),
            Self::Stored(version) => version.to_string(),
            Self::Unknown => String::new(),
        }
    }
}

//! A lock, as the configuration names it.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A lock, as the configuration names it (`docs/contract.md`, Configuration).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LockRef {
    /// Its id at Salto.
    Id(Uuid),
    /// Its name at Salto, where that is unique. Which lock it is, the site's list of locks says.
    Name(String),
}

impl LockRef {
    /// The id; none of a lock that is named.
    #[must_use]
    pub const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Name(_) => None,
        }
    }

    /// The name; none of a lock with an id.
    #[must_use]
    pub const fn name(&self) -> Option<&str> {
        match self {
            Self::Id(_) => None,
            Self::Name(name) => Some(name.as_str()),
        }
    }
}

impl From<Uuid> for LockRef {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

/// A text that is no UUID is a name.
impl From<&str> for LockRef {
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id)
    }
}

impl fmt::Display for LockRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "{id}"),
            Self::Name(name) => write!(f, "{name:?}"),
        }
    }
}

impl Serialize for LockRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Id(id) => id.serialize(serializer),
            Self::Name(name) => name.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_an_id_and_any_other_text_a_name() {
        let id = "4d77312f-4a87-41db-a97b-f9d948dcc908";
        assert_eq!(LockRef::from(id).id().map(|id| id.to_string()).as_deref(), Some(id));
        assert_eq!(LockRef::from("Tür 01").name(), Some("Tür 01"));
        assert_eq!(LockRef::from("Tür 01").to_string(), "\"Tür 01\"");
    }
}

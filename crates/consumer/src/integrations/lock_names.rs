//! The locks of a site by name, as the configuration may name them.

use std::{collections::HashMap, fmt};

use rules::LockRef;
use salto::LockInfo;
use uuid::Uuid;

/// The locks of a site by name.
#[derive(Debug)]
pub struct LockNames(HashMap<String, Vec<Uuid>>);

/// Why a name is no lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnresolvedName {
    name: String,
    /// How many locks have it.
    count: usize,
}

impl LockNames {
    /// The names in Salto's list of locks.
    #[must_use]
    pub fn of(locks: &[LockInfo]) -> Self {
        let mut names: HashMap<String, Vec<Uuid>> = HashMap::new();
        for lock in locks {
            if let Some(name) = &lock.customer_reference {
                names.entry(name.clone()).or_default().push(lock.id);
            }
        }
        Self(names)
    }

    /// The id of a lock; of a name, where exactly one lock has it.
    ///
    /// # Errors
    /// No lock has the name, or several have it.
    pub fn resolve(&self, lock: &LockRef) -> Result<Uuid, UnresolvedName> {
        match lock {
            LockRef::Id(id) => Ok(*id),
            LockRef::Name(name) => match self.0.get(name).map_or(&[][..], Vec::as_slice) {
                [lock] => Ok(*lock),
                others => Err(UnresolvedName { name: name.clone(), count: others.len() }),
            },
        }
    }
}

impl fmt::Display for UnresolvedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, count } = self;
        match count {
            0 => write!(f, "no lock of the site is named {name:?}"),
            count => write!(f, "{count} locks of the site are named {name:?}"),
        }
    }
}

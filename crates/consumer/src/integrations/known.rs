//! An integration with its client of Salto's API, and what is known of an id.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rules::LockRef;
use salto::{Account, CallError, Environment, PreparedLock, SaltoClock, SignIn, Site};
use uuid::Uuid;

use crate::{
    settings::{ConfirmOpenings, IntegrationSettings, Mode},
    state::integration_records::SettingsVersion,
};

/// An integration and its client.
#[derive(Debug)]
pub(crate) struct Integration {
    pub(crate) rules: rules::IntegrationRules,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    /// The clock of its environment.
    pub(crate) clock: Arc<SaltoClock>,
    /// Whether Salto's log of entries is asked after a command that was not answered.
    pub(crate) ask_entries: bool,
    /// How long before its start a booking at risk is reported; zero where none is.
    pub(crate) warn_before: Duration,
    pub(crate) confirm_openings: ConfirmOpenings,
    pub(super) environment: Arc<Environment>,
    pub(super) account: Account,
}

impl Integration {
    /// The name of its environment.
    pub(crate) fn environment_name(&self) -> &str {
        &self.environment.name
    }

    /// The name of its user at Salto; none where it signs in by the browser.
    pub(crate) fn username(&self) -> Option<&str> {
        match &self.account.sign_in {
            SignIn::Password { username, .. } => Some(username),
            SignIn::Browser { .. } => None,
        }
    }

    /// The id of a lock; none where the list of locks has no lock, or several, of that name.
    pub(crate) fn lock_id(&self, lock: &LockRef) -> Option<Uuid> {
        match lock {
            LockRef::Id(id) => Some(*id),
            LockRef::Name(name) => self.site.lock_named(name),
        }
    }

    /// What a command to the lock needs; asks Salto for what this process does not have.
    pub(crate) async fn prepare(&self, lock: &LockRef) -> Result<PreparedLock, CallError> {
        let lock_id = match lock {
            LockRef::Id(id) => *id,
            LockRef::Name(name) => self.site.find_lock_named(name).await?,
        };
        self.site.prepare(lock_id).await
    }
}

/// Salto's environments by name.
pub(crate) type Environments = BTreeMap<String, Arc<Environment>>;

/// An integration as it is to be used; without settings, its stored document cannot be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UsedSettings<'a> {
    pub(crate) version: SettingsVersion,
    pub(crate) settings: Option<&'a IntegrationSettings>,
}

/// What is known of an id.
#[derive(Debug, Clone)]
pub(crate) struct KnownId {
    /// The version of its settings, on which claims rest.
    pub(crate) version: SettingsVersion,
    pub(crate) integration: Option<Arc<Integration>>,
}

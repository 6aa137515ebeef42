//! The integrations by id, each with its client of Salto's API.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rules::LockRef;
use salto::{
    Account, Breakers, CallError, Environment, Http, PreparedLock, SaltoClock, SignIn, Site,
    TokenCache,
};
use uuid::Uuid;

use crate::{
    failpoint,
    settings::{ConfirmOpenings, IntegrationSettings, Mode, Settings},
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
    environment: Arc<Environment>,
    account: Account,
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

/// All integrations of the configuration that was read last.
pub(crate) struct Integrations {
    http: Http,
    cache: Arc<dyn TokenCache>,
    entries: RwLock<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    integrations: HashMap<String, Arc<Integration>>,
    /// One per environment. They are kept when the configuration changes, with the clock's offset.
    clocks: BTreeMap<String, Arc<SaltoClock>>,
    /// One per environment, kept with the state of a failing host.
    breakers: BTreeMap<String, Arc<Breakers>>,
}

impl Integrations {
    /// `settings.integrations` name environments of `settings.environments` only.
    pub(crate) fn new(settings: &Settings, http: Http, cache: Arc<dyn TokenCache>) -> Self {
        let integrations = Self { http, cache, entries: RwLock::default() };
        integrations.set(settings);
        integrations
    }

    /// Replaces the integrations by those of another configuration. An integration whose account is the
    /// same keeps its token and its cached lists. Credentials that were rejected are tried again at once
    /// (docs/contract.md, invariant 7).
    pub(crate) fn replace(&self, settings: &Settings) {
        self.set(settings);
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        for integration in entries.integrations.values() {
            integration.site.retry_rejected_credentials();
        }
    }

    fn set(&self, settings: &Settings) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for name in settings.environments.keys() {
            let clock = || Arc::new(SaltoClock::with_wall_clock(name, failpoint::wall_clock));
            entries.clocks.entry(name.clone()).or_insert_with(clock);
            let breakers = || Arc::new(Breakers::new(name));
            entries.breakers.entry(name.clone()).or_insert_with(breakers);
        }
        let integrations = settings.integrations.iter().filter_map(|integration| {
            let environment = settings.environments.get(&integration.environment)?;
            let integration = self.integration(&entries, integration, environment)?;
            Some((integration.rules.id.clone(), integration))
        });
        entries.integrations = integrations.collect();
    }

    fn integration(
        &self,
        entries: &Entries,
        settings: &IntegrationSettings,
        environment: &Arc<Environment>,
    ) -> Option<Arc<Integration>> {
        let clock = entries.clocks.get(&settings.environment)?;
        let breakers = entries.breakers.get(&settings.environment)?;
        let id = settings.rules.id.as_str();
        let before = entries.integrations.get(id).filter(|before| {
            before.account.is_same(&settings.account) && before.environment.is_same(environment)
        });
        let site = match before {
            Some(before) => before.site.clone(),
            None => Site::new(
                id,
                self.http.clone(),
                Arc::clone(environment),
                Arc::clone(clock),
                Arc::clone(breakers),
                settings.account.clone(),
                Arc::clone(&self.cache),
            ),
        };
        Some(Arc::new(Integration {
            rules: settings.rules.clone(),
            mode: settings.mode,
            site,
            clock: Arc::clone(clock),
            ask_entries: settings.ask_entries,
            warn_before: settings.warn_before,
            confirm_openings: settings.confirm_openings,
            environment: Arc::clone(environment),
            account: settings.account.clone(),
        }))
    }

    pub(crate) fn get(&self, integration_id: &str) -> Option<Arc<Integration>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.integrations.get(integration_id).cloned()
    }

    /// The id, where an integration has it: one of a request may be any text.
    pub(crate) fn known<'a>(&self, integration_id: &'a str) -> Option<&'a str> {
        self.get(integration_id).map(|_| integration_id)
    }

    /// All integrations.
    pub(crate) fn all(&self) -> Vec<Arc<Integration>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.integrations.values().cloned().collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).integrations.len()
    }

    /// The breakers of all environments, by name.
    pub(crate) fn breakers(&self) -> Vec<(String, Arc<Breakers>)> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.breakers.iter().map(|(name, it)| (name.clone(), Arc::clone(it))).collect()
    }

    /// The clocks of all environments.
    pub(crate) fn clocks(&self) -> Vec<Arc<SaltoClock>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.clocks.values().cloned().collect()
    }
}

//! The integrations by id, each with its client of Salto's API.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use salto::{Breakers, Environment, Http, SaltoClock, Site, TokenCache};

pub(crate) use super::known::{Environments, Integration, KnownId, UsedSettings};
use crate::{
    failpoint, settings::IntegrationSettings, state::integration_records::SettingsVersion,
};

/// All integrations in use: those of the file that was read last, and those that are stored.
pub(crate) struct Integrations {
    http: Http,
    cache: Arc<dyn TokenCache>,
    entries: RwLock<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    integrations: HashMap<String, KnownId>,
    /// One per environment. They are kept when the configuration changes, with the clock's offset.
    clocks: BTreeMap<String, Arc<SaltoClock>>,
    /// One per environment, kept with the state of a failing host.
    breakers: BTreeMap<String, Arc<Breakers>>,
}

impl Entries {
    /// Tries rejected credentials at once where the integration was in use before.
    fn retry_rejected_credentials(&self, id: &str, known: &KnownId) {
        if let Some(integration) = &known.integration
            && self.integrations.contains_key(id)
        {
            integration.site.retry_rejected_credentials();
        }
    }
}

impl Integrations {
    /// There is none at first.
    pub(crate) fn new(http: Http, cache: Arc<dyn TokenCache>) -> Self {
        Self { http, cache, entries: RwLock::default() }
    }

    /// Replaces all integrations. One whose account is the same keeps its token and its cached lists. Credentials
    /// that were rejected are tried again at once (docs/contract.md, invariant 7), though not at the start, when there
    /// are none before.
    pub(crate) fn replace<'a>(
        &self,
        environments: &Environments,
        all: impl Iterator<Item = (&'a str, UsedSettings<'a>)>,
    ) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for name in environments.keys() {
            let clock = || Arc::new(SaltoClock::with_wall_clock(name, failpoint::wall_clock));
            entries.clocks.entry(name.clone()).or_insert_with(clock);
            let breakers = || Arc::new(Breakers::new(name));
            entries.breakers.entry(name.clone()).or_insert_with(breakers);
        }
        let integrations =
            all.map(|(id, used)| (id.to_owned(), self.entry(&entries, environments, id, used)));
        let integrations: HashMap<_, _> = integrations.collect();
        for (id, known) in &integrations {
            entries.retry_rejected_credentials(id, known);
        }
        entries.integrations = integrations;
    }

    /// Replaces these integrations, and removes those without anything; the others stay untouched.
    pub(crate) fn change<'a>(
        &self,
        environments: &Environments,
        changed: impl Iterator<Item = (&'a str, Option<UsedSettings<'a>>)>,
    ) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for (id, used) in changed {
            let Some(used) = used else {
                entries.integrations.remove(id);
                continue;
            };
            let known = self.entry(&entries, environments, id, used);
            entries.retry_rejected_credentials(id, &known);
            entries.integrations.insert(id.to_owned(), known);
        }
    }

    fn entry(
        &self,
        entries: &Entries,
        environments: &Environments,
        id: &str,
        used: UsedSettings<'_>,
    ) -> KnownId {
        let integration = used.settings.and_then(|settings| {
            let environment = environments.get(&settings.environment)?;
            self.integration(entries, id, settings, environment)
        });
        KnownId { version: used.version, integration }
    }

    fn integration(
        &self,
        entries: &Entries,
        id: &str,
        settings: &IntegrationSettings,
        environment: &Arc<Environment>,
    ) -> Option<Arc<Integration>> {
        let clock = entries.clocks.get(&settings.environment)?;
        let breakers = entries.breakers.get(&settings.environment)?;
        let before = entries.integrations.get(id).and_then(|known| known.integration.as_ref());
        let before = before.filter(|before| {
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
        self.lookup(integration_id).integration
    }

    /// The integration, with the version of its settings.
    pub(crate) fn lookup(&self, integration_id: &str) -> KnownId {
        let unknown = || KnownId { version: SettingsVersion::Unknown, integration: None };
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.integrations.get(integration_id).cloned().unwrap_or_else(unknown)
    }

    /// The id, where an integration has it: one of a request may be any text.
    pub(crate) fn known<'a>(&self, integration_id: &'a str) -> Option<&'a str> {
        self.get(integration_id).map(|_| integration_id)
    }

    /// All integrations.
    pub(crate) fn all(&self) -> Vec<Arc<Integration>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.integrations.values().filter_map(|it| it.integration.clone()).collect()
    }

    /// Whether there is one alone.
    pub(crate) fn is_one(&self) -> bool {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.integrations.values().filter(|it| it.integration.is_some()).take(2).count() == 1
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

//! The integrations by id, each with its way to Salto.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use salto::{Account, Breakers, Environment, Http, SaltoClock, Site, TokenCache};

use crate::settings::{IntegrationSettings, Mode, Settings};

/// One integration at work.
#[derive(Debug)]
pub(crate) struct Integration {
    pub(crate) rules: rules::Integration,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
    /// Whether Salto's log of entries is asked after commands without an answer.
    pub(crate) ask_entries: bool,
    environment: Arc<Environment>,
    account: Account,
}

/// All integrations, as the configuration read last has them.
pub(crate) struct Directory {
    http: Http,
    cache: Arc<dyn TokenCache>,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    integrations: HashMap<String, Arc<Integration>>,
    /// One per environment, and for good: a clock's offset outlives a change of the configuration.
    clocks: BTreeMap<String, Arc<SaltoClock>>,
    /// Likewise, as what is known of a failing host does.
    breakers: BTreeMap<String, Arc<Breakers>>,
}

impl Directory {
    /// `settings.integrations` name environments of `settings.environments` only.
    pub(crate) fn new(settings: &Settings, http: Http, cache: Arc<dyn TokenCache>) -> Self {
        let directory = Self { http, cache, known: RwLock::default() };
        directory.replace(settings);
        directory
    }

    /// Takes over the integrations of another configuration. Those whose account is the same keep
    /// their token and what they know of their site.
    pub(crate) fn replace(&self, settings: &Settings) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for name in settings.environments.keys() {
            let clock = || Arc::new(SaltoClock::new(name));
            known.clocks.entry(name.clone()).or_insert_with(clock);
            let breakers = || Arc::new(Breakers::new(name));
            known.breakers.entry(name.clone()).or_insert_with(breakers);
        }
        let integrations = settings.integrations.iter().filter_map(|integration| {
            let environment = settings.environments.get(&integration.environment)?;
            let clock = known.clocks.get(&integration.environment)?;
            let breakers = known.breakers.get(&integration.environment)?;
            Some((
                integration.rules.id.clone(),
                self.integration(&known, integration, environment, (clock, breakers)),
            ))
        });
        known.integrations = integrations.collect();
    }

    fn integration(
        &self,
        known: &Known,
        settings: &IntegrationSettings,
        environment: &Arc<Environment>,
        (clock, breakers): (&Arc<SaltoClock>, &Arc<Breakers>),
    ) -> Arc<Integration> {
        let id = settings.rules.id.as_str();
        let before = known.integrations.get(id).filter(|before| {
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
        Arc::new(Integration {
            rules: settings.rules.clone(),
            mode: settings.mode,
            site,
            ask_entries: settings.ask_entries,
            environment: Arc::clone(environment),
            account: settings.account.clone(),
        })
    }

    pub(crate) fn get(&self, integration_id: &str) -> Option<Arc<Integration>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.integrations.get(integration_id).cloned()
    }

    /// All integrations.
    pub(crate) fn all(&self) -> Vec<Arc<Integration>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.integrations.values().cloned().collect()
    }

    /// The breakers of all environments, by name.
    pub(crate) fn breakers(&self) -> Vec<(String, Arc<Breakers>)> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.breakers.iter().map(|(name, it)| (name.clone(), Arc::clone(it))).collect()
    }

    /// The clocks of all environments.
    pub(crate) fn clocks(&self) -> Vec<Arc<SaltoClock>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clocks.values().cloned().collect()
    }
}

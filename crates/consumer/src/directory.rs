//! The integrations by id, each with its way to Salto.

use std::{collections::HashMap, sync::Arc};

use salto::{Http, SaltoClock, Site, TokenCache};

use crate::settings::{IntegrationSettings, Settings};

/// One integration at work.
#[derive(Debug)]
pub(crate) struct Integration {
    pub(crate) rules: rules::Integration,
    pub(crate) otp_scheme: salto::OtpScheme,
    pub(crate) site: Site,
}

/// All integrations.
#[derive(Debug)]
pub(crate) struct Directory {
    integrations: HashMap<String, Arc<Integration>>,
    clocks: Vec<Arc<SaltoClock>>,
}

impl Directory {
    /// `settings.integrations` name environments of `settings.environments` only.
    pub(crate) fn new(settings: &Settings, http: &Http, cache: &Arc<dyn TokenCache>) -> Self {
        let clocks: HashMap<&str, Arc<SaltoClock>> = settings
            .environments
            .keys()
            .map(|name| (name.as_str(), Arc::new(SaltoClock::new(name))))
            .collect();
        let integration = |integration: &IntegrationSettings| {
            let environment = settings.environments.get(&integration.environment)?;
            let clock = clocks.get(integration.environment.as_str())?;
            let id = integration.rules.id.clone();
            let site = Site::new(
                &id,
                http.clone(),
                Arc::clone(environment),
                Arc::clone(clock),
                integration.account.clone(),
                Arc::clone(cache),
            );
            let rules = integration.rules.clone();
            let otp_scheme = integration.account.otp_scheme;
            Some((id, Arc::new(Integration { rules, otp_scheme, site })))
        };
        let integrations = settings.integrations.iter().filter_map(integration).collect();
        Self { integrations, clocks: clocks.into_values().collect() }
    }

    pub(crate) fn get(&self, integration_id: &str) -> Option<Arc<Integration>> {
        self.integrations.get(integration_id).cloned()
    }

    /// One clock per environment.
    pub(crate) fn clocks(&self) -> &[Arc<SaltoClock>] {
        &self.clocks
    }
}

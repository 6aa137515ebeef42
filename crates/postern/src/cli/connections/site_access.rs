//! Access to the site of one integration at Salto, with the tokens and activations in Redis.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use consumer::{IntegrationSettings, LastErrors, Lookup, OtpGuard, Settings, Store};
use redis_pool::Pool;
use salto::{
    ActivationStore, Breakers, CallError, Cause, Http, KeyCheckError, RedisTokenCache, SaltoClock,
    Site, TokenCache, check_key,
};

use super::{advice, pause, visible_sites::visible_sites};
use crate::cli::{arguments::integration::not_configured, failure::CommandFailure};
use config::integration_ids;

/// What a command about the site of an integration uses.
pub(crate) struct SiteAccess<'a> {
    pub(crate) integration: &'a IntegrationSettings,
    pub(crate) site: Site,
    pub(crate) activations: ActivationStore,
    pub(crate) otp_guard: Arc<OtpGuard>,
    pub(crate) last_errors: LastErrors,
    pub(crate) redis: Pool,
    lookup: Lookup,
}

impl SiteAccess<'_> {
    /// Salto's answer; an error gets the advice for it.
    pub(crate) async fn with_advice<T>(&self, answer: Result<T, CallError>) -> anyhow::Result<T> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.error_with_advice(&error).await),
        }
    }

    /// The error of a call with the advice for it.
    pub(crate) async fn error_with_advice(&self, error: &CallError) -> anyhow::Error {
        self.share_pause(error).await;
        let mut detail = advice::call_error_text(error);
        if error.cause == Cause::SiteNotFound {
            detail = format!(
                "{detail}; {}",
                visible_sites("it", self.site.sites().await.as_deref().ok())
            );
        }
        if error.cause == Cause::NotSignedIn {
            // The text of this error is its advice.
            return anyhow!(detail);
        }
        anyhow!("{detail}; {}", advice::for_call_error(error))
    }

    /// Shares the pause that Salto asked for with this answer, if it did, with the workers.
    pub(crate) async fn share_pause(&self, error: &CallError) {
        pause::share(&self.lookup, self.site.integration_id(), error).await;
    }

    /// Fails where the integration was changed or removed after its settings were read; for commands that wait
    /// for input meanwhile, and then open a door.
    pub(crate) async fn refuse_where_changed(&self) -> anyhow::Result<()> {
        let Some(version) = self.integration.stored_version else { return Ok(()) };
        match self.lookup.stored_version(self.site.integration_id()).await? {
            Some(stored) if stored == version => Ok(()),
            Some(_) | None => Err(anyhow!("the integration was changed meanwhile: run it again")),
        }
    }

    /// Fails while Salto has asked for a pause; for commands that wait for input meanwhile.
    pub(crate) async fn refuse_while_paused(&self) -> anyhow::Result<()> {
        pause::refuse_while_paused(&self.lookup, self.site.integration_id()).await
    }
}

/// Opens the access by the id of the integration. The integration must be configured, Redis must
/// answer, `secrets.key` must be the key of its secrets, and Salto must not have asked for a pause.
pub(crate) async fn open<'a>(
    settings: &'a Settings,
    integration_id: &str,
) -> Result<SiteAccess<'a>, CommandFailure> {
    let integration = find(settings, integration_id)?;
    Ok(open_integration(settings, integration).await?)
}

/// As [`open`], for commands that read stored data only and send Salto no call.
pub(crate) async fn open_stored<'a>(
    settings: &'a Settings,
    integration_id: &str,
) -> Result<SiteAccess<'a>, CommandFailure> {
    let integration = find(settings, integration_id)?;
    Ok(prepare(settings, integration).await?)
}

/// The integration of that id; all of them where there is no id.
pub(crate) fn selected_integrations<'a>(
    settings: &'a Settings,
    integration_id: Option<&str>,
) -> Result<Vec<&'a IntegrationSettings>, CommandFailure> {
    match integration_id {
        Some(id) => Ok(vec![find(settings, id)?]),
        None => Ok(settings.integrations.iter().collect()),
    }
}

fn find<'a>(settings: &'a Settings, id: &str) -> Result<&'a IntegrationSettings, CommandFailure> {
    let found = settings.integrations.iter().find(|integration| integration.rules.id == id);
    found.ok_or_else(|| not_configured(id, &integration_ids(settings)))
}

/// Opens the access to the site of one of the configured integrations.
///
/// # Errors
/// As for [`open`].
pub(crate) async fn open_integration<'a>(
    settings: &'a Settings,
    integration: &'a IntegrationSettings,
) -> anyhow::Result<SiteAccess<'a>> {
    let access = prepare(settings, integration).await?;
    access.refuse_while_paused().await?;
    Ok(access)
}

async fn prepare<'a>(
    settings: &'a Settings,
    integration: &'a IntegrationSettings,
) -> anyhow::Result<SiteAccess<'a>> {
    let prefix = &settings.redis.key_prefix;
    let store = Arc::new(
        Store::new(&settings.redis).context("redis.url or redis.sentinels cannot be used")?,
    );
    let redis = store.pool();
    let sealer = settings.secrets.sealer();
    check_key(&redis, prefix, &sealer).await.map_err(|error| match error {
        KeyCheckError::WrongKey => anyhow!(error),
        KeyCheckError::Redis(error) => anyhow!("{error}; {}", advice::REDIS_UNUSABLE),
    })?;

    let name = integration.environment.as_str();
    let environment = settings.environments.get(name);
    let environment = environment.ok_or_else(|| anyhow!("no environment {name:?}"))?;
    let cache: Arc<dyn TokenCache> =
        Arc::new(RedisTokenCache::new(redis.clone(), prefix, Arc::clone(&sealer)));
    let site = Site::new(
        &integration.rules.id,
        Http::new()?,
        Arc::clone(environment),
        Arc::new(SaltoClock::new(name)),
        Arc::new(Breakers::new(name)),
        integration.account.clone(),
        cache,
    );
    // An operator's command tries credentials again that were rejected (docs/contract.md, invariant 7).
    site.retry_rejected_credentials();
    let lookup = Lookup::through(Arc::clone(&store), prefix);
    let last_errors = LastErrors::new(Arc::clone(&store), prefix);
    let otp_guard = Arc::new(OtpGuard::new(store, prefix, Arc::clone(&sealer)));
    let activations = ActivationStore::new(redis.clone(), prefix, sealer);
    Ok(SiteAccess { integration, site, activations, otp_guard, last_errors, redis, lookup })
}

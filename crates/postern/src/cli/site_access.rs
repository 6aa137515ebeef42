//! An integration's way to Salto, with the tokens and activations that Redis holds.

use std::sync::Arc;

use anyhow::{Context, anyhow};
use consumer::{IntegrationSettings, LastErrors, Lookup, OtpGuard, Settings, Store};
use deadpool_redis::Pool;
use salto::{
    ActivationStore, Breakers, CallError, Cause, Http, KeyCheckError, RedisTokenCache, SaltoClock,
    Site, TokenCache, check_key, seal::Sealer,
};
use secrecy::ExposeSecret;

use super::{advice, failure::Failure, output::names, pause, site::seen};

/// What commands about an integration's site use.
pub(super) struct SiteAccess<'a> {
    pub(super) integration: &'a IntegrationSettings,
    pub(super) site: Site,
    pub(super) activations: ActivationStore,
    pub(super) guard: Arc<OtpGuard>,
    pub(super) last_errors: LastErrors,
    pub(super) redis: Pool,
    lookup: Lookup,
}

impl SiteAccess<'_> {
    /// What Salto answered; a no comes with what to do about it.
    pub(super) async fn hear<T>(&self, answer: Result<T, CallError>) -> anyhow::Result<T> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.refusal(&error).await),
        }
    }

    /// A call's error with what to do about it.
    pub(super) async fn refusal(&self, error: &CallError) -> anyhow::Error {
        self.share_pause(error).await;
        let mut detail = advice::detail(error);
        if error.cause == Cause::SiteNotFound {
            detail = format!("{detail}; {}", seen("it", self.site.sites().await.as_deref().ok()));
        }
        if error.cause == Cause::NotSignedIn {
            // It says so itself.
            return anyhow!(detail);
        }
        anyhow!("{detail}; {}", advice::after(error))
    }

    /// Where Salto answers with a wish for a pause, the workers heed it too.
    pub(super) async fn share_pause(&self, error: &CallError) {
        pause::share(&self.lookup, self.site.integration_id(), error).await;
    }

    /// Refuses while Salto wants no calls, for commands that take their time.
    pub(super) async fn heed_pause(&self) -> anyhow::Result<()> {
        pause::heed(&self.lookup, self.site.integration_id()).await
    }
}

/// Prepares the way: the integration must be configured, Redis must answer, `secrets.key` must be
/// the one its secrets were encrypted with, and Salto must not want to be left alone.
pub(super) async fn open<'a>(
    settings: &'a Settings,
    integration_id: &str,
) -> Result<SiteAccess<'a>, Failure> {
    let integration = find(settings, integration_id)?;
    Ok(connect(settings, integration).await?)
}

/// As [`open`], for looking at what is stored only: Salto is not asked.
pub(super) async fn at_rest<'a>(
    settings: &'a Settings,
    integration_id: &str,
) -> Result<SiteAccess<'a>, Failure> {
    let integration = find(settings, integration_id)?;
    Ok(prepare(settings, integration).await?)
}

/// The integration of that id, or all of them.
pub(super) fn chosen<'a>(
    settings: &'a Settings,
    integration_id: Option<&str>,
) -> Result<Vec<&'a IntegrationSettings>, Failure> {
    match integration_id {
        Some(id) => Ok(vec![find(settings, id)?]),
        None => Ok(settings.integrations.iter().collect()),
    }
}

fn find<'a>(settings: &'a Settings, id: &str) -> Result<&'a IntegrationSettings, Failure> {
    let found = settings.integrations.iter().find(|integration| integration.rules.id == id);
    found.ok_or_else(|| {
        let known: Vec<&str> =
            settings.integrations.iter().map(|known| known.rules.id.as_str()).collect();
        let known = names(&known);
        Failure::Usage(format!("no integration {id:?} is configured; configured: {known}"))
    })
}

/// The way of one integration, which is among the settings'.
///
/// # Errors
/// As for [`open`].
pub(super) async fn connect<'a>(
    settings: &'a Settings,
    integration: &'a IntegrationSettings,
) -> anyhow::Result<SiteAccess<'a>> {
    let access = prepare(settings, integration).await?;
    access.heed_pause().await?;
    Ok(access)
}

async fn prepare<'a>(
    settings: &'a Settings,
    integration: &'a IntegrationSettings,
) -> anyhow::Result<SiteAccess<'a>> {
    let prefix = &settings.redis.key_prefix;
    let store = Arc::new(Store::new(&settings.redis).context("redis.url cannot be used")?);
    let redis = store.pool();
    let sealer = Arc::new(Sealer::new(settings.secrets_key.expose_secret()));
    check_key(&redis, prefix, &sealer).await.map_err(|error| match error {
        KeyCheckError::WrongKey => anyhow!(error),
        KeyCheckError::Redis(error) => anyhow!("{error}; {}", advice::REDIS),
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
    let lookup = Lookup::through(Arc::clone(&store), prefix);
    let last_errors = LastErrors::new(Arc::clone(&store), prefix);
    let guard = Arc::new(OtpGuard::new(store, prefix, Arc::clone(&sealer)));
    let activations = ActivationStore::new(redis.clone(), prefix, sealer);
    Ok(SiteAccess { integration, site, activations, guard, last_errors, redis, lookup })
}

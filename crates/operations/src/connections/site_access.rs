//! Access to the site of one integration at Salto, with the tokens and activations in Redis.

use std::sync::Arc;

use anyhow::anyhow;
use config::integration_ids;
use consumer::{IntegrationSettings, LastErrors, Lookup, OtpGuard, Settings};
use redis_pool::Pool;
use salto::{ActivationStore, CallError, Cause, KeyCheckError, Site, check_key};

use super::{advice, pause, shared_connections::SharedConnections, visible_sites::visible_sites};
use crate::{Observer, OperationError, integration::not_configured};

/// What an operation about the site of an integration uses.
pub struct SiteAccess<'a> {
    /// The integration.
    pub integration: &'a IntegrationSettings,
    /// Its site at Salto.
    pub site: Site,
    /// The stored activations.
    pub activations: ActivationStore,
    /// The results of one-time passwords.
    pub otp_guard: Arc<OtpGuard>,
    /// The last error of each IQ.
    pub last_errors: LastErrors,
    /// The connections to Redis.
    pub redis: Pool,
    /// Who is told of warnings.
    pub observer: &'a dyn Observer,
    lookup: Lookup,
}

impl SiteAccess<'_> {
    /// Salto's answer; an error gets the advice for it.
    ///
    /// # Errors
    /// That of the call.
    pub async fn with_advice<T>(&self, answer: Result<T, CallError>) -> anyhow::Result<T> {
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.error_with_advice(&error).await),
        }
    }

    /// The error of a call with the advice for it.
    pub async fn error_with_advice(&self, error: &CallError) -> anyhow::Error {
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
    pub async fn share_pause(&self, error: &CallError) {
        pause::share(&self.lookup, self.site.integration_id(), error, self.observer).await;
    }

    /// Fails where the integration was changed or removed after its settings were read; for operations that wait
    /// for input meanwhile, and then open a door.
    ///
    /// # Errors
    /// It was, or Redis does not answer.
    pub async fn refuse_where_changed(&self) -> anyhow::Result<()> {
        let Some(version) = self.integration.stored_version else { return Ok(()) };
        match self.lookup.stored_version(self.site.integration_id()).await? {
            Some(stored) if stored == version => Ok(()),
            Some(_) | None => Err(anyhow!("the integration was changed meanwhile: run it again")),
        }
    }

    /// Fails while Salto has asked for a pause; for operations that wait for input meanwhile.
    ///
    /// # Errors
    /// There is a pause, or Redis does not answer.
    pub async fn refuse_while_paused(&self) -> anyhow::Result<()> {
        pause::refuse_while_paused(&self.lookup, self.site.integration_id()).await
    }
}

/// Opens the access by the id of the integration.
///
/// # Errors
/// The integration is not configured, Redis does not answer, `secrets.key` is not the key of its
/// secrets, or Salto has asked for a pause.
pub async fn open<'a>(
    settings: &'a Settings,
    integration_id: &str,
    observer: &'a dyn Observer,
) -> Result<SiteAccess<'a>, OperationError> {
    let integration = find(settings, integration_id)?;
    Ok(open_integration(settings, integration, observer).await?)
}

/// As [`open`], for operations that read stored data only and send Salto no call.
///
/// # Errors
/// As for [`open`], but a pause does not matter.
pub async fn open_stored<'a>(
    settings: &'a Settings,
    integration_id: &str,
    observer: &'a dyn Observer,
) -> Result<SiteAccess<'a>, OperationError> {
    let integration = find(settings, integration_id)?;
    Ok(prepare(settings, integration, observer).await?)
}

/// The integration of that id; all of them where there is no id.
///
/// # Errors
/// There is none of that id.
pub fn selected_integrations<'a>(
    settings: &'a Settings,
    integration_id: Option<&str>,
) -> Result<Vec<&'a IntegrationSettings>, OperationError> {
    match integration_id {
        Some(id) => Ok(vec![find(settings, id)?]),
        None => Ok(settings.integrations.iter().collect()),
    }
}

fn find<'a>(settings: &'a Settings, id: &str) -> Result<&'a IntegrationSettings, OperationError> {
    let found = settings.integrations.iter().find(|integration| integration.rules.id == id);
    found.ok_or_else(|| not_configured(id, &integration_ids(settings)))
}

/// Opens the access to the site of one of the configured integrations.
///
/// # Errors
/// As for [`open`].
pub async fn open_integration<'a>(
    settings: &'a Settings,
    integration: &'a IntegrationSettings,
    observer: &'a dyn Observer,
) -> anyhow::Result<SiteAccess<'a>> {
    let access = prepare(settings, integration, observer).await?;
    access.refuse_while_paused().await?;
    Ok(access)
}

async fn prepare<'a>(
    settings: &'a Settings,
    integration: &'a IntegrationSettings,
    observer: &'a dyn Observer,
) -> anyhow::Result<SiteAccess<'a>> {
    let connections = SharedConnections::new(settings, observer)?;
    let SharedConnections { redis, sealer, .. } = &connections;
    check_key(redis, connections.key_prefix(), sealer).await.map_err(|error| match error {
        KeyCheckError::WrongKey => anyhow!(error),
        KeyCheckError::Redis(error) => anyhow!("{error}; {}", advice::REDIS_UNUSABLE),
    })?;
    let site = connections.site(integration);
    let site = site.ok_or_else(|| anyhow!("no environment {:?}", integration.environment))?;
    let SharedConnections { redis, lookup, otp_guard, last_errors, activations, .. } = connections;
    Ok(SiteAccess {
        integration,
        site,
        activations,
        otp_guard,
        last_errors,
        redis,
        observer,
        lookup,
    })
}

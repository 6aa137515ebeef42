//! Removes the stored activation of an IQ.

use anyhow::{Context, anyhow, bail};
use consumer::IqRef;
use salto::{ActivationState, activation::Stored};

use crate::{connections::site_access::SiteAccess, text::join_or_none};

/// The stored activation of an IQ, which is to be removed.
pub struct StoredActivation<'a> {
    access: &'a SiteAccess<'a>,
    /// The id of the IQ.
    pub iq: String,
    stored: Stored,
}

impl<'a> StoredActivation<'a> {
    /// Finds it by the id of the IQ. Salto is not asked.
    ///
    /// # Errors
    /// Nothing is stored for this IQ, or Redis does not answer.
    pub async fn find(access: &'a SiteAccess<'a>, iq: &str) -> anyhow::Result<Self> {
        let stored = access.activations.list(access.site.integration_id()).await;
        let stored = stored.context("the stored activations cannot be read")?;
        let (iq, stored) = find(stored, iq)?;
        Ok(Self { access, iq, stored })
    }

    /// Its state.
    pub fn state(&self) -> ActivationState {
        self.stored.activation.state
    }

    /// Removes it, with the last error of the IQ.
    ///
    /// # Errors
    /// It was changed since it was found, or Redis does not answer.
    pub async fn remove(&self) -> anyhow::Result<()> {
        let Self { access, iq, stored } = self;
        let integration_id = access.site.integration_id();
        let removed = access.activations.remove(integration_id, iq, stored).await;
        if !removed.context("the activation cannot be removed")? {
            bail!(
                "another command changed this IQ's activation at the same time, and nothing was removed; \
                 check `postern iq list`, and run this command again"
            );
        }
        let iq = IqRef { integration_id, iq_id: iq };
        access.last_errors.forget(iq).await.context("the last error of the IQ cannot be removed")
    }
}

/// The stored record of the IQ, which need not be in Salto's list.
fn find(stored: Vec<(String, Stored)>, wanted: &str) -> anyhow::Result<(String, Stored)> {
    let existing: Vec<String> = stored.iter().map(|(iq, _)| iq.clone()).collect();
    stored.into_iter().find(|(iq, _)| iq.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let existing = join_or_none(&existing);
        anyhow!("nothing is stored for IQ {wanted:?}; there are records of: {existing}")
    })
}

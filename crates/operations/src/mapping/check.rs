//! Reads what the mapping is compared with.

use anyhow::Context;

use super::{analysis::analyse, finding::MappingFinding};
use crate::{connections::site_access::SiteAccess, iqs::iq_overviews};

/// The findings about the mapping of the integration, the broken ones first.
///
/// # Errors
/// Salto does not list the locks or IQs, or Redis does not answer.
pub async fn check_mapping(access: &SiteAccess<'_>) -> anyhow::Result<Vec<MappingFinding>> {
    let locks = access
        .with_advice(access.site.locks().await)
        .await
        .context("the locks cannot be listed")?;
    let iqs = iq_overviews(access).await?;
    Ok(analyse(&access.integration.rules, &locks, &iqs))
}

//! What Salto says of an integration, asked now: whether its account works, the sites that it sees, and the locks.

use std::time::Duration;

use axum::{Json, extract::State};
use operations::{
    checks::{Deadline, Finding, IntegrationFindings, Level, check_integration},
    connections::{shared_connections::SharedConnections, site_access},
    site::{LockReport, SiteLocks, SiteReport, account_sites, site_locks},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::operation::{Notes, failed, to_its_end};
use crate::{
    access::caller::Caller, app::App, doors::lock_text, extract::PathParameters, problem::Problem,
};

/// The time of all calls of a test together.
const LIMIT: Duration = Duration::from_secs(30);

/// What a test of the access found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessTest {
    /// Whether nothing is broken.
    pub(crate) works: bool,
    /// What was checked: the sign-in, the site, the rights, the IQs, the mapping, the doors.
    pub(crate) findings: Vec<Finding>,
}

/// The locks of a site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LockList {
    /// In the order of Salto's list.
    pub(crate) locks: Vec<LockReport>,
    /// The locks that the mapping names, by id or name, and the site does not have.
    pub(crate) missing: Vec<String>,
    /// What there is to know about the list.
    pub(crate) notes: Vec<String>,
}

/// The sites that an account can see.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteList {
    /// In the order of Salto's list.
    pub(crate) sites: Vec<SiteReport>,
    /// What there is to know about the list.
    pub(crate) notes: Vec<String>,
}

pub(crate) async fn test_access(
    State(app): State<App>,
    caller: Caller,
    PathParameters(integration): PathParameters<String>,
) -> Result<Json<AccessTest>, Problem> {
    let settings = app.integration(&integration)?;
    caller.record(&app, "test-access", &integration, None).await?;
    to_its_end(async move {
        let (notes, snapshot) = (Notes::default(), app.snapshot());
        let connections = SharedConnections::new(&snapshot.settings, &notes);
        let connections = connections.map_err(|error| failed(&error))?;
        let deadline = Deadline::after(LIMIT);
        let IntegrationFindings { findings, .. } =
            check_integration(&connections, &settings, deadline).await;
        let works = findings.iter().all(|finding| finding.level != Level::Broken);
        Ok(Json(AccessTest { works, findings }))
    })
    .await
}

pub(crate) async fn locks(
    State(app): State<App>,
    PathParameters(integration): PathParameters<String>,
) -> Result<Json<LockList>, Problem> {
    Ok(Json(listed_locks(&app, &integration).await?))
}

/// The locks of the site.
pub(crate) async fn listed_locks(app: &App, integration: &str) -> Result<LockList, Problem> {
    app.integration(integration)?;
    let (notes, snapshot) = (Notes::of_a_look(), app.snapshot());
    let access = site_access::open(&snapshot.settings, integration, &notes).await?;
    let SiteLocks { locks, missing } = site_locks(&access).await.map_err(|error| failed(&error))?;
    let missing = missing.iter().map(lock_text).collect();
    Ok(LockList { locks, missing, notes: notes.taken() })
}

pub(crate) async fn sites(
    State(app): State<App>,
    PathParameters(integration): PathParameters<String>,
) -> Result<Json<SiteList>, Problem> {
    app.integration(&integration)?;
    let (notes, snapshot) = (Notes::of_a_look(), app.snapshot());
    let access = site_access::open(&snapshot.settings, &integration, &notes).await?;
    let sites = account_sites(&access).await.map_err(|error| failed(&error))?;
    Ok(Json(SiteList { sites, notes: notes.taken() }))
}

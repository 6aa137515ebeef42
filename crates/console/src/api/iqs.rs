//! The IQs of an integration.

use axum::{Json, extract::State};
use operations::{
    connections::site_access,
    iqs::{IqReport, iq_reports},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::operation::{Notes, failed};
use crate::{app::App, extract::PathParameters, problem::Problem};

/// The IQs of a site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IqList {
    /// In the order of Salto's list, then those that only postern has stored.
    pub(crate) iqs: Vec<IqReport>,
    /// What there is to know about the list.
    pub(crate) notes: Vec<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    PathParameters(integration): PathParameters<String>,
) -> Result<Json<IqList>, Problem> {
    Ok(Json(listed(&app, &integration).await?))
}

/// The IQs of the site.
pub(crate) async fn listed(app: &App, integration: &str) -> Result<IqList, Problem> {
    app.integration(integration)?;
    let notes = Notes::of_a_look();
    let snapshot = app.snapshot();
    let access = site_access::open(&snapshot.settings, integration, &notes).await?;
    let iqs = iq_reports(&access).await.map_err(|error| failed(&error))?;
    Ok(IqList { iqs, notes: notes.taken() })
}

//! Openings of a door by a person.

use axum::{Json, extract::State};
use operations::{
    connections::site_access,
    opening::{EndedOpening, OpenedBy, OpeningResult, Reason, TestOpening},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::operation::{Notes, failed, to_its_end};
use crate::{
    access::caller::Caller,
    app::App,
    extract::{JsonBody, PathParameters},
    problem::Problem,
};

/// Why a door is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenDoor {
    /// Why, on one line, for the audit.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) reason: String,
    /// Also while the user is blocked, or where one more rejection could block it.
    #[serde(default)]
    pub(crate) force: bool,
}

/// Sends one command. The line of the audit has the caller's name and the reason.
pub(crate) async fn open(
    State(app): State<App>,
    caller: Caller,
    PathParameters((integration, lock)): PathParameters<(String, String)>,
    JsonBody(OpenDoor { reason, force }): JsonBody<OpenDoor>,
) -> Result<Json<OpeningResult>, Problem> {
    app.integration(&integration)?;
    if Reason::new(&reason).is_none() {
        return Err(Problem::bad_request(format!("the reason {}", Reason::RULE)));
    }
    to_its_end(async move {
        let notes = Notes::default();
        let reason = Reason::new(&reason).ok_or_else(Problem::internal)?;
        let snapshot = app.snapshot();
        let access = site_access::open(&snapshot.settings, &integration, &notes).await?;
        let opening = TestOpening::prepare(&access, &snapshot.settings, &lock).await;
        let opening = opening.map_err(|error| failed(&error))?;
        let by = OpenedBy { operator: &caller.name, reason, force };
        let ended = opening.open(by).await.map_err(|error| failed(&error))?;
        let EndedOpening { result, audited } = ended;
        if let Err(error) = audited {
            tracing::error!(%error, notes = ?notes.taken(), "console: audit line not written");
        }
        Ok(Json(result))
    })
    .await
}

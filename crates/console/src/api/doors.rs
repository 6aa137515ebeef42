//! Doors.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{access::caller::Caller, app::App, doors, extract::PathParameters, problem::Problem};

/// The doors of an integration.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DoorList {
    /// In the order of their objects.
    doors: Vec<DoorItem>,
}

/// A door, with what postern knows of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DoorItem {
    /// The object; null for the lock of all objects that are not mapped.
    object_id: Option<String>,
    /// The lock's id, or its name at Salto.
    lock: String,
    /// The outcome of the newest command or failure there: `opened` or `failed`; null where there was none.
    last_outcome: Option<&'static str>,
    /// Its reason, where it failed.
    last_reason: Option<String>,
    /// The reason in plain words.
    last_detail: Option<String>,
    /// When that was.
    last_at: Option<DateTime<Utc>>,
    /// The newest opening.
    opened_at: Option<DateTime<Utc>>,
    /// Whether Salto's own record shows that opening, as far as it was looked for.
    confirmed: bool,
}

impl From<doors::Door> for DoorItem {
    fn from(door: doors::Door) -> Self {
        let last = door.last.as_ref();
        Self {
            last_outcome: last.map(|it| it.outcome.code()),
            last_reason: last.and_then(|it| it.reason.clone()),
            last_detail: last.and_then(|it| it.detail.clone()),
            last_at: last.map(|it| it.at),
            opened_at: door.opened.as_ref().map(|it| it.at),
            confirmed: door.confirmed,
            object_id: door.object_id,
            lock: door.lock,
        }
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    PathParameters(integration): PathParameters<String>,
) -> Result<Json<DoorList>, Problem> {
    let found = doors::of(&app, &caller, &app.integration(&integration)?).await?;
    Ok(Json(DoorList { doors: found.into_iter().map(DoorItem::from).collect() }))
}

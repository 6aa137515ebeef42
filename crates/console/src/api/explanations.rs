//! Explanations: why a door opened or did not open, or whether it would open now.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use operations::{
    connections::shared_connections::SharedConnections,
    explain::{
        BookingSelection, Explanation, FoundSources, RequestSelection, Selection, sources_of,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::operation::{Notes, failed};
use crate::{
    access::caller::Caller,
    app::App,
    extract::{PathParameters, QueryParameters},
    problem::Problem,
};

/// What is asked about a booking.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct BookingQuery {
    /// Which of the booked objects.
    object: Option<String>,
    /// The time for which the rules are evaluated; now where it is left out.
    at: Option<DateTime<Utc>>,
}

/// What is asked about a request.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestQuery {
    /// The source of its event; where it is left out, the stored outcomes are searched for it.
    source: Option<String>,
    /// The time for which the rules are evaluated; when the request was answered where it is left out.
    at: Option<DateTime<Utc>>,
}

pub(crate) async fn of_booking(
    State(app): State<App>,
    PathParameters((integration_id, booking_id)): PathParameters<(String, String)>,
    QueryParameters(BookingQuery { object, at }): QueryParameters<BookingQuery>,
) -> Result<Json<Explanation>, Problem> {
    app.integration(&integration_id)?;
    let booking = Some(BookingSelection { integration_id, booking_id });
    explain(&app, Selection { request: None, booking, object, at }).await.map(Json)
}

pub(crate) async fn of_request(
    State(app): State<App>,
    caller: Caller,
    PathParameters(id): PathParameters<String>,
    QueryParameters(query): QueryParameters<RequestQuery>,
) -> Result<Json<Explanation>, Problem> {
    Ok(Json(explain_request(&app, &caller, &id, query).await?))
}

/// The explanation of a request that the caller may see.
pub(crate) async fn explain_request(
    app: &App,
    caller: &Caller,
    id: &str,
    RequestQuery { source, at }: RequestQuery,
) -> Result<Explanation, Problem> {
    let source = match source {
        Some(source) => source,
        None => find_source(app, caller, id).await?,
    };
    let request = Some(RequestSelection { source, id: id.to_owned() });
    let explained = explain(app, Selection { request, booking: None, object: None, at }).await;
    let explained = explained.map_err(|problem| match problem.status() {
        // In the same words as one that the caller may not see.
        StatusCode::NOT_FOUND => unknown_request(id),
        _ => problem,
    })?;
    // A request without an outcome does not say whose it is.
    let is_seen = match &explained.booking {
        Some(booking) => caller.grant.covers(&booking.integration_id),
        None => caller.grant.integrations.is_none(),
    };
    if is_seen { Ok(explained) } else { Err(unknown_request(id)) }
}

async fn explain(app: &App, selection: Selection) -> Result<Explanation, Problem> {
    let (notes, snapshot) = (Notes::of_a_look(), app.snapshot());
    let connections = SharedConnections::new(&snapshot.settings, &notes);
    let connections = connections.map_err(|error| failed(&error))?;
    Ok(Explanation::of(&snapshot.settings, &connections, selection).await?)
}

/// The source of a request, where exactly one has an outcome of this id.
async fn find_source(app: &App, caller: &Caller, id: &str) -> Result<String, Problem> {
    let FoundSources { sources, complete } = sources_of(&app.lookup, id).await?;
    match sources.as_slice() {
        [source] => Ok(source.clone()),
        [] if complete => Err(unknown_request(id)),
        several if several.is_empty() || caller.grant.integrations.is_some() => {
            Err(Problem::bad_request("give the source of the request's event"))
        }
        several => Err(Problem::bad_request(format!(
            "several requests have the id {id:?}: give the source, one of {}",
            several.join(", ")
        ))),
    }
}

fn unknown_request(id: &str) -> Problem {
    Problem::not_found(format!("there is no record of a request {id:?} that you may see"))
}

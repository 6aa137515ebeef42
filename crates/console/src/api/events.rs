//! The stream of answers and actions, as they are written to the audit.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use consumer::audit::AuditEntry;
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa::IntoParams;

use super::{
    audit::AuditLine,
    listener::{CHECK_EVERY, Listener},
};
use crate::{
    access::caller::Caller,
    app::App,
    audit_search::{check_readable, may_see},
    extract::QueryParameters,
    problem::Problem,
};

/// The most streams at a time.
const MOST: usize = 200;

/// Which lines are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EventFilter {
    /// Only lines about this integration.
    integration: Option<String>,
}

struct Listening {
    listener: Listener,
    integration: Option<String>,
    lines: Receiver<Arc<AuditEntry>>,
}

pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    QueryParameters(EventFilter { integration }): QueryParameters<EventFilter>,
) -> Result<Response, Problem> {
    check_readable(&app)?;
    if app.feed.listeners() >= MOST {
        let detail = format!("{MOST} streams are open already, which is the most");
        return Err(Problem::unavailable("busy", detail).retry_after(30));
    }
    let lines = app.feed.listen();
    let listening = Listening { listener: Listener::new(app, caller), integration, lines };
    let keep_alive = KeepAlive::new().interval(CHECK_EVERY);
    Ok(Sse::new(events(listening)).keep_alive(keep_alive).into_response())
}

fn events(listening: Listening) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(listening, async |mut listening| {
        let event = listening.next().await?;
        Some((Ok(event), listening))
    })
}

impl Listening {
    /// The next event; none where the console stops, or the caller may no longer listen.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let received = self.listener.next(self.lines.recv()).await?;
            match received {
                Ok(entry) if self.is_wanted(&entry) => {
                    let (id, line) = (entry.id.to_string(), AuditLine::from((*entry).clone()));
                    return Event::default().event("line").id(id).json_data(line).ok();
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    return Some(Event::default().event("missed").data(missed.to_string()));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn is_wanted(&self, entry: &AuditEntry) -> bool {
        let wanted = self.integration.as_ref().filter(|id| !id.is_empty());
        wanted.is_none_or(|id| *id == entry.integration_id) && may_see(&self.listener.caller, entry)
    }
}

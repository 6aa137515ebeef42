//! The stream of answers and actions, as they are written to the audit.

use std::{convert::Infallible, sync::Arc, time::Duration};

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
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Interval, MissedTickBehavior, interval},
};
use utoipa::IntoParams;

use super::audit::AuditLine;
use crate::{
    access::caller::Caller,
    app::App,
    audit_search::{check_readable, may_see},
    extract::QueryParameters,
    problem::Problem,
};

/// The most streams at a time.
const MOST: usize = 200;
/// How often it is checked that the caller may still listen.
pub(super) const CHECK_EVERY: Duration = Duration::from_secs(15);

/// Which lines are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EventFilter {
    /// Only lines about this integration.
    integration: Option<String>,
}

struct Listening {
    app: App,
    caller: Caller,
    integration: Option<String>,
    lines: Receiver<Arc<AuditEntry>>,
    check: Interval,
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
    let mut check = interval(CHECK_EVERY);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check.reset();
    let lines = app.feed.listen();
    let listening = Listening { app, caller, integration, lines, check };
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
            let stop = self.app.stop.clone();
            let received = tokio::select! {
                () = stop.cancelled() => return None,
                _ = self.check.tick() => {
                    if !self.caller.is_signed_in(&self.app).await {
                        return None;
                    }
                    continue;
                }
                received = self.lines.recv() => received,
            };
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
        wanted.is_none_or(|id| *id == entry.integration_id) && may_see(&self.caller, entry)
    }
}

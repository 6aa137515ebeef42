//! `GET /control/events`: new records as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use crate::cloud::Cloud;
use crate::records::NewRecord;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn events(
    State(cloud): State<Arc<Cloud>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let events = stream::unfold(cloud.subscribe(), |mut subscription| async move {
        let event = match subscription.recv().await {
            Ok(NewRecord::Command(command)) => event("command", &command),
            Ok(NewRecord::Opening(opening)) => event("opening", &opening),
            Ok(NewRecord::Mail(mail)) => event("mail", &mail),
            Ok(NewRecord::Change) => event("change", &json!({})),
            Err(RecvError::Lagged(missed)) => event("missed", &missed),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), subscription))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn event<T: Serialize>(name: &str, data: &T) -> Event {
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}

//! Salto's event stream of one site: the openings by the system user, as they happen (`docs/salto-ks.md`,
//! The event stream).

mod connection;
mod hub_protocol;
mod negotiation;

use std::fmt;
use std::time::Duration;

use chrono::Utc;
use tokio::time::{Instant, timeout_at};

use self::connection::Connection;
use self::hub_protocol::HubMessage;
use super::Site;
use super::calls::SiteCalls;
use super::entry::{Entry, EntryFilter, Row};
use crate::environment::url::below;
use crate::error::{CallError, Cause};

/// A subscription to the openings by the system user. Dropping it ends the connection.
pub struct EventStream {
    connection: Connection,
    filter: EntryFilter,
    /// From then on another token is to be used.
    renew_at: Instant,
}

/// What the stream says.
#[derive(Debug, PartialEq, Eq)]
pub enum StreamNews {
    /// Openings.
    Entries(Vec<Entry>),
    /// The token is about to expire: subscribe again.
    TokenExpires,
}

impl Site {
    /// Subscribes to the openings by the system user, as they happen.
    ///
    /// # Errors
    /// A call failed; or [`Cause::Forbidden`], where the environment has no event stream or the account may
    /// not read it.
    pub async fn event_stream(&self) -> Result<EventStream, CallError> {
        EventStream::open(&self.calls).await
    }
}

impl EventStream {
    async fn open(calls: &SiteCalls) -> Result<Self, CallError> {
        let environment = &calls.client.environment;
        let Some(events_url) = &environment.events_url else {
            return Err(CallError::new(Cause::Forbidden, "the environment has no events_url"));
        };
        let filter = calls.entry_filter().await?;
        let site = calls.site_id().await?.to_string();
        let mut hub = below(events_url, &["v1", "hub", "entries"]);
        hub.query_pairs_mut().append_pair("site_id", &site).append_pair("user_id", &filter.user_id);
        // A token that is due for renewal would not serve for long.
        let token = match calls.tokens.get().await? {
            token if Utc::now() < token.refresh_at() => token,
            _ => calls.tokens.renew().await?,
        };
        let opened = async {
            let endpoint = negotiation::negotiate(&calls.client, hub, token.header()).await?;
            Connection::open(endpoint).await
        };
        let connection = opened.await.inspect_err(|error| {
            if error.cause == Cause::TokenRejected {
                calls.tokens.reject(&token);
            }
        })?;
        let left = (token.refresh_at() - Utc::now()).to_std().unwrap_or(Duration::ZERO);
        Ok(Self { connection, filter, renew_at: Instant::now() + left })
    }

    /// What the stream says next.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn next(&mut self) -> Result<StreamNews, CallError> {
        loop {
            let Ok(text) = timeout_at(self.renew_at, self.connection.text()).await else {
                return Ok(StreamNews::TokenExpires);
            };
            let mut entries = Vec::new();
            for record in hub_protocol::records(&text?) {
                match hub_protocol::read_message(record) {
                    HubMessage::Rows(rows) => {
                        entries
                            .extend(rows.iter().filter_map(|row| self.filter.read(&Row::of(row)?)));
                    }
                    HubMessage::Close(detail) => {
                        return Err(CallError::new(Cause::Unavailable, detail));
                    }
                    HubMessage::Other => {}
                }
            }
            if !entries.is_empty() {
                return Ok(StreamNews::Entries(entries));
            }
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}

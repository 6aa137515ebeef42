//! The booking system in front of postern, for trials: it books doors and rings at them by events over RabbitMQ, and hears
//! the answers. What it publishes is described in `docs/publishing.md`.

mod answer;
mod error;
mod event;
mod rings;
mod session;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::Utc;
use futures_util::StreamExt;
use lapin::Consumer;
use serde_json::Value;
use url::Url;

use self::answer::answer_of;
pub(crate) use self::error::BookingSystemError;
use self::error::PATIENCE;
use self::event::OutgoingEvent;
pub(crate) use self::event::{BookingRequest, RingRequest};
pub(crate) use self::rings::DoorRing;
use self::session::BrokerSession;
use crate::cloud::Cloud;
use crate::records::NewRecord;

/// The newest rings are kept.
const KEPT_RINGS: usize = 50;

/// Where the events go.
#[derive(Clone)]
pub struct BookingSystemSettings {
    broker_url: String,
    integration: String,
}

/// A broker's URL that cannot be used. The URL may hold a password and is not shown.
#[derive(Debug, thiserror::Error)]
pub enum BrokerUrlError {
    /// It is no URL.
    #[error("the broker's URL cannot be read: {0}")]
    Unreadable(#[from] url::ParseError),
    /// Another scheme than `amqp`.
    #[error("the broker's URL must begin with amqp://, not {0}://")]
    Scheme(String),
}

impl BookingSystemSettings {
    /// `integration` is the id that the page's form begins with.
    ///
    /// # Errors
    /// The URL is none, or not one of AMQP without TLS.
    pub fn new(broker_url: &str, integration: &str) -> Result<Self, BrokerUrlError> {
        let url = Url::parse(broker_url)?;
        if url.scheme() != "amqp" {
            return Err(BrokerUrlError::Scheme(url.scheme().to_owned()));
        }
        Ok(Self { broker_url: broker_url.to_owned(), integration: integration.to_owned() })
    }
}

pub(crate) struct BookingSystem {
    pub(crate) cloud: Arc<Cloud>,
    settings: Option<BookingSystemSettings>,
    /// The one connection, made when it is needed: the exchanges are there only once a worker has run.
    session: tokio::sync::Mutex<Option<BrokerSession>>,
    rings: Mutex<VecDeque<DoorRing>>,
    form: Mutex<BookingRequest>,
}

impl BookingSystem {
    pub(crate) fn new(cloud: Arc<Cloud>, settings: Option<BookingSystemSettings>) -> Self {
        let mut form = BookingRequest::default();
        if let Some(settings) = &settings {
            form.integration.clone_from(&settings.integration);
        }
        Self {
            cloud,
            settings,
            session: tokio::sync::Mutex::default(),
            rings: Mutex::default(),
            form: Mutex::new(form),
        }
    }

    /// Whether it can publish.
    pub(crate) fn has_broker(&self) -> bool {
        self.settings.is_some()
    }

    /// What the page's form holds: what it was sent with last.
    pub(crate) fn form(&self) -> BookingRequest {
        lock(&self.form).clone()
    }

    pub(crate) fn remember_form(&self, form: &BookingRequest) {
        lock(&self.form).clone_from(form);
    }

    /// The newest rings, oldest first.
    pub(crate) fn rings(&self) -> Vec<DoorRing> {
        lock(&self.rings).iter().cloned().collect()
    }

    /// Publishes the state of a booking, and returns the id of the event.
    pub(crate) async fn book(
        self: &Arc<Self>,
        request: &BookingRequest,
    ) -> Result<String, BookingSystemError> {
        let event = request.event(Utc::now()).map_err(BookingSystemError::NotValid)?;
        self.publish(&event).await?;
        Ok(event.id)
    }

    /// Publishes a request to open a door, and returns its id.
    pub(crate) async fn ring(
        self: &Arc<Self>,
        request: &RingRequest,
    ) -> Result<String, BookingSystemError> {
        let event = request.event(Utc::now()).map_err(BookingSystemError::NotValid)?;
        // Before the event, so that no answer comes before its ring.
        self.add_ring(DoorRing::new(&event.id, request));
        if let Err(error) = self.publish(&event).await {
            lock(&self.rings).retain(|ring| ring.id != event.id);
            return Err(error);
        }
        Ok(event.id)
    }

    fn add_ring(&self, ring: DoorRing) {
        let mut rings = lock(&self.rings);
        rings.push_back(ring);
        while rings.len() > KEPT_RINGS {
            rings.pop_front();
        }
    }

    async fn publish(self: &Arc<Self>, event: &OutgoingEvent) -> Result<(), BookingSystemError> {
        let settings = self.settings.as_ref().ok_or(BookingSystemError::NoBroker)?;
        let publishing = async {
            let mut slot = self.session.lock().await;
            let session = match slot.take().filter(BrokerSession::is_open) {
                Some(session) => session,
                None => {
                    let (session, answers) = BrokerSession::open(&settings.broker_url).await?;
                    tokio::spawn(listen(answers, Arc::downgrade(self)));
                    session
                }
            };
            slot.insert(session).publish(event).await
        };
        tokio::time::timeout(PATIENCE, publishing).await.map_err(|_| BookingSystemError::Silent)?
    }

    /// An event of postern: where it is the answer to a ring, the ring gets it.
    fn hear(&self, event: &Value) {
        let Some((id, answer)) = answer_of(event) else { return };
        let mut rings = lock(&self.rings);
        let Some(ring) = rings.iter_mut().find(|ring| ring.id == id) else { return };
        ring.answer = Some(answer);
        drop(rings);
        self.cloud.publish(NewRecord::Change);
    }
}

/// Ends with the connection, or with the booking system.
async fn listen(mut answers: Consumer, booking_system: Weak<BookingSystem>) {
    while let Some(Ok(delivery)) = answers.next().await {
        let Some(booking_system) = booking_system.upgrade() else { return };
        if let Ok(event) = serde_json::from_slice(&delivery.data) {
            booking_system.hear(&event);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

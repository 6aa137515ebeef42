//! The predicted result of a replay of a dead letter.

use anyhow::Context;
use chrono::{DateTime, Utc};
use config::BrokerConfig;
use consumer::{BookingStored, Lookup, Routing, Settings, StoreError};
use events::{
    BookingStatus, DecodeError, Event, InboundData, OpenRequest, Outbound, OutboundData,
    RefusedMessage, decode_booking_status, decode_open_request, names,
};
use publisher::{Message, ReceivedMessage};
use rules::Decision;
use serde::Serialize;
use utoipa::ToSchema;

/// The predicted result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PredictedResult {
    /// The state of the booking would be stored, or the door would be opened.
    WillApply,
    /// A newer state of the booking is stored, or the same one.
    OlderRevision,
    /// The request has expired; nothing would be opened.
    Expired,
    /// It would be a dead letter again.
    StillMalformed,
    /// The answer to the request would be published again; nothing would be opened.
    OutcomeKnown,
    /// The rules would reject the request; nothing would be opened.
    WillBeRejected,
    /// Its original queue is not known.
    CannotReplay,
    /// Redis does not answer.
    Unknown,
}

/// The predicted result, with the reason for it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Prediction {
    /// The result.
    #[serde(rename = "prediction")]
    pub result: PredictedResult,
    /// The reason for it, as text.
    #[serde(rename = "prediction_detail")]
    pub detail: String,
}

/// Predicts results from the data in Redis and the configuration.
pub(super) struct Predictor<'a> {
    routing: Routing,
    /// What decides about a valid event; none where the configuration is not complete.
    state: Option<KnownState<'a>>,
    /// Why Redis did not answer once: it is not asked for each of many letters then.
    away: Option<String>,
}

/// What decides about a valid event.
struct KnownState<'a> {
    lookup: Lookup,
    settings: &'a Settings,
}

impl<'a> Predictor<'a> {
    pub(super) fn new(config: &'a BrokerConfig) -> anyhow::Result<Self> {
        let state = |settings: &'a Settings| {
            let lookup = Lookup::new(&settings.redis)
                .context("redis.url or redis.sentinels cannot be used")?;
            anyhow::Ok(KnownState { lookup, settings })
        };
        let state = config.complete.as_ref().map(state).transpose()?;
        Ok(Self { routing: config.broker.routing, state, away: None })
    }

    /// The predicted result of a replay of `letter`.
    pub(super) async fn predict(
        &mut self,
        letter: &ReceivedMessage,
        now: DateTime<Utc>,
    ) -> Prediction {
        let message = match Message::replay(letter, None) {
            Ok(message) => message,
            Err(error) => return PredictedResult::CannotReplay.because(error.to_string()),
        };
        let predicted = if message.routing_key == names::BOOKING_STATUS_QUEUE {
            match self.routed(decode_booking_status(letter.content(), now), letter) {
                Ok(status) => match self.known_state() {
                    Ok(state) => state.booking(&status).await,
                    Err(why) => Ok(PredictedResult::Unknown.because(why)),
                },
                Err(error) => Ok(malformed(&error)),
            }
        } else {
            match self.routed(decode_open_request(letter.content(), now), letter) {
                Ok(request) => match self.known_state() {
                    Ok(state) => state.request(&request, now).await,
                    Err(why) => Ok(PredictedResult::Unknown.because(why)),
                },
                Err(error) => Ok(malformed(&error)),
            }
        };
        predicted.unwrap_or_else(|error| {
            let why = error.to_string();
            if matches!(error, StoreError::Away(_)) {
                self.away = Some(why.clone());
            }
            PredictedResult::Unknown.because(why)
        })
    }

    /// What decides about a valid event, or why it is not known.
    fn known_state(&self) -> Result<&KnownState<'a>, String> {
        match (&self.state, &self.away) {
            (_, Some(why)) => Err(why.clone()),
            (Some(state), None) => Ok(state),
            (None, None) => {
                Err("a prediction needs the whole configuration: see `postern check-config`"
                    .to_owned())
            }
        }
    }

    /// The event, where the routing key of its first arrival may be what it is.
    fn routed<T: InboundData>(
        &self,
        event: Result<Event<T>, DecodeError>,
        letter: &ReceivedMessage,
    ) -> Result<Event<T>, RefusedMessage> {
        let event = event?;
        self.routing.check(&event, letter)?;
        Ok(event)
    }
}

impl KnownState<'_> {
    async fn booking(&self, status: &Event<BookingStatus>) -> Result<Prediction, StoreError> {
        Ok(match self.lookup.would_store(status).await? {
            BookingStored::Newest => {
                PredictedResult::WillApply.because("it becomes the newest state of its booking")
            }
            BookingStored::Tied | BookingStored::LeftOut => PredictedResult::WillApply.because(
                "it is as new as another state of its booking: doors open only where all of them allow it",
            ),
            BookingStored::Superseded => PredictedResult::OlderRevision
                .because("the same or a newer state of its booking is stored"),
        })
    }

    async fn request(
        &self,
        request: &Event<OpenRequest>,
        now: DateTime<Utc>,
    ) -> Result<Prediction, StoreError> {
        if let Some(first) = self.lookup.conflict(request).await? {
            return Ok(malformed(&RefusedMessage::id_conflict(&first)));
        }
        if let Some(outcome) = self.lookup.outcome(request).await? {
            return Ok(PredictedResult::OutcomeKnown.because(republished(&outcome)));
        }
        let data = &request.data;
        let expires_at = request.expires_at(self.settings.opening.request_ttl);
        if expires_at <= now {
            return Ok(PredictedResult::Expired.because(format!("it expired at {expires_at}")));
        }
        let booking = self.lookup.booking(&data.integration_id, &data.booking_id).await?;
        let mut integrations = self.settings.integrations.iter().map(|it| &it.rules);
        let integration = integrations.find(|it| it.id == data.integration_id);
        let rules_request =
            rules::Request { object_id: data.object_id.clone(), taken_at: now, expires_at };
        Ok(match rules::decide(now, integration, booking.as_ref(), &rules_request) {
            Decision::Open(opening) => {
                PredictedResult::WillApply.because(format!("it opens lock {}", opening.lock))
            }
            Decision::Expired(_) => {
                PredictedResult::Expired.because(format!("it expired at {expires_at}"))
            }
            Decision::Rejected(no) => PredictedResult::WillBeRejected.because(format!(
                "{}: {}",
                no.reason.code(),
                no.detail
            )),
        })
    }
}

impl PredictedResult {
    fn because(self, detail: impl Into<String>) -> Prediction {
        Prediction { result: self, detail: detail.into() }
    }

    /// The result as text.
    pub fn text(self) -> &'static str {
        match self {
            Self::WillApply => "will apply",
            Self::OlderRevision => "older revision",
            Self::Expired => "expired, opens nothing",
            Self::StillMalformed => "still malformed",
            Self::OutcomeKnown => "same answer again",
            Self::WillBeRejected => "will be rejected",
            Self::CannotReplay => "cannot be replayed",
            Self::Unknown => "unknown",
        }
    }
}

fn malformed(error: &RefusedMessage) -> Prediction {
    PredictedResult::StillMalformed.because(error.to_string())
}

fn republished(outcome: &Outbound) -> String {
    let reason = match &outcome.data {
        OutboundData::OpenRejected(rejected) => Some(rejected.reason.code()),
        OutboundData::OpenFailed(failed) => Some(failed.reason.code()),
        OutboundData::Opened(_)
        | OutboundData::CheckIn(_)
        | OutboundData::OpenConfirmed(_)
        | OutboundData::IqAttention(_)
        | OutboundData::IntegrationAttention(_)
        | OutboundData::BookingAtRisk(_) => None,
    };
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{}{reason} is published again", outcome.event_type())
}

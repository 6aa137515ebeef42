//! What would become of a dead letter if it were replayed now.

use anyhow::Context;
use chrono::{DateTime, Utc};
use consumer::{Lookup, Settings, StoreError};
use events::{
    BookingStatus, DecodeError, Event, OpenRequest, Outbound, OutboundData, decode_booking_status,
    decode_open_request, names,
};
use publisher::{Message, ReceivedMessage};
use rules::Decision;
use serde::Serialize;

/// What would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fate {
    /// The booking's state would be stored; the door would be opened.
    WillApply,
    /// A newer state of the booking is known, or the same one.
    OlderRevision,
    /// The request is too late; nothing would be opened.
    Expired,
    /// It would be a dead letter again.
    StillMalformed,
    /// The request's answer would be published again; nothing would be opened.
    OutcomeKnown,
    /// The rules would say no; nothing would be opened.
    WillBeRejected,
    /// It does not say which queue it comes from.
    CannotReplay,
    /// Redis does not answer.
    Unknown,
}

/// What would happen, and why.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Prediction {
    #[serde(rename = "prediction")]
    pub(super) fate: Fate,
    #[serde(rename = "prediction_detail")]
    pub(super) detail: String,
}

/// Predicts by what Redis holds and the configuration says.
pub(super) struct Oracle<'a> {
    lookup: Lookup,
    settings: &'a Settings,
}

impl<'a> Oracle<'a> {
    pub(super) fn new(settings: &'a Settings) -> anyhow::Result<Self> {
        let lookup = Lookup::new(&settings.redis).context("redis.url cannot be used")?;
        Ok(Self { lookup, settings })
    }

    /// What would become of `letter`.
    pub(super) async fn predict(&self, letter: &ReceivedMessage, now: DateTime<Utc>) -> Prediction {
        let message = match Message::replay(letter) {
            Ok(message) => message,
            Err(error) => return Fate::CannotReplay.because(error.to_string()),
        };
        let predicted = if message.routing_key == names::BOOKING_STATUS_QUEUE {
            match decode_booking_status(&letter.body, now) {
                Ok(status) => self.booking(&status).await,
                Err(error) => Ok(malformed(&error)),
            }
        } else {
            match decode_open_request(&letter.body, now) {
                Ok(request) => self.request(&request, now).await,
                Err(error) => Ok(malformed(&error)),
            }
        };
        predicted.unwrap_or_else(|error| Fate::Unknown.because(error.to_string()))
    }

    async fn booking(&self, status: &Event<BookingStatus>) -> Result<Prediction, StoreError> {
        Ok(if self.lookup.is_newest(status).await? {
            Fate::WillApply.because("it becomes the newest state of its booking")
        } else {
            Fate::OlderRevision.because("the same or a newer state of its booking is stored")
        })
    }

    async fn request(
        &self,
        request: &Event<OpenRequest>,
        now: DateTime<Utc>,
    ) -> Result<Prediction, StoreError> {
        if let Some(outcome) = self.lookup.outcome(request).await? {
            return Ok(Fate::OutcomeKnown.because(told(&outcome)));
        }
        let data = &request.data;
        let expires_at = request.expires_at(self.settings.opening.request_ttl);
        if expires_at <= now {
            return Ok(Fate::Expired.because(format!("it expired at {expires_at}")));
        }
        let booking = self.lookup.booking(&data.integration_id, &data.booking_id).await?;
        let mut integrations = self.settings.integrations.iter().map(|known| &known.rules);
        let integration = integrations.find(|known| known.id == data.integration_id);
        let asked = rules::Request { object_id: data.object_id.clone(), taken_at: now, expires_at };
        Ok(match rules::decide(now, integration, booking.as_ref(), &asked) {
            Decision::Open(opening) => {
                Fate::WillApply.because(format!("it opens lock {}", opening.lock_id))
            }
            Decision::Expired(_) => Fate::Expired.because(format!("it expired at {expires_at}")),
            Decision::Rejected(no) => {
                Fate::WillBeRejected.because(format!("{}: {}", no.reason.code(), no.detail))
            }
        })
    }
}

impl Fate {
    fn because(self, detail: impl Into<String>) -> Prediction {
        Prediction { fate: self, detail: detail.into() }
    }

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::WillApply => "will apply",
            Self::OlderRevision => "older revision",
            Self::Expired => "expired",
            Self::StillMalformed => "still malformed",
            Self::OutcomeKnown => "outcome known",
            Self::WillBeRejected => "will be rejected",
            Self::CannotReplay => "cannot be replayed",
            Self::Unknown => "unknown",
        }
    }
}

fn malformed(error: &DecodeError) -> Prediction {
    Fate::StillMalformed.because(error.to_string())
}

fn told(outcome: &Outbound) -> String {
    let reason = match &outcome.data {
        OutboundData::OpenRejected(rejected) => Some(rejected.reason.code()),
        OutboundData::OpenFailed(failed) => Some(failed.reason.code()),
        OutboundData::Opened(_) | OutboundData::CheckIn(_) | OutboundData::IqAttention(_) => None,
    };
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{}{reason} is published again", outcome.event_type())
}

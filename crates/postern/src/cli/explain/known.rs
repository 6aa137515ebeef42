//! What Redis knows of a request and of its booking.

use anyhow::anyhow;
use consumer::{Lookup, RequestRecord, StoreError};
use events::{Outbound, OutboundData};
use rules::{Booking, BookingVersion};

use super::Explain;
use crate::cli::{advice, failure::Failure};

/// A request as the ledger has it.
pub(super) struct KnownRequest {
    pub(super) source: String,
    pub(super) id: String,
    pub(super) record: RequestRecord,
}

/// A booking as it is known now.
pub(super) struct StoredBooking {
    pub(super) integration_id: String,
    pub(super) booking_id: String,
    pub(super) state: Option<Booking>,
    pub(super) version: Option<BookingVersion>,
    pub(super) checked_in: bool,
}

pub(super) struct Known {
    pub(super) request: Option<KnownRequest>,
    pub(super) booking: Option<StoredBooking>,
}

/// Gathers it. The outcome of a request says which booking it is about.
pub(super) async fn gather(
    lookup: &Lookup,
    explain: &Explain,
    request: Option<(String, String)>,
) -> Result<Known, Failure> {
    let request = match request {
        None => None,
        Some((source, id)) => {
            let record = lookup.request(&source, &id).await.map_err(told)?;
            let nothing = || {
                Failure::plain(format!(
                    "nothing is known of a request {id:?} from {source:?}: no worker has taken it, or \
                     its record is older than retention.outcomes"
                ))
            };
            let record = record.ok_or_else(nothing)?;
            Some(KnownRequest { source, id, record })
        }
    };
    let outcome = request.as_ref().and_then(|request| request.record.outcome.as_ref());
    let named = explain.integration.clone().zip(explain.booking.clone());
    let ids = match (named, outcome.map(booking_of)) {
        (Some(named), Some(of_request)) if named != of_request => {
            let (integration, booking) = of_request;
            return Err(Failure::Usage(format!(
                "the request is about booking {booking:?} of integration {integration:?}"
            )));
        }
        (named, of_request) => of_request.or(named),
    };
    let booking = match ids {
        None => None,
        Some((integration_id, booking_id)) => {
            let (integration, booking) = (integration_id.as_str(), booking_id.as_str());
            Some(StoredBooking {
                state: lookup.booking(integration, booking).await.map_err(told)?,
                version: lookup.version(integration, booking).await.map_err(told)?,
                checked_in: lookup.is_checked_in(integration, booking).await.map_err(told)?,
                integration_id,
                booking_id,
            })
        }
    };
    Ok(Known { request, booking })
}

pub(super) fn told(error: StoreError) -> Failure {
    match error {
        StoreError::Away(_) => Failure::Failed(anyhow!("{error}; {}", advice::REDIS)),
        StoreError::Refused(_) => Failure::Failed(anyhow!(error)),
    }
}

fn booking_of(outcome: &Outbound) -> (String, String) {
    (outcome.integration_id().to_owned(), outcome.subject().to_owned())
}

/// The object that was opened; what others asked for is not recorded.
pub(super) fn object_of(outcome: &Outbound) -> Option<&str> {
    match &outcome.data {
        OutboundData::Opened(opened) => Some(&opened.object_id),
        OutboundData::CheckIn(_)
        | OutboundData::OpenRejected(_)
        | OutboundData::OpenFailed(_)
        | OutboundData::IqAttention(_) => None,
    }
}

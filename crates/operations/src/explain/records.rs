//! The records of a request and of its booking in Redis.

use chrono::{DateTime, TimeDelta, Utc};
use consumer::{Lookup, RequestRecord, UnroutedKey};
use events::{Outbound, OutboundData};
use rules::{BookingStates, BookingVersion};

use crate::{OperationError, connections::store_failure::store_failure};

/// An answer is recorded at most so long before it is found that no queue takes it.
const JUST_BEFORE: TimeDelta = TimeDelta::seconds(30);

/// What is to be explained.
#[derive(Debug)]
pub struct Selection {
    /// A request.
    pub request: Option<RequestSelection>,
    /// A booking; that of the request where it is left out.
    pub booking: Option<BookingSelection>,
    /// Which of the booked objects.
    pub object: Option<String>,
    /// The time for which the rules are evaluated; when the request was answered, else now, where it is left out.
    pub at: Option<DateTime<Utc>>,
}

/// What identifies a booking.
#[derive(Debug, PartialEq, Eq)]
pub struct BookingSelection {
    /// The id of the integration.
    pub integration_id: String,
    /// The id of the booking.
    pub booking_id: String,
}

/// What identifies a request.
#[derive(Debug)]
pub struct RequestSelection {
    /// The source of the event.
    pub source: String,
    /// The id of the event.
    pub id: String,
}

/// A request with its record in the ledger.
pub(super) struct FoundRequest {
    pub(super) key: RequestSelection,
    pub(super) record: RequestRecord,
    /// The routing key that no queue takes, where its answer waits for one.
    pub(super) unrouted: Option<UnroutedKey>,
}

/// A booking with its newest known states.
pub(super) struct FoundBooking {
    pub(super) integration_id: String,
    pub(super) booking_id: String,
    pub(super) states: Option<BookingStates>,
    pub(super) version: Option<BookingVersion>,
    pub(super) checked_in: bool,
}

/// The records that were found.
pub(super) struct FoundRecords {
    pub(super) request: Option<FoundRequest>,
    pub(super) booking: Option<FoundBooking>,
}

/// Reads the records. The booking of a request that has an outcome is in that outcome.
pub(super) async fn read(
    lookup: &Lookup,
    request: Option<RequestSelection>,
    booking: Option<BookingSelection>,
) -> Result<FoundRecords, OperationError> {
    let request = match request {
        None => None,
        Some(key) => Some(read_request(lookup, key).await?),
    };
    let outcome = request.as_ref().and_then(|request| request.record.outcome.as_ref());
    let ids = match (booking, outcome.map(booking_of)) {
        (Some(selected), Some(of_request)) if selected != of_request => {
            let BookingSelection { integration_id, booking_id } = of_request;
            return Err(OperationError::WrongInput(format!(
                "the request is about booking {booking_id:?} of integration {integration_id:?}"
            )));
        }
        (selected, of_request) => of_request.or(selected),
    };
    let booking = match ids {
        None => None,
        Some(booking) => Some(read_booking(lookup, booking).await?),
    };
    Ok(FoundRecords { request, booking })
}

async fn read_request(
    lookup: &Lookup,
    key: RequestSelection,
) -> Result<FoundRequest, OperationError> {
    let RequestSelection { source, id } = &key;
    let record = lookup.request(source, id).await.map_err(store_failure)?;
    let record = record.ok_or_else(|| {
        OperationError::NotFound(format!(
            "there is no record of a request {id:?} from {source:?}: no worker has taken it, or its \
             record is older than retention.outcomes"
        ))
    })?;
    let unrouted = lookup.unrouted_keys().await.map_err(store_failure)?;
    let unrouted = unrouted.into_iter().find(|unrouted| waits_for_queue(&record, unrouted));
    Ok(FoundRequest { key, record, unrouted })
}

/// Whether an event of the answer waits for a queue of this routing key. The ledger does not record that an event
/// is published; but one that was recorded long before the queue was missing has been.
fn waits_for_queue(record: &RequestRecord, unrouted: &UnroutedKey) -> bool {
    let terminal = record.outcome.iter().filter(|_| !record.terminal_published);
    terminal.chain(&record.check_in).any(|event| {
        event.routing_key() == unrouted.routing_key && event.time + JUST_BEFORE >= unrouted.since
    })
}

async fn read_booking(
    lookup: &Lookup,
    BookingSelection { integration_id, booking_id }: BookingSelection,
) -> Result<FoundBooking, OperationError> {
    let (integration, booking) = (integration_id.as_str(), booking_id.as_str());
    Ok(FoundBooking {
        states: lookup.booking(integration, booking).await.map_err(store_failure)?,
        version: lookup.version(integration, booking).await.map_err(store_failure)?,
        checked_in: lookup.is_checked_in(integration, booking).await.map_err(store_failure)?,
        integration_id,
        booking_id,
    })
}

fn booking_of(outcome: &Outbound) -> BookingSelection {
    BookingSelection {
        integration_id: outcome.integration_id().to_owned(),
        booking_id: outcome.subject().to_owned(),
    }
}

/// The object that was opened. The object of a request that failed is not recorded.
pub(super) fn object_of(outcome: &Outbound) -> Option<&str> {
    match &outcome.data {
        OutboundData::Opened(opened) => Some(&opened.object_id),
        OutboundData::CheckIn(_)
        | OutboundData::OpenRejected(_)
        | OutboundData::OpenFailed(_)
        | OutboundData::OpenConfirmed(_)
        | OutboundData::IqAttention(_)
        | OutboundData::IntegrationAttention(_)
        | OutboundData::BookingAtRisk(_) => None,
    }
}

//! A dead letter on its way back to its queue.

use events::names;
use lapin::types::FieldTable;

use crate::arrival::Arrival;
use crate::dead_letter::{harmless, set_integer, set_text};
use crate::death::{self, Death};
use crate::label::{Label, work_queue};
use crate::message::Message;

/// How often the dead letters' queue has handed the message out: no part of the message.
const DELIVERY_COUNT: &str = "x-delivery-count";

/// A dead letter that does not say which of postern's queues it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not say which of postern's queues it comes from")]
pub struct NoOrigin;

/// `letter`, for the queue it comes from: body and headers untouched, one replay more.
///
/// Of the broker's own headers, those go that would harm: see [`death::forget`]. A dead letter of
/// the broker's says nothing of its first arrival yet; it is told here, or the next failure would
/// take this replay for it.
pub(crate) fn replay(letter: &Arrival) -> Result<Message, NoOrigin> {
    let label = Label::read(letter);
    let queue = work_queue(&label).ok_or(NoOrigin)?;
    let mut headers = without_count(letter.properties.headers().as_ref());
    if let Some(death) = Death::latest(&headers, queue)
        && !headers.contains_key(names::HEADER_QUEUE)
    {
        set_text(&mut headers, names::HEADER_EXCHANGE, death.exchange.as_deref().unwrap_or(""));
        let key = death.routing_key.as_deref().unwrap_or(queue);
        set_text(&mut headers, names::HEADER_ROUTING_KEY, key);
        set_text(&mut headers, names::HEADER_QUEUE, queue);
    }
    death::forget(&mut headers, queue);
    set_integer(&mut headers, names::HEADER_REPLAYS, label.replays.saturating_add(1));
    Ok(Message {
        exchange: String::new(),
        routing_key: queue.to_owned(),
        body: letter.body.clone(),
        properties: harmless(&letter.properties).with_headers(headers),
    })
}

fn without_count(headers: Option<&FieldTable>) -> FieldTable {
    let mut kept = FieldTable::default();
    for (name, value) in headers.into_iter().flat_map(|headers| headers.inner()) {
        if name.as_str() != DELIVERY_COUNT {
            kept.insert(name.clone(), value.clone());
        }
    }
    kept
}

//! A dead letter on its way back to its queue.

use events::names;

use crate::arrival::Arrival;
use crate::death::Death;
use crate::headers::set_integer;
use crate::label::{Label, work_queue};
use crate::message::Message;
use crate::{direct, first_arrival};

/// A dead letter that does not say which of postern's queues it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it does not say which of postern's queues it comes from")]
pub struct NoOrigin;

/// `letter`, for the queue it comes from: body and headers untouched, one replay more.
///
/// Of the broker's own headers, those go that would harm: see [`direct::headers`]. A dead letter of
/// the broker's says nothing of its first arrival yet; it is told here, or the next failure would
/// take this replay for it.
pub(crate) fn replay(letter: &Arrival) -> Result<Message, NoOrigin> {
    let label = Label::read(letter);
    let queue = work_queue(&label).ok_or(NoOrigin)?;
    let mut headers = direct::headers(letter, queue);
    let death = letter.properties.headers().as_ref().and_then(|all| Death::latest(all, queue));
    if let Some(death) = death {
        let routing_key = death.routing_key.as_deref().unwrap_or(queue);
        first_arrival::tell(&mut headers, &death.exchange.unwrap_or_default(), routing_key, queue);
    }
    set_integer(&mut headers, names::HEADER_REPLAYS, label.replays.saturating_add(1));
    Ok(direct::message(queue, letter, headers))
}

//! The replay of a dead letter: it returns to its queue.

use events::names;

use super::headers::DeadLetterHeaders;
use crate::message::authentication::{Fact, HeaderKey};
use crate::message::header_fields::set_integer;
use crate::message::origin::Origin;
use crate::message::x_death::XDeathRecord;
use crate::message::{Message, ReceivedMessage, requeue};

/// The reason for which a dead letter cannot be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotReplay {
    /// Its headers name no queue of postern.
    #[error("the dead letter names no queue of postern")]
    NoOrigin,
    /// Its body, of so many bytes, was not read: a replay would lose it.
    #[error(
        "the body has {0} bytes: postern reads none of more than 1 MiB, and would refuse it again; have \
         the publisher send a smaller one, and drop this one"
    )]
    BodyLeftOut(u64),
}

impl Message {
    /// The replay of a dead letter, to the queue from which it comes. Body and headers are unchanged,
    /// but for one replay more and for headers that would harm it (those of the broker, `CC`).
    ///
    /// With a key, the headers that postern reads back stay authenticated where they are now. Without one,
    /// the worker that receives the message counts no replays.
    ///
    /// # Errors
    /// Where the headers name no queue of postern, and where the body was left out.
    pub fn replay(letter: &ReceivedMessage, key: Option<&HeaderKey>) -> Result<Self, CannotReplay> {
        if let Some(bytes) = letter.body_left_out() {
            return Err(CannotReplay::BodyLeftOut(bytes));
        }
        let letter_headers = DeadLetterHeaders::read(letter);
        let queue = letter_headers.work_queue().ok_or(CannotReplay::NoOrigin)?;
        let mut headers = requeue::headers(letter, queue);
        let mut authentic = key.map(|key| key.authentic(&headers, &letter.body));
        // A dead letter that the broker made has no origin yet. Without it, the next failure would
        // record this replay as the origin.
        let all = letter.properties.headers().as_ref();
        if let Some(record) = all.and_then(|all| XDeathRecord::latest(all, queue)) {
            if let Some(authentic) = &mut authentic
                && !authentic.contains(&Fact::Origin)
            {
                // The broker's record is the right one.
                Fact::Origin.remove(&mut headers);
                authentic.push(Fact::Origin);
            }
            let exchange = record.exchange.as_deref().unwrap_or_default();
            let routing_key = record.routing_key.as_deref().unwrap_or(queue);
            Origin { exchange, routing_key, queue }.record(&mut headers);
        }
        let replays = letter_headers.replays.saturating_add(1);
        set_integer(&mut headers, names::HEADER_REPLAYS, replays);
        if let (Some(key), Some(authentic)) = (key, authentic) {
            key.sign(&authentic, &mut headers, &letter.body);
        }
        Ok(requeue::to_queue(queue, letter, headers))
    }
}

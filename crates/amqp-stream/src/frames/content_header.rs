//! The content header of a message: its properties and headers, and the size of its body.

use std::ops::Range;

use super::cursor::{Unreadable, bytes, long, range, replace_invalid, short};
use super::invalid_frame::InvalidFrame;
use super::limits::Limits;
use super::repairs::{Repairs, entries};
use super::table::TableWalk;

/// Class, weight, size of the body and flags.
const BODY_SIZE: usize = 4;
const FLAGS: usize = 12;
const PROPERTIES: usize = 14;

/// A frame's type, channel, size and end.
const FRAME_OVERHEAD: usize = 8;

/// The kinds of property, by the layout on the wire.
#[derive(Debug, Clone, Copy)]
enum Property {
    Text,
    Headers,
    /// Of so many bytes.
    Number(usize),
}

/// The properties in the order of the wire. The first one has the highest bit of the flags.
const LAYOUT: [Property; 14] = [
    Property::Text, // content type
    Property::Text, // content encoding
    Property::Headers,
    Property::Number(1), // delivery mode
    Property::Number(1), // priority
    Property::Text,      // correlation id
    Property::Text,      // reply-to
    Property::Text,      // expiration
    Property::Text,      // message id
    Property::Number(8), // timestamp
    Property::Text,      // type
    Property::Text,      // user id
    Property::Text,      // app id
    Property::Text,      // cluster id
];
const HEADERS_INDEX: usize = 2;
const HEADERS_FLAG: u16 = 1 << (15 - HEADERS_INDEX);

/// The payload of a content header frame.
#[derive(Debug)]
pub(super) struct ContentHeader<'a> {
    pub(super) payload: &'a mut Vec<u8>,
    /// Whether the payload is all of the frame's.
    pub(super) whole: bool,
    /// What was changed in the method before.
    pub(super) repairs: Repairs,
}

/// The parts of a content header that can be read.
#[derive(Debug, Default)]
struct Parts {
    flags: u16,
    before_headers: Range<usize>,
    headers: Range<usize>,
    after_headers: Range<usize>,
}

impl ContentHeader<'_> {
    /// Repairs it. The size of the body that is to be left out: it is larger than `limits` allow.
    pub(super) fn repair(mut self, limits: Limits) -> Result<Option<u64>, InvalidFrame> {
        let size = bytes(self.payload, BODY_SIZE).map_err(|_| InvalidFrame::ContentHeader)?;
        let size = u64::from_be_bytes(size);
        let left_out = (size > limits.body_max).then_some(size);
        let parts = self.read().map_err(|_| InvalidFrame::ContentHeader)?;
        self.repairs.unreadable |= !self.whole;
        let fits = limits.fits(self.payload.len() + FRAME_OVERHEAD);
        if self.repairs.any() || left_out.is_some() || !fits {
            self.rewrite(parts, left_out, limits);
        }
        Ok(left_out)
    }

    /// Reads the properties one after the other, and repairs them in place, until one cannot be read.
    fn read(&mut self) -> Result<Parts, Unreadable> {
        let flags = u16::from_be_bytes(bytes(self.payload, FLAGS)?);
        let mut parts = Parts::default();
        let mut at = PROPERTIES;
        for (index, property) in LAYOUT.into_iter().enumerate() {
            if index <= HEADERS_INDEX {
                parts.before_headers = PROPERTIES..at;
                parts.headers = at..at;
                parts.after_headers = at..at;
            }
            let flag = 1 << (15 - index);
            if flags & flag == 0 {
                continue;
            }
            match self.property(property, at, &mut parts) {
                Ok(next) => at = next,
                Err(Unreadable) => break,
            }
            parts.flags |= flag;
        }
        parts.after_headers.end = at;
        // Two bits have no meaning; the client and the broker ignore them.
        let complete = parts.flags == flags & !0b11 && at == self.payload.len();
        self.repairs.unreadable |= !complete;
        Ok(parts)
    }

    /// Repairs one property. The position after it.
    fn property(
        &mut self,
        property: Property,
        at: usize,
        parts: &mut Parts,
    ) -> Result<usize, Unreadable> {
        match property {
            Property::Text => {
                let text = short(self.payload, at)?;
                let next = text.end;
                self.repairs.property |= replace_invalid(&mut self.payload[text]);
                Ok(next)
            }
            Property::Number(size) => Ok(range(self.payload, at, size)?.end),
            Property::Headers => {
                let table = long(self.payload, at)?;
                let next = table.end;
                let mut walk = TableWalk::new(self.payload);
                let readable = walk.repair(table.clone());
                self.repairs.header_name |= walk.repairs.header_name;
                self.repairs.nested |= walk.repairs.nested;
                self.repairs.unreadable |= readable < table.end;
                parts.headers = table.start..readable;
                parts.after_headers = next..next;
                Ok(next)
            }
        }
    }

    /// Writes the readable parts anew, with headers that say what was changed.
    fn rewrite(&mut self, parts: Parts, left_out: Option<u64>, limits: Limits) {
        let headers = TableWalk::new(self.payload).entries(parts.headers.clone());
        let others = PROPERTIES + parts.before_headers.len() + parts.after_headers.len();
        let fixed = FRAME_OVERHEAD + others + 4;
        let mut added = entries(self.repairs, left_out);
        let mut kept = headers.clone();
        if !limits.fits(fixed + added.len() + total(&kept)) {
            self.repairs.too_large = true;
            added = entries(self.repairs, left_out);
            kept.sort_by_key(|header| std::cmp::Reverse(header.len()));
            let largest = kept.iter().take_while({
                let mut size = fixed + added.len() + total(&kept);
                move |header| {
                    let too_large = !limits.fits(size);
                    size -= header.len();
                    too_large
                }
            });
            kept = kept.split_off(largest.count());
            kept.sort_by_key(|header| header.start);
        }
        let table = u32::try_from(total(&kept) + added.len()).unwrap_or(u32::MAX);
        let mut written = Vec::with_capacity(fixed + total(&kept) + added.len());
        written.extend_from_slice(&self.payload[..BODY_SIZE]);
        let size = &self.payload[BODY_SIZE..FLAGS];
        written.extend_from_slice(if left_out.is_some() { &[0; FLAGS - BODY_SIZE] } else { size });
        written.extend((parts.flags | HEADERS_FLAG).to_be_bytes());
        written.extend_from_slice(&self.payload[parts.before_headers]);
        written.extend(table.to_be_bytes());
        for header in kept {
            written.extend_from_slice(&self.payload[header]);
        }
        written.extend(added);
        written.extend_from_slice(&self.payload[parts.after_headers]);
        *self.payload = written;
    }
}

fn total(headers: &[Range<usize>]) -> usize {
    headers.iter().map(ExactSizeIterator::len).sum()
}

//! The tables and arrays of headers, repaired in place: no field changes its size.

use std::ops::Range;

use super::cursor::{REPLACEMENT, Unreadable, bytes, long, range, replace_invalid, short};
use super::repairs::{Repairs, is_reserved};

/// The depth to which tables and arrays may be nested in headers. The client reads them by recursion, and its
/// thread has a stack of 2 MiB.
pub const NESTING_MAX: usize = 64;

/// The number of values that the headers of one message may have: the client needs up to a hundred times the
/// memory that a value has on the wire.
pub const VALUES_MAX: usize = 4096;

const TABLE: u8 = b'F';
const ARRAY: u8 = b'A';
/// The same layout as a table or an array: a length of four bytes, and so many bytes.
const BYTE_ARRAY: u8 = b'x';

/// A walk through the headers of one message.
#[derive(Debug)]
pub(super) struct TableWalk<'a> {
    source: &'a mut [u8],
    values: usize,
    pub(super) repairs: Repairs,
}

impl<'a> TableWalk<'a> {
    pub(super) fn new(source: &'a mut [u8]) -> Self {
        Self { source, values: 0, repairs: Repairs::default() }
    }

    /// Repairs the headers in `table`. The end of the last one that can be read.
    pub(super) fn repair(&mut self, table: Range<usize>) -> usize {
        let mut at = table.start;
        while at < table.end {
            match self.entry(at, table.end, 0) {
                Ok(next) => at = next,
                Err(Unreadable) => break,
            }
        }
        at
    }

    /// The range of each header in `table`, which was repaired.
    pub(super) fn entries(&mut self, table: Range<usize>) -> Vec<Range<usize>> {
        let mut entries = Vec::new();
        let mut at = table.start;
        while let Ok(next) = self.entry(at, table.end, 0) {
            entries.push(at..next);
            at = next;
        }
        entries
    }

    /// Repairs one name with its value. The position after it.
    fn entry(&mut self, at: usize, end: usize, depth: usize) -> Result<usize, Unreadable> {
        let name = short(&self.source[..end], at)?;
        let next = name.end;
        let name = &mut self.source[name];
        self.repairs.header_name |= replace_invalid(name);
        if depth == 0 && is_reserved(name) {
            name[0] = REPLACEMENT;
        }
        self.value(next, end, depth)
    }

    /// Repairs one value. The position after it.
    fn value(&mut self, at: usize, end: usize, depth: usize) -> Result<usize, Unreadable> {
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(Unreadable);
        }
        let [kind] = bytes(&self.source[..end], at)?;
        let start = at + 1;
        let size = match kind {
            b'V' => 0,
            b't' | b'b' | b'B' => 1,
            b's' | b'U' | b'u' => 2,
            b'I' | b'i' | b'f' => 4,
            b'D' => 5,
            b'L' | b'l' | b'd' | b'T' => 8,
            b'S' | BYTE_ARRAY => return Ok(long(&self.source[..end], start)?.end),
            TABLE | ARRAY => {
                let content = long(&self.source[..end], start)?;
                let (next, values) = (content.end, self.values);
                if self.content(kind, content, depth + 1).is_err() {
                    self.source[at] = BYTE_ARRAY;
                    self.repairs.nested = true;
                    self.values = values;
                }
                return Ok(next);
            }
            _ => return Err(Unreadable),
        };
        Ok(range(&self.source[..end], start, size)?.end)
    }

    fn content(&mut self, kind: u8, content: Range<usize>, depth: usize) -> Result<(), Unreadable> {
        if depth > NESTING_MAX {
            return Err(Unreadable);
        }
        let mut at = content.start;
        while at < content.end {
            at = match kind {
                TABLE => self.entry(at, content.end, depth)?,
                _ => self.value(at, content.end, depth)?,
            };
        }
        Ok(())
    }
}

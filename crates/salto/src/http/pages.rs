//! Lists in pages: a bare array or `{"items", "next_page_link", "count"}`, of the event log
//! `{"items", "continuation_token"}` (`docs/salto-ks.md`, Connect API). Items are read one by one into their
//! type, so that a page costs little more than its bytes, whatever is in it.

mod page;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::Url;

use self::page::Next;
use crate::error::CallError;

/// Salto's page size (`docs/salto-ks.md`, Connect API).
const PAGE_SIZE: usize = 20;
/// The limit of pages, more than a site has: a list without an end is an error.
const MAX_PAGES: usize = 500;
/// The limit of items: more than any site has.
const MAX_ITEMS: usize = 10_000;
/// The limit of all pages together, in bytes; a lock has about 500.
const MAX_BYTES: usize = 8 << 20;

/// The limit of one item: a longer one cannot be read.
const MAX_ITEM_BYTES: usize = 64 << 10;

/// A list that is read page by page.
pub(crate) struct Pages<T> {
    first: Url,
    next: Option<Url>,
    pages: usize,
    bytes: usize,
    items: Items<T>,
}

/// The items of a list.
struct Items<T> {
    read: Vec<T>,
    /// How many items were sent, those that are not used among them.
    sent: usize,
    /// How many of them before the present page.
    sent_before: usize,
    /// How many items have no usable id.
    unreadable: usize,
    /// The identities of the items so far, as hashes.
    identities: HashSet<u64>,
    hasher: RandomState,
}

/// The id of an item, as it is written.
#[derive(Deserialize)]
struct Identity<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        let (read, identities) = (Vec::new(), HashSet::new());
        let hasher = RandomState::new();
        Self { read, sent: 0, sent_before: 0, unreadable: 0, identities, hasher }
    }
}

impl<T: DeserializeOwned> Items<T> {
    /// Adds an item. One that was sent before is ignored, and so is one that cannot be read. Returns whether the
    /// list may have more.
    fn add(&mut self, item: &RawValue) -> bool {
        self.sent += 1;
        if self.is_too_long() {
            return false;
        }
        let text = item.get();
        let is_usual = text.starts_with('{') && text.len() <= MAX_ITEM_BYTES;
        let parsed = if is_usual { serde_json::from_str(text).ok() } else { None };
        let id = parsed.and_then(|Identity { id }| id);
        if self.identities.insert(self.hasher.hash_one(id.unwrap_or(item).get())) {
            match if is_usual { serde_json::from_str(text).ok() } else { None } {
                Some(item) => self.read.push(item),
                None => self.unreadable += 1,
            }
        }
        true
    }

    /// Whether the list, or the present page, has more items than allowed: a server that sends all of them as each page
    /// sends them twice.
    fn is_too_long(&self) -> bool {
        self.sent - self.sent_before > MAX_ITEMS || self.identities.len() > MAX_ITEMS
    }
}

impl<T: DeserializeOwned> Pages<T> {
    pub(crate) fn new(url: Url) -> Self {
        Self { next: Some(url.clone()), first: url, pages: 0, bytes: 0, items: Items::default() }
    }

    /// The address of the next page; `None` after the last one.
    pub(crate) fn next(&mut self) -> Option<Url> {
        self.next.take()
    }

    /// Adds the body of a page.
    pub(crate) fn add(&mut self, body: &[u8]) -> Result<(), CallError> {
        self.bytes += body.len();
        if self.bytes > MAX_BYTES {
            return Err(CallError::unreadable("a list is larger than 8 MiB"));
        }
        let (seen_before, sent_before) = (self.items.identities.len(), self.items.sent);
        self.items.sent_before = sent_before;
        let next = page::read(body, &mut self.items);
        if self.items.is_too_long() {
            return Err(CallError::unreadable("a list has more than 10,000 items"));
        }
        let next = next.map_err(|_| CallError::unreadable("a list cannot be read"))?;
        self.pages += 1;
        let seen = self.items.identities.len();
        let more = match &next {
            Next::Link(_) => true,
            Next::End => false,
            Next::Count(Some(count)) => u64::try_from(seen).is_ok_and(|seen| seen < *count),
            Next::Count(None) => self.items.sent - sent_before >= PAGE_SIZE,
        };
        // A page without new items ends the list: the server ignores `$skip`, or its links form a ring.
        if more && seen > seen_before {
            if self.pages == MAX_PAGES {
                return Err(CallError::unreadable("a list does not end"));
            }
            self.next = Some(next_url(&self.first, &next, seen));
        }
        Ok(())
    }

    /// Whether a body is a page with an item that can be read.
    pub(crate) fn has_item(body: &[u8]) -> bool {
        let mut items = Items::<T>::default();
        page::read(body, &mut items).is_ok() && !items.read.is_empty()
    }

    /// The items read so far.
    pub(crate) fn so_far(&self) -> &[T] {
        &self.items.read
    }

    /// The items that can be read. The number of the others is logged as a warning.
    pub(crate) fn items(self, what: &'static str) -> Vec<T> {
        if self.items.unreadable > 0 {
            let skipped = self.items.unreadable;
            tracing::warn!(list = what, skipped, "list items ignored: no usable id");
        }
        self.items.read
    }
}

/// The linked page where it is at the same host, because no other host may get the token; otherwise the
/// page after the items read so far, by `$top` and `$skip`.
fn next_url(first: &Url, next: &Next, seen: usize) -> Url {
    if let Next::Link(link) = next
        && let Ok(url) = first.join(link)
        && url.origin() == first.origin()
    {
        return url;
    }
    let mut url = first.clone();
    let other = |part: &&str| !part.starts_with("$top=") && !part.starts_with("$skip=");
    let mut query: Vec<&str> =
        first.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()).collect();
    query.retain(other);
    let (top, skip) = (format!("$top={PAGE_SIZE}"), format!("$skip={seen}"));
    query.extend([top.as_str(), skip.as_str()]);
    url.set_query(Some(&query.join("&")));
    url
}

#[cfg(test)]
mod tests;

//! Lists in pages: a bare array or `{"items", "next_page_link", "count"}`, of the event log
//! `{"items", "continuation_token"}` (`docs/salto-ks.md`, Connect API).

use std::collections::HashSet;

use serde_json::Value;
use url::Url;

use crate::error::CallError;

/// Salto's page size (`docs/salto-ks.md`, Connect API).
const PAGE_SIZE: usize = 20;
/// The limit of pages, more than a site has: a list without an end is an error.
const MAX_PAGES: usize = 500;
/// The limit of items: more than any site has.
const MAX_ITEMS: usize = 10_000;
/// The limit of all pages together, in bytes; a lock has about 500. As values they need a multiple of that.
const MAX_BYTES: usize = 8 << 20;

/// One page, read leniently.
struct Page {
    items: Vec<Value>,
    next: Next,
}

enum Next {
    /// The list has a link to its next page.
    Link(String),
    /// The list says that this is the last page.
    End,
    /// The list says nothing about a next page; this is its length, if known.
    Count(Option<u64>),
}

impl Page {
    fn read(body: &[u8]) -> Result<Self, CallError> {
        let unreadable = || CallError::unreadable("a list cannot be read");
        match serde_json::from_slice(body).map_err(|_| unreadable())? {
            Value::Array(items) => Ok(Self { items, next: Next::Count(None) }),
            Value::Object(mut object) => {
                let Some(Value::Array(items)) = object.remove("items") else {
                    return Err(unreadable());
                };
                let count = object.get("count").and_then(Value::as_u64);
                let next = match (object.remove("next_page_link"), count) {
                    // How such a token is passed on is not public: what follows cannot be read.
                    _ if object.contains_key("continuation_token") => Next::End,
                    (Some(Value::String(link)), _) if !link.is_empty() => Next::Link(link),
                    (Some(_), None) => Next::End,
                    (_, count) => Next::Count(count),
                };
                Ok(Self { items, next })
            }
            _ => Err(unreadable()),
        }
    }
}

/// A list that is read page by page.
pub(crate) struct Pages {
    first: Url,
    next: Option<Url>,
    pages: usize,
    bytes: usize,
    items: Vec<Value>,
    ids: HashSet<String>,
}

impl Pages {
    pub(crate) fn new(url: Url) -> Self {
        Self {
            next: Some(url.clone()),
            first: url,
            pages: 0,
            bytes: 0,
            items: Vec::new(),
            ids: HashSet::new(),
        }
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
        let page = Page::read(body)?;
        let (before, length) = (self.items.len(), page.items.len());
        let ids = &mut self.ids;
        self.items.extend(page.items.into_iter().filter(|item| ids.insert(identity(item))));
        if self.items.len() > MAX_ITEMS {
            return Err(CallError::unreadable("a list has more than 10,000 items"));
        }
        self.pages += 1;
        let seen = self.items.len();
        let more = match &page.next {
            Next::Link(_) => true,
            Next::End => false,
            Next::Count(Some(count)) => u64::try_from(seen).is_ok_and(|seen| seen < *count),
            Next::Count(None) => length >= PAGE_SIZE,
        };
        // A page without new items ends the list: the server ignores `$skip`, or its links form a ring.
        if more && seen > before {
            if self.pages == MAX_PAGES {
                return Err(CallError::unreadable("a list does not end"));
            }
            self.next = Some(next_url(&self.first, &page.next, seen));
        }
        Ok(())
    }

    /// The items read so far.
    pub(crate) fn so_far(&self) -> &[Value] {
        &self.items
    }

    pub(crate) fn items(self) -> Vec<Value> {
        self.items
    }
}

/// The identity of an item: its id, or the whole item where it has none.
fn identity(item: &Value) -> String {
    match &item["id"] {
        Value::Null => item.to_string(),
        id => id.to_string(),
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
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_only_within_the_host() {
        let first = Url::parse("https://api.example/v1.2/sites").unwrap();
        let next = |link: &str| next_url(&first, &Next::Link(link.to_owned()), 20).to_string();
        assert_eq!(next("https://api.example/x?y=1"), "https://api.example/x?y=1");
        assert_eq!(next("/v1.2/sites?$skip=20"), "https://api.example/v1.2/sites?$skip=20");
        for elsewhere in ["https://evil.example/x", "http://api.example/x", "//evil.example/x"] {
            assert_eq!(next(elsewhere), "https://api.example/v1.2/sites?$top=20&$skip=20");
        }
    }

    fn page(ids: std::ops::Range<usize>) -> Vec<Value> {
        ids.map(|id| serde_json::json!({ "id": id })).collect()
    }

    /// Reads a list from a server that answers by URL; returns the number of items and the URLs.
    fn read(serve: impl Fn(&str) -> Value) -> (usize, Vec<String>) {
        let mut pages = Pages::new(Url::parse("http://h/l").unwrap());
        let mut asked = Vec::new();
        while let Some(url) = pages.next() {
            asked.push(url[url::Position::BeforePath..].to_owned());
            pages.add(serve(asked.last().unwrap()).to_string().as_bytes()).unwrap();
        }
        (pages.items().len(), asked)
    }

    #[test]
    fn bare_arrays_are_read_by_skipping() {
        let (items, asked) = read(|url| match url {
            "/l" => page(0..20).into(),
            _ => page(20..25).into(),
        });
        assert_eq!((items, asked), (25, vec!["/l".into(), "/l?$top=20&$skip=20".into()]));
        let (items, asked) = read(|_| page(0..20).into());
        assert_eq!((items, asked.len()), (20, 2), "a server that ignores $skip");
    }

    #[test]
    fn links_are_followed_to_the_end_and_not_in_rings() {
        let (items, asked) = read(|url| match url {
            "/l" => serde_json::json!({"items": page(0..20), "next_page_link": "/l?p=2"}),
            _ => serde_json::json!({"items": page(20..40), "next_page_link": null, "count": null}),
        });
        assert_eq!((items, asked.len()), (40, 2));
        let (items, asked) =
            read(|_| serde_json::json!({"items": page(0..20), "next_page_link": "/l"}));
        assert_eq!((items, asked.len()), (20, 2), "a link to itself");
    }

    #[test]
    fn a_list_is_limited_in_items_and_bytes() {
        let mut pages = Pages::new(Url::parse("http://h/l").unwrap());
        let many = Value::from(page(0..MAX_ITEMS + 1)).to_string();
        assert!(pages.add(many.as_bytes()).is_err());
        let mut pages = Pages::new(Url::parse("http://h/l").unwrap());
        let large = |id: usize| {
            let name = "x".repeat(MAX_BYTES / 4);
            Value::from(vec![serde_json::json!({ "id": id, "name": name })]).to_string()
        };
        for id in 0..3 {
            pages.add(large(id).as_bytes()).unwrap();
        }
        assert!(pages.add(large(3).as_bytes()).is_err());
    }

    #[test]
    fn a_count_without_a_link_is_read_by_skipping() {
        let (items, asked) = read(|url| match url {
            "/l" => serde_json::json!({"items": page(0..20), "count": 23}),
            _ => serde_json::json!({"items": page(20..23), "count": 23}),
        });
        assert_eq!((items, asked.len()), (23, 2));
    }

    #[test]
    fn a_list_without_an_end_is_an_error() {
        let mut pages = Pages::new(Url::parse("http://h/l").unwrap());
        let result = (0..).try_for_each(|n| {
            let items = page(n * 20..n * 20 + 20);
            assert!(pages.next().is_some());
            pages.add(Value::from(items).to_string().as_bytes())
        });
        assert!(result.is_err());
    }

    #[test]
    fn a_body_that_is_not_a_list_is_an_error() {
        for body in ["", "null", "3", "{}", r#"{"items":null}"#, "<html>", r#"[{"id":"#] {
            assert!(Page::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}

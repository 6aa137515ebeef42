//! Links, limits and odd pages.

use serde_json::Value;

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
    let mut pages = Pages::<Value>::new(Url::parse("http://h/l").unwrap());
    let mut asked = Vec::new();
    while let Some(url) = pages.next() {
        asked.push(url[url::Position::BeforePath..].to_owned());
        pages.add(serve(asked.last().unwrap()).to_string().as_bytes()).unwrap();
    }
    (pages.items("items").len(), asked)
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
    let mut pages = Pages::<Value>::new(Url::parse("http://h/l").unwrap());
    let many = Value::from(page(0..MAX_ITEMS + 1)).to_string();
    assert!(pages.add(many.as_bytes()).is_err());
    let mut pages = Pages::<Value>::new(Url::parse("http://h/l").unwrap());
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
    let mut pages = Pages::<Value>::new(Url::parse("http://h/l").unwrap());
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
        let mut pages = Pages::<Value>::new(Url::parse("http://h/l").unwrap());
        assert!(pages.add(body.as_bytes()).is_err(), "{body}");
    }
}

/// The parts of a page that are not used, and items that cannot be read, cost no more than their bytes.
#[test]
fn nested_junk_is_skipped() {
    let deep = "[".repeat(MAX_BYTES / 8) + &"]".repeat(MAX_BYTES / 8);
    let shallow = "[".repeat(10_000) + &"]".repeat(10_000);
    let id = "a5091d73-d7ea-4eb7-b883-0a4d241584ca";
    for (body, locks) in [
        (format!(r#"[{{"id":"{id}"}},{deep}]"#), 1),
        (format!(r#"[{{"id":"{id}","online":{shallow},"new":{shallow}}}]"#), 1),
        (format!(r#"{{"junk":{deep},"items":[{{"id":"{id}","online":{deep},"new":{deep}}}]}}"#), 0),
        (format!(r#"{{"items":[{{"id":{deep}}}],"count":{deep},"next_page_link":{deep}}}"#), 0),
    ] {
        let mut pages = Pages::<crate::LockInfo>::new(Url::parse("http://h/l").unwrap());
        pages.next().unwrap();
        pages.add(body.as_bytes()).unwrap();
        assert!(pages.next().is_none());
        assert_eq!(pages.items("locks").len(), locks);
    }
    let many = format!("[{}]", vec!["0"; MAX_BYTES / 2 - 1].join(","));
    let mut pages = Pages::<crate::LockInfo>::new(Url::parse("http://h/l").unwrap());
    assert!(pages.add(many.as_bytes()).is_err());
    assert_eq!(pages.items.identities.len(), 1);
}

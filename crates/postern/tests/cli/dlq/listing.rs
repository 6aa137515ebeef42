//! `dlq list` and `dlq show` change nothing, whatever lies there.

use serde_json::json;

use super::{
    bench::Bench,
    letters::{ago, malformed, request, status},
};

async fn mixed() -> Bench {
    let bench = Bench::new().await;
    let mut old = request("r-1", "iq_not_activated");
    old.failed_at = ago(7200);
    old.lay(&bench.bus).await;
    request("r-1", "salto_unavailable").lay(&bench.bus).await;
    status(3).lay(&bench.bus).await;
    for body in [&b"\xff\xfe"[..], b"", b"{\"type\":5,\"data\":[]}", b"{\"id\":\"a\",\"id\":\"b\"}"]
    {
        malformed(body).lay(&bench.bus).await;
    }
    malformed(&vec![b'x'; 3 << 20]).lay(&bench.bus).await;
    // Moved here by hand, without a word.
    bench.bus.publish_raw("", "postern.dead-letters", b"?", Default::default()).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_listings_change_nothing() {
    let bench = mixed().await;
    let (before, listed) = (bench.letters().await, bench.json("list"));
    assert_eq!((before.len(), listed.len()), (9, 9));
    for _ in 0..100 {
        assert_eq!(bench.json("list"), listed);
    }
    assert_eq!(bench.letters().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_tells_what_there_is_to_tell() {
    let bench = mixed().await;
    let listed = bench.json("list");
    let first = &listed[0];
    for (member, value) in [
        ("type", json!("lock.open-request.v1")),
        ("reason", json!("iq_not_activated")),
        ("integration_id", json!("acme")),
        ("queue", json!("postern.open-requests")),
        ("replays", json!(0)),
        ("attempts", json!(1)),
        ("detail", json!("what happened, in words")),
        ("booking_id", json!("B-1")),
        ("event_id", json!("r-1")),
    ] {
        assert_eq!(first[member], value, "{member}");
    }
    assert!(first["failed_at"].as_str().unwrap().ends_with('Z'));
    assert!(first["time"].is_string());
    assert_eq!(listed[3]["type"], json!(null));
    assert_eq!(listed[8]["reason"], "unknown");
    let ids: std::collections::BTreeSet<_> = listed.iter().map(|it| it["id"].as_str()).collect();
    assert_eq!(ids.len(), 9, "an id each, also with the same event in them");
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_it() {
    let bench = mixed().await;
    for (filter, count) in [
        ("--reason malformed", 5),
        ("--type lock.open-request.v1", 2),
        ("--type booking.status.v1", 1),
        ("--integration acme", 3),
        ("--integration other", 0),
        ("--age-min 1h", 1),
        ("--age-max 1h", 7),
        ("--text R-1", 2),
        ("--text TENANT", 0),
        ("--reason malformed --integration acme", 0),
    ] {
        assert_eq!(bench.json(&format!("list {filter}")).len(), count, "{filter}");
    }
    assert_eq!(bench.dlq("list --age-min soon").status, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_groups_and_then_each() {
    let bench = mixed().await;
    let told = bench.dlq("list").stdout;
    let groups = told.split("\n\n").next().unwrap();
    assert_eq!(groups.lines().count(), 6, "{told}");
    let malformed = groups.lines().find(|line| line.starts_with("malformed")).unwrap();
    let cells: Vec<_> = malformed.split_whitespace().collect();
    assert_eq!(cells[..4], ["malformed", "postern.open-requests", "-", "5"], "{told}");
    for id in bench.ids() {
        assert!(told.contains(&id), "{told}");
    }

    for number in 0..20 {
        request(&format!("r-{number}"), "iq_offline").lay(&bench.bus).await;
    }
    let (short, long) = (bench.dlq("list"), bench.dlq("list --long"));
    assert!(!short.stdout.contains("BOOKING"), "{}", short.stdout);
    assert!(short.stderr.contains("29 dead letters"), "{}", short.stderr);
    assert!(long.stdout.lines().count() > 29, "{}", long.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_steers_the_terminal() {
    let bench = Bench::new().await;
    let mut letter = request("r", "iq_offline");
    letter.body = br#"{"type":"\u001b[2J","data":{"booking_id":"\u0007\n"}}"#.to_vec();
    letter.lay(&bench.bus).await;
    let id = bench.ids().remove(0);
    for told in [bench.dlq("list").stdout, bench.dlq(&format!("show {id}")).stdout] {
        assert!(!told.contains(['\u{1b}', '\u{7}']), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn show_shows_everything() {
    let bench = mixed().await;
    let before = bench.letters().await;
    let listed = bench.json("list");
    for letter in &listed {
        let id = letter["id"].as_str().unwrap();
        let [shown] = &bench.json(&format!("show {id}"))[..] else { panic!("one object") };
        for (member, value) in letter.as_object().unwrap() {
            assert_eq!(&shown[member], value, "{member}");
        }
        assert!(shown["body"].is_string() != shown["body_base64"].is_string());
        assert!(bench.dlq(&format!("show {id}")).stdout.contains("if replayed"));
    }
    let shown = &bench.json(&format!("show {}", listed[0]["id"].as_str().unwrap()))[0];
    assert_eq!(shown["headers"]["tenant"], "acme");
    assert_eq!(shown["properties"]["message_id"], "message");
    assert_eq!(shown["body"].as_str().unwrap().as_bytes(), before[0].body);
    let shown = &bench.json(&format!("show {}", listed[3]["id"].as_str().unwrap()))[0];
    assert_eq!(shown["body_base64"], "//4=");

    let unknown = bench.dlq("show 5f509ab2-a92a-5703-b6c3-6f1723f34aa6");
    assert_eq!((unknown.status, unknown.stdout.as_str()), (Some(1), ""));
    assert!(unknown.stderr.contains("5f509ab2-a92a-5703-b6c3-6f1723f34aa6"), "{}", unknown.stderr);
    assert_eq!(bench.letters().await, before);
}

//! `dlq list` and `dlq show` change nothing, whatever the letters contain.

use serde_json::json;

use super::{
    fixture::DlqFixture,
    letters::{ago, malformed, request, status},
};

async fn fixture_with_all_kinds() -> DlqFixture {
    let fixture = DlqFixture::new().await;
    let mut old = request("r-1", "iq_not_activated");
    old.failed_at = ago(7200);
    old.publish_to(&fixture.bus).await;
    request("r-1", "salto_unavailable").publish_to(&fixture.bus).await;
    status(3).publish_to(&fixture.bus).await;
    for body in [&b"\xff\xfe"[..], b"", b"{\"type\":5,\"data\":[]}", b"{\"id\":\"a\",\"id\":\"b\"}"]
    {
        malformed(body).publish_to(&fixture.bus).await;
    }
    malformed(&vec![b'x'; 3 << 20]).publish_to(&fixture.bus).await;
    // Moved here by hand, without headers.
    fixture.bus.publish_raw("", "postern.dead-letters", b"?", Default::default()).await;
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_listings_change_nothing() {
    let fixture = fixture_with_all_kinds().await;
    let (before, listed) = (fixture.letters().await, fixture.json("list"));
    assert_eq!((before.len(), listed.len()), (9, 9));
    for _ in 0..100 {
        assert_eq!(fixture.json("list"), listed);
    }
    assert_eq!(fixture.letters().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_letter_has_all_members() {
    let fixture = fixture_with_all_kinds().await;
    let listed = fixture.json("list");
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
async fn filters_select_letters() {
    let fixture = fixture_with_all_kinds().await;
    for (filter, count) in [
        ("--reason malformed", 5),
        ("--type lock.open-request.v1", 2),
        ("--type booking.status.v1", 1),
        ("--integration acme", 3),
        ("--age-min 1h", 1),
        ("--age-max 1h", 7),
        ("--text R-1", 2),
        ("--text TENANT", 0),
        ("--reason malformed --integration acme", 0),
    ] {
        assert_eq!(fixture.json(&format!("list {filter}")).len(), count, "{filter}");
    }
    assert_eq!(fixture.dlq("list --age-min soon").status, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_shows_groups_and_then_each_letter() {
    let fixture = fixture_with_all_kinds().await;
    let shown = fixture.dlq("list").stdout;
    let groups = shown.split("\n\n").next().unwrap();
    assert_eq!(groups.lines().count(), 6, "{shown}");
    let malformed = groups.lines().find(|line| line.starts_with("malformed")).unwrap();
    let cells: Vec<_> = malformed.split_whitespace().collect();
    assert_eq!(cells[..4], ["malformed", "postern.open-requests", "-", "5"], "{shown}");
    for id in fixture.ids() {
        assert!(shown.contains(&id), "{shown}");
    }

    for number in 0..20 {
        request(&format!("r-{number}"), "iq_offline").publish_to(&fixture.bus).await;
    }
    let (short, long) = (fixture.dlq("list"), fixture.dlq("list --long"));
    assert!(!short.stdout.contains("BOOKING"), "{}", short.stdout);
    assert!(short.stderr.contains("29 dead letters"), "{}", short.stderr);
    assert!(long.stdout.lines().count() > 29, "{}", long.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_controls_the_terminal() {
    let fixture = DlqFixture::new().await;
    let mut letter = request("r", "iq_offline");
    letter.body = br#"{"type":"\u001b[2J","data":{"booking_id":"\u0007\n"}}"#.to_vec();
    letter.publish_to(&fixture.bus).await;
    let id = fixture.ids().remove(0);
    for shown in [fixture.dlq("list").stdout, fixture.dlq(&format!("show {id}")).stdout] {
        assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn show_prints_the_complete_letter() {
    let fixture = fixture_with_all_kinds().await;
    let before = fixture.letters().await;
    let listed = fixture.json("list");
    for letter in &listed {
        let id = letter["id"].as_str().unwrap();
        let [shown] = &fixture.json(&format!("show {id}"))[..] else { panic!("one object") };
        for (member, value) in letter.as_object().unwrap() {
            assert_eq!(&shown[member], value, "{member}");
        }
        let bodies = ["body", "body_base64", "body_left_out"];
        let bodies = bodies.into_iter().filter(|member| shown[member].is_string());
        let bodies: Vec<_> = bodies.collect();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        let is_large = letter["bytes"].as_u64().unwrap() > 1 << 20;
        assert_eq!(bodies[0] == "body_left_out", is_large);
        assert!(fixture.dlq(&format!("show {id}")).stdout.contains("if replayed"));
    }
    let shown = &fixture.json(&format!("show {}", listed[0]["id"].as_str().unwrap()))[0];
    assert_eq!(shown["headers"]["tenant"], "acme");
    assert_eq!(shown["properties"]["message_id"], "message");
    assert_eq!(shown["body"].as_str().unwrap().as_bytes(), before[0].body);
    let shown = &fixture.json(&format!("show {}", listed[3]["id"].as_str().unwrap()))[0];
    assert_eq!(shown["body_base64"], "//4=");

    let unknown = fixture.dlq("show 5f509ab2-a92a-5703-b6c3-6f1723f34aa6");
    assert_eq!((unknown.status, unknown.stdout.as_str()), (Some(1), ""));
    assert!(unknown.stderr.contains("5f509ab2-a92a-5703-b6c3-6f1723f34aa6"), "{}", unknown.stderr);
    assert_eq!(fixture.letters().await, before);
}

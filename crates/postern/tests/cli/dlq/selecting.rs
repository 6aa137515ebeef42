//! Replay and drop handle the selected letters, and no others.

use super::{
    fixture::DlqFixture,
    letters::{malformed, request},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_action_requires_a_selection() {
    let fixture = DlqFixture::new().await;
    request("r", "iq_offline").publish_to(&fixture.bus).await;
    let id = fixture.ids().remove(0);
    for wrong in [
        "replay",
        "replay --dry-run",
        "drop --yes",
        "drop --all",
        &format!("replay {id} --all"),
        &format!("replay {id} --reason iq_offline"),
        "drop --yes --all --integration acme",
        "replay --all --rate 0",
    ] {
        let ended = fixture.dlq(wrong);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{wrong}");
    }
    for unknown in ["r", "5f509ab2-a92a-5703-b6c3-6f1723f34aa6"] {
        for command in ["replay", "replay --dry-run", "drop --yes"] {
            let ended = fixture.dlq(&format!("{command} {id} {unknown}"));
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{command}");
            assert!(ended.stderr.contains(&format!("no dead letter {unknown}")), "{ended:?}");
        }
    }
    assert_eq!(fixture.ids(), [id]);
    assert_eq!(fixture.json("replay --reason malformed").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_selects_one_letter_even_among_duplicates() {
    let fixture = DlqFixture::new().await;
    let duplicate = malformed(b"duplicate");
    for letter in [&duplicate, &malformed(b"other"), &duplicate, &duplicate] {
        letter.publish_to(&fixture.bus).await;
    }
    let ids = fixture.ids();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (4, 4));

    // Down the list, each id exists until it is replayed.
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(fixture.ids(), ids[number..]);
        assert_eq!(fixture.dlq(&format!("replay {id}")).status, Some(0));
        assert_eq!(fixture.waiting("open-requests").await as usize, number + 1);
        let again = fixture.dlq(&format!("replay {id}"));
        assert_eq!(again.status, Some(1), "{id} is gone: {again:?}");
    }

    // Several at once.
    for _ in 0..3 {
        duplicate.publish_to(&fixture.bus).await;
    }
    let ids = fixture.ids();
    let replayed = fixture.json(&format!("replay {} {}", ids[0], ids[2]));
    assert_eq!(replayed.len(), 2);
    assert_eq!(fixture.waiting("open-requests").await, 6);
    assert_eq!(fixture.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_filters_that_nothing_has_are_refused_with_the_known_ones() {
    let fixture = DlqFixture::new().await;
    let mut foreign = request("r", "unknown_type");
    let mut event: serde_json::Value = serde_json::from_slice(&foreign.body).unwrap();
    event["type"] = "lock.close-request.v1".into();
    event["data"]["integration_id"] = "removed".into();
    foreign.body = serde_json::to_vec(&event).unwrap();
    foreign.publish_to(&fixture.bus).await;

    for (filter, known) in [
        ("--reason mallformed", "unknown_type"),
        ("--reason mallformed", "malformed"),
        ("--type lock.open-requests.v1", "known: booking.status.v1, lock.open-request.v1"),
        ("--integration acmee", "configured: acme"),
        // One filter may exclude the letter that has the value of the other.
        ("--integration removed --type open", "known: booking.status.v1"),
    ] {
        for command in ["list", "export", "replay --dry-run", "replay", "drop --yes"] {
            let ended = fixture.dlq(&format!("{command} {filter}"));
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{command} {filter}");
            assert!(ended.stderr.contains(known), "{command} {filter}: {}", ended.stderr);
        }
    }
    // What a dead letter has is known, and so is what the configuration and the workers know.
    for (filter, count) in [
        ("--type lock.close-request.v1", 1),
        ("--integration removed", 1),
        ("--integration removed --age-min 1h", 0),
        ("--integration acme", 0),
        ("--type booking.status.v1", 0),
        ("--reason unknown", 0),
    ] {
        assert_eq!(fixture.json(&format!("list {filter}")).len(), count, "{filter}");
    }
    // Without the whole configuration, no integration is refused.
    let mut bare = crate::running::bare();
    bare.env("POSTERN__BROKER__URL", fixture.vhost.url());
    let ended = crate::running::end(bare.args(["dlq", "list", "--integration", "acmee"]));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

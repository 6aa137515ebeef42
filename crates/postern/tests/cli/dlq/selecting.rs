//! Replaying and dropping take what was asked for, and nothing else.

use super::{
    bench::Bench,
    letters::{malformed, request},
};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_without_saying_to_what() {
    let bench = Bench::new().await;
    request("r", "iq_offline").lay(&bench.bus).await;
    let id = bench.ids().remove(0);
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
        let ended = bench.dlq(wrong);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{wrong}");
    }
    for unknown in ["r", "5f509ab2-a92a-5703-b6c3-6f1723f34aa6"] {
        for command in ["replay", "replay --dry-run", "drop --yes"] {
            let ended = bench.dlq(&format!("{command} {id} {unknown}"));
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""), "{command}");
            assert!(ended.stderr.contains(&format!("no dead letter {unknown}")), "{ended:?}");
        }
    }
    assert_eq!(bench.ids(), [id]);
    assert_eq!(bench.json("replay --reason none").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_means_one_letter_also_among_equals() {
    let bench = Bench::new().await;
    let twin = malformed(b"twin");
    for letter in [&twin, &malformed(b"other"), &twin, &twin] {
        letter.lay(&bench.bus).await;
    }
    let ids = bench.ids();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), distinct.len()), (4, 4));

    // Down the list, each id is there until its turn.
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(bench.ids(), ids[number..]);
        assert_eq!(bench.dlq(&format!("replay {id}")).status, Some(0));
        assert_eq!(bench.waiting("open-requests").await as usize, number + 1);
        let again = bench.dlq(&format!("replay {id}"));
        assert_eq!(again.status, Some(1), "{id} is gone: {again:?}");
    }

    // Several at once.
    for _ in 0..3 {
        twin.lay(&bench.bus).await;
    }
    let ids = bench.ids();
    let replayed = bench.json(&format!("replay {} {}", ids[0], ids[2]));
    assert_eq!(replayed.len(), 2);
    assert_eq!(bench.waiting("open-requests").await, 6);
    assert_eq!(bench.ids().len(), 1);
}

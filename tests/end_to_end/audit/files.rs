//! The audit directory with a file per day: errors of writing, and the retention.

use super::assert_agrees;
use super::sink::{Sink, directory};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::time;

#[tokio::test]
async fn a_line_that_cannot_be_written_delays_its_message_but_not_the_answer() {
    let fixture = Fixture::new(Sink::File.setup().await, 1).await;
    let (directory, aside) = (directory(&fixture.setup), fixture.setup.directory().join("aside"));
    std::fs::rename(&directory, &aside).expect("the directory is moved away");
    std::fs::write(&directory, "in the way").expect("a file is in its place");
    let answer = fixture.open("R-1", BOOKING).await;
    assert_eq!(answer.kind, "lock.opened.v1");
    fixture.workers[0].wait_for_log("audit line not written, the message waits", SOON).await;
    let parked = r#"postern_requests_parked_total{reason="audit_sink"}"#;
    fixture.workers[0].wait_for_metric(parked, 1.0, SOON).await;
    assert_eq!(fixture.settled("open-requests").await, 0);

    std::fs::remove_file(&directory).expect("it is out of the way");
    std::fs::rename(&aside, &directory).expect("the directory is back");
    // The message is redelivered after 16 seconds.
    fixture.wait_until_settled("open-requests", 1).await;
    let lines = Sink::File.written(&fixture.setup, "").await;
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    assert_agrees(line, &answer);
    assert_eq!(fixture.setup.simulator.opening_count().await, 1);
    assert_eq!(fixture.bus.dead_letters().await, []);
}

#[tokio::test]
async fn a_worker_that_cannot_write_lines_does_not_start() {
    let setup = Sink::File.setup().await;
    std::fs::write(directory(&setup), "in the way").expect("a file is in its place");
    let worker = setup.worker("unable").spawn();
    assert_eq!(worker.ended(SOON).await.code(), Some(1));
    let log = worker.log();
    assert!(log.contains("error: audit.directory: ") && log.contains("cannot be written"), "{log}");
}

#[tokio::test]
async fn days_beyond_the_retention_are_removed_at_start() {
    let mut setup = Sink::File.setup().await;
    setup.settings.set("retention.audit", "36h");
    let directory = directory(&setup);
    std::fs::create_dir(&directory).expect("the directory is made");
    let name = |days: i64| {
        let day = time(-days * 86_400);
        directory.join(format!("audit-{}.jsonl", &day[..10]))
    };
    let (kept, gone, other) = (name(1), name(4), directory.join("audit-old.txt"));
    for path in [&kept, &gone, &other] {
        std::fs::write(path, "{}\n").expect("an old day is written");
    }
    let worker = setup.worker("tidy").start().await;
    until_true("the old day to go", SOON, async || !gone.exists()).await;
    assert!(kept.exists() && other.exists());
    worker.wait_for_log("expired audit files removed", SOON).await;
}

//! The directory of days: not to be written, and tidied.

use super::{To, agree, directory};
use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::time;
use end_to_end::scene::{BOOKING, Scene};

#[tokio::test]
async fn a_line_that_cannot_be_written_holds_its_message_and_not_the_answer() {
    let scene = Scene::new(To::File.world().await, 1).await;
    let (directory, aside) = (directory(&scene.world), scene.world.directory().join("aside"));
    std::fs::rename(&directory, &aside).expect("the directory is moved away");
    std::fs::write(&directory, "in the way").expect("a file is in its place");
    let answer = scene.open("R-1", BOOKING).await;
    assert_eq!(answer.kind, "lock.opened.v1");
    scene.workers[0].says("an audit line is not written, and its message waits", SOON).await;
    until_true("the message to be parked", SOON, || async {
        scene.workers[0]
            .metrics()
            .await
            .contains(r#"postern_requests_parked_total{reason="audit_sink"}"#)
    })
    .await;
    assert_eq!(scene.settled("open-requests").await, 0);

    std::fs::remove_file(&directory).expect("it is out of the way");
    std::fs::rename(&aside, &directory).expect("the directory is back");
    // It comes back after 16 seconds.
    scene.settles("open-requests", 1).await;
    let lines = To::File.written(&scene.world, "").await;
    let [line] = &lines[..] else { panic!("one line: {lines:?}") };
    agree(line, &answer);
    assert_eq!(scene.world.simulator.opened().await, 1);
    assert_eq!(scene.bus.dead_letters().await, []);
}

#[tokio::test]
async fn a_worker_that_could_not_write_lines_does_not_start() {
    let world = To::File.world().await;
    std::fs::write(directory(&world), "in the way").expect("a file is in its place");
    let worker = world.worker("unable").spawn();
    assert_eq!(worker.ended(SOON).await.code(), Some(1));
    let log = worker.log();
    assert!(log.contains("error: audit.directory: ") && log.contains("cannot be written"), "{log}");
}

#[tokio::test]
async fn days_beyond_the_retention_are_removed_at_start() {
    let mut world = To::File.world().await;
    world.settings.set("retention.audit", "36h");
    let directory = directory(&world);
    std::fs::create_dir(&directory).expect("the directory is made");
    let name = |days: i64| {
        let day = time(-days * 86_400);
        directory.join(format!("audit-{}.jsonl", &day[..10]))
    };
    let (kept, gone, other) = (name(1), name(4), directory.join("audit-old.txt"));
    for path in [&kept, &gone, &other] {
        std::fs::write(path, "{}\n").expect("an old day is written");
    }
    let worker = world.worker("tidy").start().await;
    until_true("the old day to go", SOON, async || !gone.exists()).await;
    assert!(kept.exists() && other.exists());
    worker.says("beyond their retention removed", SOON).await;
}

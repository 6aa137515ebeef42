//! `dlq drop` writes letters to the file, then removes them from the broker.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt};

use end_to_end::deadline::{SOON, until_true};
use serde_json::Value;

use super::{
    fixture::DlqFixture,
    letters::{malformed, request},
};

#[tokio::test(flavor = "multi_thread")]
async fn dropped_letters_are_in_the_archive() {
    let fixture = DlqFixture::new().await;
    request("keep", "iq_offline").publish_to(&fixture.bus).await;
    for number in 0..40 {
        malformed(format!("no event {number}").as_bytes()).publish_to(&fixture.bus).await;
    }
    malformed(b"\xff").publish_to(&fixture.bus).await;
    let listed = fixture.json("list --reason malformed");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("archive.jsonl");
    let archive = path.display();

    let dropped = fixture.json(&format!("drop --reason malformed --yes --archive {archive}"));
    assert_eq!(dropped.len(), 41);
    assert!(dropped.iter().all(|it| it["result"] == "dropped"));
    assert_eq!(fixture.ids().len(), 1);
    assert_eq!(fixture.waiting("open-requests").await, 0);

    let kept = fs::read_to_string(&path).unwrap();
    let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let id = |it: &Value| it["id"].clone();
    assert_eq!(kept.iter().map(id).collect::<Vec<_>>(), listed.iter().map(id).collect::<Vec<_>>());
    assert_eq!(
        (&kept[0]["body"], &kept[40]["body_base64"]),
        (&"no event 0".into(), &"/w==".into())
    );
    assert_eq!(kept[0]["headers"]["postern-reason"], "malformed");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    // An existing file is not overwritten, and nothing is dropped.
    let refused = fixture.dlq(&format!("drop --all --yes --archive {archive}"));
    assert_eq!(refused.status, Some(1));
    assert!(refused.stderr.contains("archive.jsonl"), "{}", refused.stderr);
    assert_eq!((fixture.ids().len(), fs::read_to_string(&path).unwrap().lines().count()), (1, 41));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_default_archive_is_in_the_current_directory() {
    let fixture = DlqFixture::new().await;
    request("r", "iq_offline").publish_to(&fixture.bus).await;
    let directory = tempfile::tempdir().unwrap();
    let mut command = fixture.postern.command(&["dlq", "drop", "--all", "--yes"]);
    let ended = crate::running::end(command.current_dir(directory.path()));
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|it| it.unwrap()).collect();
    assert_eq!(files.len(), 1);
    let name = files[0].file_name().into_string().unwrap();
    assert!(name.starts_with("postern-dead-letters-") && name.ends_with(".jsonl"), "{name}");
    assert!(ended.stderr.contains(&name), "{}", ended.stderr);
    assert_eq!(fixture.ids().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_killed_drop_each_letter_is_in_the_queue_or_in_the_archive() {
    let fixture = DlqFixture::new().await;
    for number in 0..1_000 {
        malformed(format!("{number}").as_bytes()).publish_to(&fixture.bus).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("archive.jsonl");
    let arguments = ["dlq", "drop", "--all", "--yes", "--archive", path.to_str().unwrap()];
    let mut child = fixture.postern.command(&arguments).spawn().unwrap();
    until_true("something to be archived", SOON, || async {
        fs::metadata(&path).is_ok_and(|archive| archive.len() > 0)
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();

    let queued: BTreeSet<String> = fixture.ids().into_iter().collect();
    let archive = fs::read_to_string(&path).unwrap();
    let whole = archive.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let archived: BTreeSet<String> =
        whole.map(|letter| letter["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(queued.union(&archived).count(), 1_000);
}

//! `dlq export` writes all letters and changes none.

use std::fs;

use serde_json::Value;

use super::{
    fixture::DlqFixture,
    letters::{malformed, request},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_export_contains_all_letters_and_changes_none() {
    let fixture = DlqFixture::new().await;
    for number in 0..20 {
        request(&format!("r-{number}"), "iq_offline").publish_to(&fixture.bus).await;
    }
    malformed(b"\xff").publish_to(&fixture.bus).await;
    let before = fixture.letters().await;
    let path = tempfile::tempdir().unwrap().keep().join("export.jsonl");
    let ended = fixture.dlq(&format!("export --out {}", path.display()));
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    let exported = fs::read_to_string(&path).unwrap();
    fs::remove_dir_all(path.parent().unwrap()).unwrap();

    let lines: Vec<Value> =
        exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 21);
    for (line, letter) in lines.iter().zip(&before).take(20) {
        assert_eq!(line["body"].as_str().unwrap().as_bytes(), letter.body);
        assert_eq!(line["routing_key"], letter.routing_key);
    }
    assert_eq!(lines[20]["body_base64"], "/w==");
    assert_eq!(fixture.dlq("export --reason malformed").stdout.lines().count(), 1);
    assert_eq!(fixture.letters().await, before);
}

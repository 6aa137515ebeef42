//! `postern check-event`: verdicts on events without broker or configuration.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::running::{RunResult, bare, end};

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/samples");
const NOW: [&str; 2] = ["--now", "2026-01-15T12:00:00Z"];

fn check(paths: &[&str], more: &[&str]) -> RunResult {
    end(bare().arg("check-event").args(paths).args(NOW).args(more))
}

fn rows(ended: &RunResult) -> Vec<Value> {
    ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_invalid_sample_has_the_reason_of_its_dead_letter() {
    let ended = check(&[&format!("{SAMPLES}/invalid")], &["--output", "json"]);
    let rows = rows(&ended);
    let invalid = rows.iter().filter(|row| row["ok"] == false).count();
    assert!(invalid >= 30);
    let failure: Value = serde_json::from_str(&ended.stderr).unwrap();
    let count = format!("{invalid} of {} events are not valid", rows.len());
    assert_eq!((ended.status, &failure["error"]), (Some(1), &Value::from(count)));
    for row in rows {
        let name = Path::new(row["file"].as_str().unwrap()).file_name().unwrap().to_owned();
        let words: Vec<&str> = name.to_str().unwrap().split("--").collect();
        if row["ok"] == true {
            // In the queue of the other type, which a file does not have.
            assert_eq!(words[0], "unknown_type", "{row}");
            continue;
        }
        assert_eq!(row["reason"], words[0], "{row}");
        assert!(!row["mistakes"].as_array().unwrap().is_empty(), "{row}");
    }
}

#[test]
fn all_mistakes_of_an_event_are_reported_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("event.json");
    let event = json!({
        "specversion": "1.0", "type": "booking.status.v1", "source": "", "id": 7,
        "time": "2026-08-25 07:25", "data": {
            "integration_id": "acme", "booking_id": "b-1", "object_ids": ["room", 1, ""],
            "starts_at": "2026-08-25T09:00:00Z", "ends_at": "2026-08-25T08:00:00Z", "revision": -1,
        },
    });
    fs::write(&file, event.to_string()).unwrap();
    let ended = check(&[file.to_str().unwrap()], &[]);
    let rule = "must be a string of 1 to 256 bytes without control characters";
    let expected = [
        format!("INVALID  {}: schema_violation", file.display()),
        format!("`id` {rule}"),
        "`source` must be a string of 1 to 1024 bytes without control characters".to_owned(),
        "`time` must be a time in RFC 3339 with an offset, in the years 0 to 9999 of UTC"
            .to_owned(),
        "`data.status` is missing".to_owned(),
        format!("`data.object_ids[1]` {rule}"),
        format!("`data.object_ids[2]` {rule}"),
        format!("`data.revision` must be an integer from 0 to {}", i64::MAX),
        "`data.ends_at` must be after `data.starts_at`".to_owned(),
    ];
    let lines: Vec<&str> = ended.stdout.lines().map(str::trim).collect();
    assert_eq!(lines, expected);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(1), "error: the event is not valid\n"));
}

#[test]
fn a_valid_event_is_shown_with_its_routing_key() {
    let file = format!("{SAMPLES}/valid/lock.open-request.v1--expires-in-9999.json");
    let event: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let ended = check(&[&file], &["--output", "json"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let key = format!("lock.open-request.{}", event["data"]["integration_id"].as_str().unwrap());
    let expected = json!({
        "file": file, "ok": true, "type": "lock.open-request.v1", "id": event["id"], "routing_key": key,
    });
    assert_eq!(rows(&ended), [expected]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let empty = check(&[path], &[]);
    assert_eq!(empty.status, Some(1));
    assert!(empty.stderr.contains(&format!("no file whose name ends in .json below {path}")));
    let absent = check(&[&format!("{path}/absent.json")], &[]);
    assert_eq!(absent.status, Some(1));
    assert!(absent.stderr.contains("cannot read"), "{}", absent.stderr);
}

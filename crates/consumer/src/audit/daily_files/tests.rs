use std::{fs, os::unix::fs::PermissionsExt};

use uuid::Uuid;

use super::*;

/// A directory that does not exist yet, removed after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("postern-audit-{}", Uuid::new_v4())))
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn on(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

#[test]
fn each_day_has_its_file_which_only_grows() {
    let scratch = Scratch::new();
    let days = DailyFiles::new(&scratch.0.join("deep"));
    days.prepare().unwrap();
    days.append(on("2026-11-21"), "a").unwrap();
    days.append(on("2026-11-22"), "b").unwrap();
    DailyFiles::new(&scratch.0.join("deep")).append(on("2026-11-21"), "c").unwrap();
    assert_eq!(scratch.read("deep/audit-2026-11-21.jsonl"), "a\nc\n");
    assert_eq!(scratch.read("deep/audit-2026-11-22.jsonl"), "b\n");
    let mode = |path: &str| fs::metadata(scratch.0.join(path)).unwrap().permissions().mode();
    assert_eq!(mode("deep/audit-2026-11-21.jsonl") & 0o137, 0, "for the group to read at most");
    assert_eq!(mode("deep") & 0o027, 0);
}

#[test]
fn a_line_does_not_join_what_was_torn() {
    let scratch = Scratch::new();
    let days = DailyFiles::new(&scratch.0);
    days.prepare().unwrap();
    fs::write(scratch.0.join("audit-2026-11-22.jsonl"), "whole\n{\"id\":\"to").unwrap();
    days.append(on("2026-11-22"), "b").unwrap();
    days.append(on("2026-11-22"), "c").unwrap();
    assert_eq!(scratch.read("audit-2026-11-22.jsonl"), "whole\n{\"id\":\"to\nb\nc\n");
}

#[test]
fn lines_of_several_writers_do_not_mix() {
    let scratch = Scratch::new();
    let days = DailyFiles::new(&scratch.0);
    days.prepare().unwrap();
    std::thread::scope(|threads| {
        for letter in ["a", "b", "c", "d"] {
            let (days, line) = (days.clone(), letter.repeat(9_000));
            threads.spawn(move || {
                for _ in 0..20 {
                    days.append(on("2026-11-22"), &line).unwrap();
                }
            });
        }
    });
    let text = scratch.read("audit-2026-11-22.jsonl");
    let whole = |line: &str| line.len() == 9_000 && line.bytes().all(|it| it == line.as_bytes()[0]);
    // Who looks just when another one writes may see half of it, and end it once more.
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!((lines.len(), lines.iter().all(|line| whole(line))), (80, true));
}

#[test]
fn days_beyond_the_retention_go_and_nothing_else() {
    let scratch = Scratch::new();
    let days = DailyFiles::new(&scratch.0);
    days.prepare().unwrap();
    fs::remove_file(days.list().unwrap().into_values().next().unwrap()).unwrap();
    let others = ["audit-2020-01-01.jsonl.gz", "audit-2020-1-1.jsonl", "audit-x.jsonl", "other"];
    for name in others {
        fs::write(scratch.0.join(name), "").unwrap();
    }
    let all = ["2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"].map(on);
    for day in all {
        days.append(day, "x").unwrap();
    }
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    // A day is beyond it when its last instant is.
    let retention = Duration::from_secs(36 * 3600);
    assert_eq!(days.remove_expired(now, retention).unwrap(), all[..2]);
    assert_eq!(days.remove_expired(now, retention).unwrap(), []);
    let left: Vec<NaiveDate> = days.list().unwrap().into_keys().collect();
    assert_eq!(left, all[2..]);
    assert!(others.iter().all(|name| scratch.0.join(name).exists()));
}

#[test]
fn what_cannot_be_a_directory_is_found_out_at_start() {
    let scratch = Scratch::new();
    fs::write(&scratch.0, "a file").unwrap();
    assert!(DailyFiles::new(&scratch.0).prepare().is_err());
    fs::remove_file(&scratch.0).unwrap();
}

//! `postern audit` with files of lines, and its errors where there are none.

use std::{fs, io::Write, process::Stdio};

use deadpool_redis::redis::cmd;
use end_to_end::{
    deadline::SOON,
    processes::{Process, Terminal},
    redis::PrivateRedis,
};
use serde_json::{Value, json};

use crate::running::{Postern, RunResult};

/// A line of the audit; another `number` is another line, this many seconds later.
fn line(number: u32) -> String {
    let line = json!({
        "id": uuid::Uuid::from_u128(number.into()),
        "at": format!("2026-11-22T10:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "integration_id": "acme",
        "booking_id": format!("B-{number}"),
        "requested_by": "guest",
        "request_id": format!("R-{number}"),
        "request_source": "/booking-system",
        "outcome": "rejected",
        "reason": "too_early",
        "detail": "too early",
        "opens_at": "2026-11-22T12:00:00Z",
        "attempts": 0,
        "of a later version": [true],
        "saw": {"taken_at": "2026-11-22T10:00:00Z", "expires_at": "2026-11-22T10:01:00Z"},
    });
    line.to_string()
}

fn audit(postern: &Postern, text: &str, arguments: &[&str]) -> RunResult {
    let file = postern.file().with_file_name("lines");
    fs::write(&file, text).unwrap();
    postern.run(&[&["audit", "--file", file.to_str().unwrap()], arguments].concat())
}

fn ids(ended: &RunResult) -> Vec<String> {
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap()["request_id"].clone();
    ended.stdout.lines().map(|line| read(line).as_str().unwrap().to_owned()).collect()
}

#[test]
fn invalid_lines_are_left_out_with_a_warning_and_repeated_ones_without() {
    let torn = &line(2)[..90];
    let log = r#"{"level":"INFO","message":"started"}"#;
    let text = format!("{}\n{log}\n{torn}\n\n{}\n{}\n{}", line(1), line(3), line(1), line(4));
    let ended = audit(&Postern::new(), &text, &["--output", "json"]);
    assert_eq!(ids(&ended), ["R-1", "R-3", "R-4"]);
    assert_eq!(ended.stdout.lines().next(), Some(&*line(1)), "as it is");
    assert_eq!(
        ended.stderr,
        "warning: left out 2 lines that are not lines of the audit, or are incomplete\n"
    );
    let ended = audit(&Postern::new(), torn, &[]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(0), ""));
    assert!(ended.stderr.contains("no decisions match"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("left out 1 line that is not a line of the audit, or is incomplete")
    );
}

#[test]
fn text_shows_the_newest_hundred_and_json_all() {
    let text: String = (0..250).map(|number| format!("{}\n", line(number))).collect();
    let postern = Postern::new();
    let table = audit(&postern, &text, &[]);
    let lines: Vec<&str> = table.stdout.lines().collect();
    assert_eq!(lines.len(), 101);
    assert!(lines[1].contains("B-150") && lines[100].contains("B-249"), "{}", table.stdout);
    assert!(lines[1].contains("too early, opens at 2026-11-22 "), "{}", lines[1]);
    assert!(table.stderr.contains("the newest 100; there are more"), "{}", table.stderr);
    assert_eq!(audit(&postern, &text, &["--all"]).stdout.lines().count(), 250);
    assert_eq!(ids(&audit(&postern, &text, &["--output", "json"])).len(), 250);
    let last = audit(&postern, &text, &["--output", "json", "--limit", "2"]);
    assert_eq!(ids(&last), ["R-248", "R-249"]);
    let period = ["--since", "2026-11-22T10:01:00Z", "--until", "2026-11-22T11:01:02+01:00"];
    let period = audit(&postern, &text, &[&period[..], &["--output", "json"]].concat());
    assert_eq!(ids(&period), ["R-60", "R-61"]);
}

#[test]
fn standard_input_is_a_file_too() {
    let postern = Postern::new();
    let mut command = postern.command(&["audit", "--file", "-", "--output", "json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{}", line(7)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}\n", line(7)));
}

#[test]
fn invalid_filters_are_refused() {
    let postern = Postern::new();
    for (arguments, wanted) in [
        (&["--reason", "too_soon"][..], "too_early"),
        (&["--reason", "too_soon"], "outcome_unknown"),
        (
            &["--outcome", "denied"],
            "[possible values: opened, rejected, failed, confirmed, changed",
        ),
        (&["--since", "yesterday"], "such as 2026-08-25T07:25:00Z"),
        (&["--limit", "0"], "1.."),
        (&["--follow", "--since", "-1h"], "cannot be used with"),
        (&["--limit", "3", "--all"], "cannot be used with"),
    ] {
        let ended = postern.run(&[&["audit"], arguments].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.stderr.contains(wanted), "{arguments:?}: {}", ended.stderr);
    }
    let missing = postern.run(&["audit", "--file", "/no/such/file"]);
    assert_eq!(missing.status, Some(1));
    assert!(missing.stderr.contains("error: /no/such/file cannot be read: No such"));
}

#[test]
fn an_audit_that_is_not_stored_here_is_an_error_with_the_next_step() {
    for (to, wanted) in
        [("stdout", "in the collected standard output of the workers"), ("off", "off")]
    {
        for arguments in [&["audit"][..], &["audit", "--follow"]] {
            let ended = Postern::new().variable("POSTERN__AUDIT__TO", to).run(arguments);
            assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{to}");
            assert!(ended.stderr.contains(wanted) && ended.stderr.contains("--file"), "{to}");
        }
    }
    let away = Postern::new().run(&["audit"]);
    assert_eq!(away.status, Some(1));
    assert!(away.stderr.starts_with("error: the audit cannot be read: Redis cannot be used now"));
    let nowhere = Postern::new()
        .variable("POSTERN__AUDIT__TO", "file")
        .variable("POSTERN__AUDIT__DIRECTORY", "/no/such/directory")
        .run(&["audit"]);
    assert_eq!(nowhere.status, Some(1));
    assert!(nowhere.stderr.contains("is it on this machine?"), "{}", nowhere.stderr);
}

#[test]
fn days_are_read_in_order_and_only_as_far_as_necessary() {
    let directory = tempfile::tempdir().unwrap();
    for (day, text) in [("20", "a torn line"), ("21", "")] {
        let lines: String = (0..5).map(|number| line(number) + "\n").collect();
        let of_that_day = lines.replace("2026-11-22T10", &format!("2026-11-{day}T10"));
        let of_that_day = of_that_day.replace("R-", &format!("R-{day}-"));
        // The lines of another day have other ids.
        let of_that_day = of_that_day.replace("00000000-0000", &format!("{day}000000-0000"));
        let name = format!("audit-2026-11-{day}.jsonl");
        fs::write(directory.path().join(name), of_that_day + text).unwrap();
    }
    let lines: String = (0..5).map(|number| line(number) + "\n").collect();
    fs::write(directory.path().join("audit-2026-11-22.jsonl"), lines).unwrap();
    fs::write(directory.path().join("audit-2026-11-22.jsonl.swp"), "not of the audit").unwrap();
    let postern = Postern::new()
        .variable("POSTERN__AUDIT__TO", "file")
        .variable("POSTERN__AUDIT__DIRECTORY", directory.path().to_str().unwrap());
    let read =
        |arguments: &[&str]| postern.run(&[&["audit", "--output", "json"], arguments].concat());
    assert_eq!(ids(&read(&[])).len(), 15);
    let newest = read(&["--limit", "7"]);
    assert_eq!(ids(&newest), ["R-21-3", "R-21-4", "R-0", "R-1", "R-2", "R-3", "R-4"]);
    assert_eq!(newest.stderr, "the newest 7; there are more: --limit N, or --all\n");
    let period = read(&["--since", "2026-11-20T10:00:04Z", "--until", "2026-11-21T10:00:02Z"]);
    assert_eq!(ids(&period), ["R-20-4", "R-21-0", "R-21-1"]);
}

#[tokio::test]
async fn a_long_stream_is_read_completely_and_decisions_are_selected_by_their_own_time() {
    let url = end_to_end::services::redis_url();
    let prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
    let mut connection = end_to_end::redis::connect(&url).await;
    let key = format!("{prefix}audit");
    // 10:00:00 of the first line; Redis took one each second, five minutes early or half a day late.
    let start = chrono::DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z").unwrap();
    let mut add = deadpool_redis::redis::pipe();
    for number in 0..1200_u32 {
        let late = if number < 600 { -300 } else { 12 * 3600 };
        let id = (start.timestamp() + i64::from(number) + late) * 1000;
        add.cmd("XADD").arg(&key).arg(format!("{id}-0")).arg("line").arg(line(number)).ignore();
    }
    add.cmd("PEXPIRE").arg(&key).arg(60_000).ignore();
    let () = add.query_async(&mut connection).await.unwrap();
    let postern = Postern::new()
        .variable("POSTERN__REDIS__URL", url)
        .variable("POSTERN__REDIS__KEY_PREFIX", prefix);
    let read = |arguments: &[&str]| {
        ids(&postern.run(&[&["audit", "--output", "json"], arguments].concat()))
    };
    let all: Vec<String> = (0..1200).map(|number| format!("R-{number}")).collect();
    assert_eq!(read(&[]), all);
    assert_eq!(read(&["--limit", "1100"]), all[100..]);
    let period = ["--since", "2026-11-22T10:09:58Z", "--until", "2026-11-22T10:10:02Z"];
    assert_eq!(read(&period), all[598..602]);
    assert_eq!(read(&[&period[..], &["--limit", "3"]].concat()), all[599..602]);
}

/// Adds a line to the stream of the audit, as a worker does.
async fn add(redis: &PrivateRedis, line: &str) {
    let mut connection = end_to_end::redis::connect(&redis.url()).await;
    let mut command = cmd("XADD");
    command.arg("postern:audit").arg("*").arg("line").arg(line);
    let _: String = command.query_async(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_survives_a_restart_of_redis() {
    let mut redis = PrivateRedis::start().await;
    let postern = Postern::new().variable("POSTERN__REDIS__URL", redis.url());
    let directory = tempfile::tempdir().unwrap();
    let mut command = postern.command(&["audit", "--follow"]);
    let follow = Process::start("audit", directory.path(), &mut command);
    follow.wait_for_log("listening…", SOON).await;
    add(&redis, &line(1)).await;
    follow.wait_for_log("B-1", SOON).await;
    let mut connection = end_to_end::redis::connect(&redis.url()).await;
    let clients = cmd("CLIENT").arg("LIST").query_async(&mut connection).await;
    let clients: String = clients.unwrap();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let name = format!(" name=postern:{}:{} ", host.trim(), follow.pid());
    assert!(clients.contains(&name), "{name}: {clients}");

    redis.kill().await;
    follow.wait_for_log("Redis cannot be used now: ", SOON).await;
    redis.restart().await;
    add(&redis, &line(2)).await;
    follow.wait_for_log("B-2", SOON).await;
    let log = follow.log();
    assert_eq!(log.matches("trying again").count(), 1, "{log}");
    assert_eq!(log.matches("Redis answers again, for the first time since 20").count(), 1, "{log}");
    assert_eq!((log.matches("B-1 ").count(), log.matches("B-2 ").count()), (1, 1), "{log}");
}

/// The screen of a terminal of this width after `audit` with a rejected decision.
async fn screen(columns: u16, variables: &[(&str, &str)]) -> String {
    let postern = Postern::new();
    let file = postern.file().with_file_name("lines");
    fs::write(&file, line(1)).unwrap();
    let mut command = postern.command(&["audit", "--file", file.to_str().unwrap()]);
    command.env("TERM", "xterm").env("NO_COLOR", "").envs(variables.iter().copied());
    let terminal = Terminal::start_with_width(&command, columns);
    assert!(terminal.ended(SOON).await.success(), "{}", terminal.screen());
    terminal.screen()
}

#[tokio::test]
async fn a_table_fits_the_terminal_and_its_problems_are_in_colour() {
    let coloured = "\u{1b}[33mrejected\u{1b}[0m";
    let wide = screen(200, &[]).await;
    assert_eq!(wide.lines().count(), 2, "{wide}");
    assert!(wide.contains(coloured) && wide.contains("too early, opens at 2026-11-22 12:00:00Z"));

    let narrow = screen(110, &[]).await;
    assert!(narrow.lines().count() > 2, "{narrow}");
    let plain = narrow.replace("\u{1b}[33m", "").replace("\u{1b}[0m", "");
    assert!(plain.lines().all(|line| line.chars().count() <= 110), "{plain}");

    for variables in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let screen = screen(200, &[variables]).await;
        assert!(screen.contains("rejected") && !screen.contains('\u{1b}'), "{screen:?}");
    }
}

#[test]
fn times_are_in_utc_unless_the_zone_of_the_machine_is_asked_for() {
    let postern = Postern::new().variable("TZ", "JST-9");
    let utc = audit(&postern, &line(1), &[]).stdout;
    assert!(utc.contains("2026-11-22 10:00:01Z"), "{utc}");
    let local = audit(&postern, &line(1), &["--local"]).stdout;
    assert!(local.contains("2026-11-22 19:00:01+09:00"), "{local}");
    assert!(local.contains("opens at 2026-11-22 21:00:00+09:00"), "{local}");
}

#[test]
fn an_integration_without_decisions_that_is_not_configured_is_refused() {
    let postern = Postern::new();
    let of_removed = line(1).replace("\"acme\"", "\"removed\"");
    let ended = audit(&postern, &of_removed, &["--integration", "removed", "--output", "json"]);
    assert_eq!(ids(&ended), ["R-1"]);
    let ended = audit(&postern, &of_removed, &["--integration", "acmee"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
    assert!(ended.stderr.contains("configured: acme"), "{}", ended.stderr);
    let ended = audit(&postern, &of_removed, &["--integration", "acme"]);
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
}

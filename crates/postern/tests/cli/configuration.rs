//! The source of the configuration, and the report about it.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::running::{Postern, bare, end};

#[test]
fn without_a_configuration_nothing_runs() {
    let file = "--config FILE or set POSTERN_CONFIG";
    let file_or_broker = "--config FILE, or set POSTERN_CONFIG or POSTERN__BROKER__URL";
    for (command, wanted) in [("worker", file), ("check-config", file), ("tail", file_or_broker)] {
        let ended = end(bare().arg(command));
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""));
        assert!(ended.stderr.contains(wanted), "{}", ended.stderr);
    }
}

#[test]
fn the_file_is_named_by_argument_or_variable() {
    let postern = Postern::new();
    let by_variable = end(bare().env("POSTERN_CONFIG", postern.file()).arg("check-config"));
    assert_eq!(by_variable.status, Some(0), "{}", by_variable.stderr);
    let both = end(postern.command(&["check-config"]).env("POSTERN_CONFIG", "/no/such/file"));
    assert_eq!(both.status, Some(0), "{}", both.stderr);
    let neither = end(bare().args(["check-config", "--config", "/no/such/file"]));
    assert_eq!(neither.status, Some(2));
    assert!(neither.stderr.contains("/no/such/file: cannot be read"), "{}", neither.stderr);
}

#[test]
fn every_command_reports_all_mistakes_with_status_2() {
    let postern = Postern::with("[broker]\nurl = 7\nprefetch = 0\n[secrets]\nkey = \"hunter2\"\n")
        .variable("POSTERN__HTTP__LISTEN", "here");
    for command in [&["worker"][..], &["check-config"], &["site", "list", "--integration", "a"]] {
        let ended = postern.run(command);
        assert_eq!((ended.status, ended.stdout.as_str()), (Some(2), ""), "{command:?}");
        for place in [
            ":2: broker.url: must be a string",
            ":3: broker.prefetch: must be a whole number from 1 to 65535 (value: 0)",
            ":5: secrets.key: must be 32 bytes in base64",
            "LISTEN: http.listen: must be an IP address",
            "(value: \"here\")",
        ] {
            assert!(ended.stderr.contains(place), "{place}: {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[test]
fn check_config_shows_the_settings() {
    let ended = Postern::new().run(&["check-config"]);
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    assert!(ended.stdout.starts_with("ok\n"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("acme: site NL1 (nowhere), flow password, opens"),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("\naudit: redis, kept for 30days\n"), "{}", ended.stdout);

    let ended = Postern::new().run(&["check-config", "--output", "json"]);
    assert_eq!(ended.stdout.lines().count(), 1);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(summary["ok"], true);
    assert_eq!(summary["integrations"][0]["id"], "acme");
    assert_eq!(summary["integrations"][0]["flow"], "password");
    assert_eq!(summary["audit"], json!({"to": "redis", "kept": "30days"}));
}

#[test]
fn a_closed_standard_output_is_not_an_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let postern = Postern::new();
    let mut command = postern.command(&["check-config"]);
    let child = command.stdout(Stdio::from(writer)).stderr(Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
}

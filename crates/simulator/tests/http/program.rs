//! Tests of the program: its output, its arguments, its exit status.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::answer::exchange;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_salto-simulator"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    line
}

fn terminate(mut child: Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn it_prints_its_address_and_exits_with_status_0() {
    let mut child = command(&["--listen", "127.0.0.1:0"]).spawn().unwrap();
    let line = first_line(&mut child);
    let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
    let answer = exchange(&address, "GET", "/control/health", &[], "").await;
    assert_eq!(answer.json()["status"], "ok");
    terminate(child);
}

#[tokio::test]
async fn it_prints_its_address_as_json() {
    let mut child =
        command(&["--listen", "127.0.0.1:0", "--output", "json", "--quiet"]).spawn().unwrap();
    let line: Value = serde_json::from_str(&first_line(&mut child)).unwrap();
    assert_eq!(line["event"], "listening");
    assert!(line["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    terminate(child);
}

#[test]
fn the_printed_world_can_be_read_again() {
    let printed = run(&["--print-world", "--token-lifetime", "90s", "--open-seconds", "3"]);
    assert_eq!(printed.status.code(), Some(0));
    let world: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(world["settings"]["token_lifetime_seconds"], 90);
    assert_eq!(world["settings"]["open_seconds"], 3);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.json");
    std::fs::write(&file, &printed.stdout).unwrap();
    let again = run(&["--print-world", "--world", file.to_str().unwrap()]);
    assert_eq!(again.stdout, printed.stdout);
}

#[test]
fn wrong_usage_has_status_2_and_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("world.json");
    std::fs::write(&file, r#"{"clients": [], "accounts": [], "sites": [], "houses": []}"#).unwrap();
    for (arguments, reason) in [
        (vec!["--listen", "0.0.0.0:0"], "--allow-remote"),
        (vec!["--world", file.to_str().unwrap()], "houses"),
        (vec!["--world", "/missing/world.json"], "/missing/world.json"),
        (vec!["--token-lifetime", "0s"], "token_lifetime_seconds"),
        (vec!["--token-lifetime", "long"], "--token-lifetime"),
        (vec!["--broker-url", "127.0.0.1"], "--broker-url"),
        (vec!["--broker-url", "http://127.0.0.1"], "must begin with amqp://, not http://"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(reason), "{arguments:?}: {text}");
        assert!(output.stdout.is_empty());
    }
}

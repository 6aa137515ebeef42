//! The worker and its signals.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::running::Postern;

/// Starts a worker without broker and Redis; waits for its first line.
fn start(postern: &Postern) -> (Child, BufReader<std::process::ChildStderr>) {
    let mut command = postern.command(&["worker"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let line: Value = serde_json::from_str(&line).expect("JSON where there is no terminal");
    assert_eq!(line["message"], "started");
    (child, stderr)
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_signal_stops_a_worker_that_still_waits_for_redis() {
    let postern = Postern::new();
    for name in ["-TERM", "-INT"] {
        let (mut child, stderr) = start(&postern);
        signal(&child, name);
        let log: Vec<String> = stderr.lines().map(Result::unwrap).collect();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{log:?}");
        for secret in ["br0ker-pass", "r3dis-pass"] {
            assert!(!log.concat().contains(secret), "{log:?}");
        }
    }
}

#[test]
fn a_reload_names_the_changed_settings_that_need_a_restart() {
    let postern = Postern::new();
    let (mut child, stderr) = start(&postern);
    let configuration = std::fs::read_to_string(postern.file()).unwrap();
    let changed = configuration
        .replace("br0ker-pass", "new-br0ker-pass")
        .replace("[redis]", "prefetch = 65\n[redis]")
        .replace("AAECAwQF", "BAECAwQF")
        .replace("us3r-pass", "new-us3r-pass");
    std::fs::write(postern.file(), changed).unwrap();
    signal(&child, "-HUP");
    let mut seen = Vec::new();
    let lines = stderr.lines().map(|line| line.unwrap());
    let warning =
        lines.inspect(|line| seen.push(line.clone())).find(|line| line.contains("next start"));
    let warning = warning.expect("a warning");
    let line: Value = serde_json::from_str(&warning).unwrap();
    assert_eq!(line["settings"], "broker.prefetch, broker.url, secrets.key", "{line}");
    assert_eq!(line["next_step"], "restart this worker");
    assert!(!seen.concat().contains("br0ker-pass"), "{seen:?}");
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

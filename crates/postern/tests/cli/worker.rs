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

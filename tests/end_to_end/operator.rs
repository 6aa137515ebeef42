//! Commands of an operator for the IQ of the ground floor, and their results.

use end_to_end::deadline::{SOON, until_true};
use end_to_end::inbound::INTEGRATION;
use end_to_end::processes::Process;
use end_to_end::setup::Setup;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use reqwest::Method;
use serde_json::{Value, json};

/// The result of a command with JSON output.
#[derive(Debug)]
pub(crate) struct JsonOutput {
    pub(crate) status: Option<i32>,
    /// The JSON lines on standard output.
    pub(crate) rows: Vec<Value>,
    /// Standard error.
    pub(crate) stderr: String,
}

impl JsonOutput {
    #[track_caller]
    pub(crate) fn assert_done(self) -> Self {
        assert_eq!(self.status, Some(0), "{self:?}");
        self
    }

    /// Asserts that it failed with this text on standard error.
    #[track_caller]
    pub(crate) fn assert_failed(self, why: &str) -> Self {
        assert_eq!(self.status, Some(1), "{self:?}");
        assert!(self.stderr.contains(why), "{why:?} in {self:?}");
        self
    }
}

/// Runs a command of postern that prints JSON.
pub(crate) async fn postern(setup: &Setup, arguments: &[&str]) -> JsonOutput {
    let output = setup.postern(&[arguments, &["--output", "json"]].concat()).await;
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stderr: Vec<String> = stderr.lines().map(failure_as_text).collect();
    JsonOutput {
        status: output.status.code(),
        rows: text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect(),
        stderr: stderr.join("\n"),
    }
}

/// A line of standard error; of an object about a failure, its text.
fn failure_as_text(line: &str) -> String {
    let object = serde_json::from_str::<Value>(line).ok();
    let error = object.as_ref().and_then(|it| it["kind"].as_str().and(it["error"].as_str()));
    error.map_or_else(|| line.to_owned(), |error| format!("error: {error}"))
}

fn of_iq<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let iq = ["iq", command, "--integration", INTEGRATION, "--iq", IQ_GROUND_FLOOR];
    [&iq[..], more].concat()
}

/// `postern iq COMMAND` about the ground floor's IQ.
pub(crate) async fn iq(setup: &Setup, command: &str, more: &[&str]) -> JsonOutput {
    postern(setup, &of_iq(command, more)).await
}

/// The same in the background.
pub(crate) fn iq_in_background(setup: &Setup, name: &str, command: &str, more: &[&str]) -> Process {
    setup.postern_in_background(name, &of_iq(command, more))
}

/// Writes a file with one line; returns its path.
pub(crate) fn file(setup: &Setup, name: &str, line: &str) -> String {
    let path = setup.directory().join(name);
    std::fs::write(&path, format!("{line}\n")).expect("the file is written");
    path.to_str().expect("a path is text").to_owned()
}

/// The row of `iq list` of an IQ.
pub(crate) async fn listed(setup: &Setup, iq: &str) -> Value {
    let rows =
        postern(setup, &["iq", "list", "--integration", INTEGRATION]).await.assert_done().rows;
    rows.into_iter().find(|row| row["id"] == iq).expect("the IQ is listed")
}

/// Changes the IQ at Salto, as another program might.
pub(crate) async fn change_iq(setup: &Setup, change: Value) {
    setup.simulator.change_iq(IQ_GROUND_FLOOR, change).await;
}

/// The PIN of the IQ at Salto.
pub(crate) async fn real_pin(setup: &Setup) -> String {
    let salto = setup.simulator.control(Method::GET, "world", None).await;
    let iqs = salto["sites"][0]["iqs"].as_array().expect("an array");
    let iq = iqs.iter().find(|iq| iq["id"] == IQ_GROUND_FLOOR).expect("it is there");
    iq["pin"].as_str().expect("a text").to_owned()
}

/// The number of one-time passwords that Salto has checked, without those of open commands.
pub(crate) async fn proofs(setup: &Setup) -> u64 {
    setup.simulator.counters().await["calls"]["pin"].as_u64().unwrap_or_default()
}

/// Lets `before` proofs pass, which must be valid, and delays the next one: before it takes effect, or after it, before
/// the answer.
pub(crate) async fn hold_proof(setup: &Setup, before: u64, carried_out: bool) {
    if before > 0 {
        let pass = json!({"kind": "status", "status": 204, "carried_out": true, "call": "pin", "times": before});
        setup.simulator.add_fault(pass).await;
    }
    let hold = json!({"kind": "no_answer", "hold_ms": 60_000, "carried_out": carried_out, "call": "pin", "times": 1});
    setup.simulator.add_fault(hold).await;
}

/// Kills `command` while it waits for the answer to the call with this number.
pub(crate) async fn kill_at(setup: &Setup, command: &Process, count: u64) {
    until_true(&format!("{count} proofs"), SOON * 2, || async {
        assert!(command.status().is_none(), "it ended:\n{}", command.log());
        proofs(setup).await >= count
    })
    .await;
    command.kill().await;
    setup.simulator.clear_faults().await;
}

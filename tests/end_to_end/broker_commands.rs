//! `publish`, `tail` and `dlq` need the broker alone, declare nothing, and get by with few permissions.

use end_to_end::deadline::{SOON, within};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::INTEGRATION;
use end_to_end::services;
use end_to_end::setup::Setup;
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use tokio::process::Command;

const REQUEST: [&str; 8] = [
    "publish",
    "open-request",
    "--integration",
    INTEGRATION,
    "--booking",
    BOOKING,
    "--output",
    "json",
];

/// Runs a command without a configuration file.
async fn run(url: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(services::program("postern"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("POSTERN")) {
            command.env_remove(name);
        }
    }
    if let Some(url) = url {
        command.env("POSTERN__BROKER__URL", url);
    }
    let output = command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    within("the command's end", SOON * 3, output).await.expect("postern starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn objects(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    lines.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

#[tokio::test]
async fn the_address_of_the_broker_is_enough() {
    let fixture = Fixture::new(Setup::unactivated().await, 1).await;
    let url = Some(fixture.setup.vhost.url());
    let tail = ["tail", "--count", "1", "--timeout", "20s", "--output", "json"];
    let (answers, published) = tokio::join!(run(url, &tail), async {
        // The first answer may come before `tail` has subscribed.
        let mut published = Vec::new();
        for number in 0..3 {
            let id = format!("R-{number}");
            let request = [&REQUEST[..], &["--id", &id]].concat();
            published.extend(objects(&run(url, &request).await));
            fixture.outbound.terminal(&id, SOON).await;
        }
        published
    });
    assert_eq!(published.len(), 3);
    assert_eq!(objects(&answers)[0]["type"], "lock.open-failed.v1");

    fixture.wait_until_settled("open-requests", 3).await;
    let letters = objects(&run(url, &["dlq", "list", "--output", "json"]).await);
    assert_eq!(letters.len(), 3);
    let id = letters[0]["id"].as_str().expect("an id is text");
    let shown = objects(&run(url, &["dlq", "show", id, "--output", "json"]).await);
    assert_eq!(shown[0]["prediction"], "unknown", "{:?}", shown[0]["prediction_detail"]);
    let replayed = objects(&run(url, &["dlq", "replay", id, "--output", "json"]).await);
    assert_eq!(replayed, [json!({"id": id, "result": "replayed"})]);
    fixture.wait_until_settled("open-requests", 4).await;
    assert_eq!(fixture.bus.dead_letters().await.len(), 2, "its outcome was known");
}

#[tokio::test]
async fn nothing_is_declared_where_no_worker_has_run() {
    let setup = Setup::new().await;
    let url = Some(setup.vhost.url());
    for (arguments, name) in [
        (&REQUEST[..], "exchange postern.inbound"),
        (&["tail", "--timeout", "1s"], "exchange postern.outbound"),
        (&["dlq", "list"], "queue postern.dead-letters"),
    ] {
        let output = run(url, arguments).await;
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let why = format!("there is no {name} in this virtual host");
        assert!(text(&output.stderr).contains(&why), "{}", text(&output.stderr));
    }
    let bus = setup.vhost.bus().await;
    for queue in ["postern.dead-letters", "postern.open-requests", "postern.booking-status"] {
        assert_eq!(bus.waiting(queue).await, None, "{queue}");
    }
}

#[tokio::test]
async fn without_any_address_the_usage_is_wrong() {
    let output = run(None, &["dlq", "list"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("POSTERN__BROKER__URL"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn a_publisher_needs_the_right_to_write_alone() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let rights = json!({"configure": "^$", "write": "^postern[.]inbound$", "read": "^$"});
    let url = fixture.setup.vhost.url_with_permissions(&rights).await;
    let request = [&REQUEST[..], &["--id", "R-1"]].concat();
    assert_eq!(objects(&run(Some(&url), &request).await)[0]["id"], "R-1");
    assert_eq!(fixture.outbound.terminal("R-1", SOON).await.kind, "lock.opened.v1");
    let output = run(Some(&url), &["dlq", "list"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
}

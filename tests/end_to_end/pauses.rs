//! `postern pause`: the pauses that Salto asked for are listed, and end early where an operator says so.

use crate::operator::postern;
use end_to_end::deadline::{SOON, until};
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, open_request};
use end_to_end::setup::Setup;
use serde_json::{Value, json};

const LIFT: [&str; 4] = ["pause", "lift", "--integration", INTEGRATION];

#[tokio::test]
async fn a_pause_is_listed_and_lifted() {
    let fixture = Fixture::new(Setup::new().await, 1).await;
    let setup = &fixture.setup;
    assert!(postern(setup, &["pause", "list"]).await.assert_done().rows.is_empty());
    let fault = json!({"kind": "rate_limit", "retry_after": 600, "call": "open", "times": 1});
    setup.simulator.add_fault(fault).await;
    fixture.bus.open_request(&open_request("R-1", BOOKING)).await;
    let paused = until("the pause to be listed", SOON, async || {
        postern(setup, &["pause", "list"]).await.assert_done().rows.pop()
    })
    .await;
    assert_eq!(paused["integration_id"], INTEGRATION);
    assert!((500..=600).contains(&paused["seconds_left"].as_u64().unwrap_or_default()), "{paused}");
    assert!(paused["until"].is_string(), "{paused}");
    let failed = fixture.outbound.terminal("R-1", SOON).await;
    assert_eq!(failed.text("reason"), "rate_limited");

    let findings = postern(setup, &["doctor"]).await.rows;
    let finding = findings.iter().find(|it| it["check"] == "salto.pause").unwrap_or(&Value::Null);
    let next = finding["next"].as_str().unwrap_or_default();
    assert!(next.ends_with(&LIFT.join(" ")), "{finding}");

    let lifted = postern(setup, &LIFT).await.assert_done().rows.remove(0);
    assert_eq!((&lifted["integration_id"], &lifted["lifted"]), (&json!(INTEGRATION), &json!(true)));
    assert!(lifted["seconds_left"].as_u64() > Some(500), "{lifted}");
    assert_eq!(fixture.open("R-2", BOOKING).await.kind, "lock.opened.v1");
    let lifted = postern(setup, &LIFT).await.assert_done().rows.remove(0);
    assert_eq!((&lifted["lifted"], &lifted["seconds_left"]), (&json!(false), &json!(0)));

    for command in ["list", "lift"] {
        let unknown = postern(setup, &["pause", command, "--integration", "unknown"]).await;
        assert_eq!(unknown.status, Some(2), "{unknown:?}");
        assert!(unknown.stderr.contains(INTEGRATION), "it names the configured ones: {unknown:?}");
    }
}

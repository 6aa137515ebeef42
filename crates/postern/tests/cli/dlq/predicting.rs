//! `dlq replay --dry-run` predicts the results and changes nothing.

use deadpool_redis::redis::{Client, cmd};
use end_to_end::services;
use serde_json::Value;

use super::{
    fixture::DlqFixture,
    letters::{malformed, request, status},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_predicts_the_result_for_each_letter() {
    let fixture = DlqFixture::new().await;
    status(3).publish_to(&fixture.bus).await;
    request("unknown-booking", "iq_offline").publish_to(&fixture.bus).await;
    let mut late = request("late", "salto_unavailable");
    let mut event: Value = serde_json::from_slice(&late.body).unwrap();
    event["time"] = "2026-01-01T00:00:00Z".into();
    late.body = serde_json::to_vec(&event).unwrap();
    late.publish_to(&fixture.bus).await;
    malformed(b"{").publish_to(&fixture.bus).await;
    fixture.bus.publish_raw("", "postern.dead-letters", b"?", Default::default()).await;
    let (ids, before) = (fixture.ids(), fixture.letters().await);

    let predicted = fixture.json("replay --all --dry-run");
    let shown: Vec<_> = predicted.iter().map(|it| it["prediction"].as_str().unwrap()).collect();
    let wanted = ["will_apply", "will_be_rejected", "expired", "still_malformed", "cannot_replay"];
    assert_eq!(shown, wanted);
    assert_eq!(predicted.iter().map(|it| it["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    let listed = fixture.json("list");
    let listed: Vec<_> = listed.iter().map(|it| it["prediction"].as_str().unwrap()).collect();
    assert_eq!(listed, wanted, "the list predicts the same");
    let table = fixture.dlq("list").stdout;
    for result in ["will apply", "will be rejected", "expired, opens nothing", "still malformed"] {
        assert!(table.contains(result), "{result}: {table}");
    }
    assert!(predicted[1]["prediction_detail"].as_str().unwrap().starts_with("booking_unknown"));
    assert!(fixture.dlq("replay --all --dry-run").stdout.contains("still malformed"));
    assert_eq!(fixture.letters().await, before);
    assert_eq!(fixture.waiting("booking-status").await + fixture.waiting("open-requests").await, 0);

    // Without Redis, the predictions that do not need it are still made.
    let away = ["dlq", "replay", "--all", "--dry-run", "--output", "json"];
    let mut command = fixture.postern.command(&away);
    let ended = crate::running::end(command.env("POSTERN__REDIS__URL", "redis://127.0.0.1:1/0"));
    let shown: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shown: Vec<_> = shown.iter().map(|it| it["prediction"].as_str().unwrap()).collect();
    assert_eq!(shown, ["unknown", "unknown", "unknown", "still_malformed", "cannot_replay"]);
    // The dry runs changed nothing in Redis either.
    let client = Client::open(services::redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let prefix = format!("{}*", fixture.prefix);
    let keys: Vec<String> = cmd("KEYS").arg(prefix).query_async(&mut connection).await.unwrap();
    assert!(keys.is_empty(), "{keys:?}");
}

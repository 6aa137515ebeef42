//! `dlq replay --dry-run` says what would happen; nothing does.

use deadpool_redis::redis::{Client, cmd};
use end_to_end::services;
use serde_json::Value;

use super::{
    bench::Bench,
    letters::{malformed, request, status},
};

#[tokio::test(flavor = "multi_thread")]
async fn says_what_would_become_of_each() {
    let bench = Bench::new().await;
    status(3).lay(&bench.bus).await;
    request("unknown-booking", "iq_offline").lay(&bench.bus).await;
    let mut late = request("late", "salto_unavailable");
    let mut event: Value = serde_json::from_slice(&late.body).unwrap();
    event["time"] = "2026-01-01T00:00:00Z".into();
    late.body = serde_json::to_vec(&event).unwrap();
    late.lay(&bench.bus).await;
    malformed(b"{").lay(&bench.bus).await;
    bench.bus.publish_raw("", "postern.dead-letters", b"?", Default::default()).await;
    let (ids, before) = (bench.ids(), bench.letters().await);

    let predicted = bench.json("replay --all --dry-run");
    let told: Vec<_> = predicted.iter().map(|it| it["prediction"].as_str().unwrap()).collect();
    let wanted = ["will_apply", "will_be_rejected", "expired", "still_malformed", "cannot_replay"];
    assert_eq!(told, wanted);
    assert_eq!(predicted.iter().map(|it| it["id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    assert!(predicted[1]["prediction_detail"].as_str().unwrap().starts_with("booking_unknown"));
    assert!(bench.dlq("replay --all --dry-run").stdout.contains("still malformed"));
    assert_eq!(bench.letters().await, before);
    assert_eq!(bench.waiting("booking-status").await + bench.waiting("open-requests").await, 0);

    // With Redis away, what does not need it is still told.
    let away = ["dlq", "replay", "--all", "--dry-run", "--output", "json"];
    let mut command = bench.postern.command(&away);
    let ended = crate::running::end(command.env("POSTERN__REDIS__URL", "redis://127.0.0.1:1/0"));
    let told: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = told.iter().map(|it| it["prediction"].as_str().unwrap()).collect();
    assert_eq!(told, ["unknown", "unknown", "unknown", "still_malformed", "cannot_replay"]);
    // The dry runs left no trace in Redis either.
    let client = Client::open(services::redis_url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let prefix = format!("{}*", bench.prefix);
    let keys: Vec<String> = cmd("KEYS").arg(prefix).query_async(&mut connection).await.unwrap();
    assert!(keys.is_empty(), "{keys:?}");
}

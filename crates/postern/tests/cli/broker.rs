//! `publish` on a real broker.

use chrono::{FixedOffset, SecondsFormat, SubsecRound, TimeDelta, Utc};
use end_to_end::broker::Vhost;
use serde_json::{Value, json};

use crate::running::{Postern, vhost_with_topology};

pub(crate) fn on(vhost: &Vhost) -> Postern {
    Postern::new().variable("POSTERN__BROKER__URL", vhost.url())
}

#[tokio::test(flavor = "multi_thread")]
async fn published_events_are_in_the_queues_of_the_workers() {
    let vhost = vhost_with_topology().await;
    let redis = end_to_end::services::redis_url();
    let postern = on(&vhost).variable("POSTERN__REDIS__URL", redis);
    let ends_at = (Utc::now() + TimeDelta::days(30)).trunc_subsecs(0);
    let written = ends_at.with_timezone(&FixedOffset::east_opt(3_600).unwrap()).to_rfc3339();
    let command = format!(
        "publish booking-status --integration acme --booking b-1 --status paid --object room-1 \
         --object room-2 --starts-at -10m --ends-at {written} --revision 3 --id e-1 --source /shop \
         --output json"
    );
    let ended = postern.run(&command.split_whitespace().collect::<Vec<_>>());
    assert_eq!((ended.status, ended.stderr.as_str()), (Some(0), ""));
    let event: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&event["id"], &event["source"]), (&json!("e-1"), &json!("/shop")));
    let in_utc = ends_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    assert_eq!(event["data"]["ends_at"], in_utc);
    assert_eq!(event["data"]["object_ids"], json!(["room-1", "room-2"]));

    let command = "publish open-request --integration other --booking b-1 --requested-by app";
    let ended = postern.run(&command.split_whitespace().collect::<Vec<_>>());
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("no integration \"other\""), "{}", ended.stderr);
    let id: uuid::Uuid = ended.stdout.trim().parse().unwrap();
    assert_eq!(id.get_version_num(), 4);

    let bus = vhost.bus().await;
    assert_eq!(bus.waiting("postern.booking-status").await, Some(1));
    assert_eq!(bus.waiting("postern.open-requests").await, Some(1));
}

#[test]
fn an_unreachable_broker_is_an_error_of_one_line() {
    let command = ["publish", "open-request", "--integration", "acme", "--booking", "b"];
    let ended = Postern::new().run(&command);
    assert_eq!((ended.status, ended.stdout.as_str()), (Some(1), ""));
    let [line] = ended.stderr.lines().collect::<Vec<_>>()[..] else { panic!("{}", ended.stderr) };
    assert!(line.starts_with("error: no connection to the broker at 127.0.0.1:1"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_level_lets_other_crates_log_more_than_warnings() {
    let vhost = vhost_with_topology().await;
    let command = "publish open-request --integration acme --booking b --log-level trace";
    let ended = on(&vhost).run(&command.split(' ').collect::<Vec<_>>());
    assert_eq!(ended.status, Some(0));
    let lines = ended.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let fine = lines.filter(|line| line["level"] != "WARN" && line["level"] != "ERROR");
    for line in fine {
        let target = line["target"].as_str().unwrap();
        assert!(["postern", "publisher"].contains(&target.split("::").next().unwrap()), "{line}");
    }
}

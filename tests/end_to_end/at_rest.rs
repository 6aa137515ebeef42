//! Encrypted values in Redis are bound to `secrets.key` and to their key in Redis.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use deadpool_redis::redis::cmd;
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::INTEGRATION;
use end_to_end::redis::connect;
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR};

#[tokio::test]
async fn with_another_key_nothing_starts_and_nothing_is_lost() {
    let mut setup = Setup::new().await;
    let right = setup.settings.get("secrets.key").and_then(|key| key.as_str()).map(str::to_owned);
    let (right, wrong) = (right.expect("a key"), BASE64_STANDARD.encode([7; 32]));
    setup.settings.set("secrets.key", wrong.clone());

    let worker = setup.worker("wrong-key").spawn();
    assert_eq!(worker.ended(SOON).await.code(), Some(1));
    let list = setup.postern(&["iq", "list", "--integration", INTEGRATION]).await;
    let activate = ["iq", "activate", "--integration", INTEGRATION, "--iq", IQ_GROUND_FLOOR];
    let activate = setup.postern(&activate).await;
    for output in [&list, &activate] {
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
    }
    for stderr in [
        worker.log(),
        String::from_utf8_lossy(&list.stderr).into_owned(),
        String::from_utf8_lossy(&activate.stderr).into_owned(),
    ] {
        assert!(stderr.contains("secrets.key is not the key"), "{stderr}");
        assert!(!stderr.contains(&right) && !stderr.contains(&wrong), "{stderr}");
    }

    setup.settings.set("secrets.key", right);
    let fixture = Fixture::new(setup, 1).await;
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

#[tokio::test]
async fn a_sealed_value_is_valid_only_under_its_own_key() {
    let mut setup = Setup::new().await;
    let mut other = setup.settings.integrations()[0].clone();
    other["id"] = "other-house".into();
    setup.settings.integrations().push(other);
    let key = |integration: &str| format!("{}activations:{integration}", setup.key_prefix());
    let mut redis = connect(setup.redis_url()).await;
    let mut read = cmd("HGET");
    read.arg(key(INTEGRATION)).arg(IQ_GROUND_FLOOR);
    let ground: Vec<u8> = read.query_async(&mut redis).await.expect("the activation is stored");
    // To the key of another IQ, and to that of another integration.
    for (integration, iq) in [(INTEGRATION, IQ_FIRST_FLOOR), ("other-house", IQ_GROUND_FLOOR)] {
        let mut write = cmd("HSET");
        write.arg(key(integration)).arg(iq).arg(&ground);
        write.query_async::<()>(&mut redis).await.expect("it can be copied");
    }

    let fixture = Fixture::new(setup, 1).await;
    fixture.store_booking("room-13").await;
    let mut status = end_to_end::inbound::booking_status(BOOKING, "paid");
    status["data"]["integration_id"] = "other-house".into();
    fixture.store_status(&status).await;
    let mut elsewhere = end_to_end::inbound::open_request("elsewhere", BOOKING);
    elsewhere["data"]["integration_id"] = "other-house".into();
    for failed in [fixture.open("upstairs", "room-13").await, fixture.answer_to(&elsewhere).await] {
        assert_eq!(failed.text("reason"), "iq_not_activated", "{failed:?}");
        assert!(failed.text("detail").contains("decrypted"), "{failed:?}");
        assert_eq!(failed.data["attempts"], 0);
    }
    assert!(fixture.setup.simulator.commands().await.is_empty());
    assert_eq!(fixture.open("R-1", BOOKING).await.kind, "lock.opened.v1");
}

//! What is around postern is away, or not what it was.

use super::person::Person;
use end_to_end::deadline::SOON;
use end_to_end::inbound::INTEGRATION;
use end_to_end::ports::free_port;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::json;

#[tokio::test]
async fn redis_is_away() {
    let mut me = Person::with_a_password().await;
    let (there, away) =
        (me.world.redis_url().to_owned(), format!("redis://127.0.0.1:{}/0", free_port()));
    me.changes(&there, &away);
    let next = "check that Redis runs and that redis.url is its address";
    let refused = "Connection refused (os error 111)";
    for line in [
        format!("lock list --integration {INTEGRATION}"),
        format!("iq activate --integration {INTEGRATION} --iq {IQ_GROUND_FLOOR}"),
        "site resolve NL6254340082".to_owned(),
    ] {
        me.types(&line).await.fails(1, &format!("error: Redis: {refused}; {next}"));
    }
    let doctor = me.types("doctor").await;
    doctor.shows(&format!("→ {next}\n"));
    doctor.shows(
        "warning integration all: not checked, because this requires Redis and the secrets.key of its data
        → first correct what is broken above",
    );
    assert_eq!(
        me.world.simulator.token_requests().await,
        (0, 0),
        "nobody is signed in for nothing"
    );
}

#[tokio::test]
async fn rabbitmq_is_away() {
    let mut me = Person::with_a_password().await;
    let port = free_port();
    let there = me.world.vhost.url().to_owned();
    me.changes(&there, &format!("amqp://guest:guest@127.0.0.1:{port}/%2f"));
    let why = format!(
        "no connection to the broker at 127.0.0.1:{port}: IO error: Connection refused (os error 111)"
    );
    let next = "check that RabbitMQ runs and that broker.url is its address";
    for line in
        ["tail", "publish open-request --integration acme-utrecht --booking B-1", "dlq list"]
    {
        me.types(line).await.fails(1, &format!("error: {why}; {next}"));
    }
    me.types("doctor")
        .await
        .shows(&format!("BROKEN rabbitmq.connection RabbitMQ: {why}\n→ {next}"));
}

#[tokio::test]
async fn the_secrets_key_is_another() {
    let mut me = Person::with_a_password().await;
    let activate = format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
    me.types_and_enters_the_mailed_pin(&activate, IQ_GROUND_FLOOR).await.done("IQ is activated");
    me.makes_another_key();
    let why = "secrets.key is not the key that the secrets in Redis were encrypted with; give the old key, or use an empty \
               Redis or another redis.key_prefix and activate the IQs anew";
    for line in [activate.as_str(), "lock list --integration acme-utrecht"] {
        me.types(line).await.fails(1, &format!("error: {why}"));
    }
    let worker = me.types("worker").await;
    assert_eq!(worker.status, Some(1));
    assert!(worker.words.ends_with(&format!("\nerror: {why}\n")), "{worker:?}");
    let doctor = me.types("doctor").await;
    doctor.shows(&format!(
        "BROKEN redis.secrets_key Redis: {why}
        → find the key that was used before; workers do not start without it"
    ));
}

#[tokio::test]
async fn salto_wants_no_calls() {
    let me = Person::with_a_password().await;
    let wish = json!({"kind": "rate_limit", "retry_after": 900, "call": "locks", "times": 1});
    me.world.simulator.fault(wish).await;
    me.types("lock list --integration acme-utrecht").await.fails(
        1,
        "error: the locks cannot be listed: Salto asks for fewer calls (HTTP 429); no call is sent for … s; wait; if it \
         happens often, let fewer integrations share the account",
    );
    // From now on nobody calls: no command, and no worker.
    let calls = me.world.simulator.counters().await["calls"].clone();
    let wait = "Salto has asked for a pause of another … s";
    for line in [
        "lock list --integration acme-utrecht".to_owned(),
        "site resolve NL6254340082".to_owned(),
        format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}"),
    ] {
        me.types(&line).await.fails(1, &format!("error: {wait}: wait, then run the command again"));
    }
    me.types("doctor").await.shows(&format!(
        "warning salto.pause acme-utrecht: {wait}
        → wait, and run the command again: no call was sent"
    ));
    let now = me.world.simulator.counters().await["calls"].clone();
    let ours =
        ["token", "sites", "locks", "iqs", "secret", "pin"].map(|kind| now[kind] == calls[kind]);
    // The doctor asks the Connect API, without an account, whether it is there.
    assert_eq!(ours, [true, false, true, true, true, true], "{calls} {now}");
}

#[tokio::test]
async fn salto_s_wish_for_no_calls_holds_whatever_asked() {
    let list = "lock list --integration acme-utrecht";
    let probe = format!("iq probe --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
    for (call, line) in
        [("me", "doctor"), ("activated_iqs", "iq list --integration acme-utrecht"), ("pin", &probe)]
    {
        let me = Person::with_a_password().await;
        if call == "pin" {
            let activate = probe.replace("probe", "activate");
            let activated = me.types_and_enters_the_mailed_pin(&activate, IQ_GROUND_FLOOR).await;
            activated.done("IQ is activated");
        }
        let wish = json!({"kind": "rate_limit", "retry_after": 900, "call": call, "times": 1});
        me.world.simulator.fault(wish).await;
        me.types(line).await;
        let wait =
            "error: Salto has asked for a pause of another … s: wait, then run the command again";
        me.types(list).await.fails(1, wait);
        // What asks nobody goes on.
        let forget = format!("{} --yes", probe.replace("probe", "forget"));
        let forgotten = me.types(&forget).await;
        assert!(!forgotten.words.contains("has asked for a pause"), "{forgotten:?}");
    }
}

#[tokio::test]
async fn salto_wants_no_calls_once_the_pin_is_found() {
    let me = Person::with_a_password().await;
    let activate = format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
    let terminal = me.sits_at(&activate);
    let pin = me.world.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
    let wish = json!({"kind": "rate_limit", "retry_after": 900, "call": "locks", "times": 1});
    me.world.simulator.fault(wish).await;
    me.types("lock list --integration acme-utrecht").await;
    terminal.types_unseen(&pin, SOON).await;
    assert_eq!(terminal.ended(SOON).await.code(), Some(1));
    let screen = terminal.screen();
    assert!(
        screen.contains("is not activated yet: Salto has asked for a pause of another "),
        "{screen}"
    );
    let pins = me.world.simulator.counters().await["calls"]["pin"].clone();
    assert_eq!(pins, 1, "asked for, and not proven");
}

//! Servers that are unavailable or have changed.

use super::fixture::OperatorFixture;
use end_to_end::deadline::SOON;
use end_to_end::inbound::INTEGRATION;
use end_to_end::ports::free_port;
use end_to_end::simulator::IQ_GROUND_FLOOR;
use serde_json::json;

#[tokio::test]
async fn redis_is_unavailable() {
    let mut operator = OperatorFixture::with_password().await;
    let (there, away) =
        (operator.setup.redis_url().to_owned(), format!("redis://127.0.0.1:{}/0", free_port()));
    operator.replace_in_config(&there, &away);
    let next = "check that Redis runs and that redis.url is its address, or redis.sentinels those of its sentinels";
    let refused = "Connection refused (os error 111)";
    for line in [
        format!("lock list --integration {INTEGRATION}"),
        format!("iq activate --integration {INTEGRATION} --iq {IQ_GROUND_FLOOR}"),
        "site resolve NL6254340082".to_owned(),
    ] {
        operator.run(&line).await.assert_fails(1, &format!("error: Redis: {refused}; {next}"));
    }
    let doctor = operator.run("doctor").await;
    doctor.assert_shows(&format!("→ {next}\n"));
    doctor.assert_shows(
        "warning integration all: not checked, because this requires Redis and the secrets.key of its data
        → first correct what is broken above",
    );
    assert_eq!(operator.setup.simulator.token_requests().await, (0, 0), "no sign-in without Redis");
}

#[tokio::test]
async fn rabbitmq_is_unavailable() {
    let mut operator = OperatorFixture::with_password().await;
    let port = free_port();
    let there = operator.setup.vhost.url().to_owned();
    operator.replace_in_config(&there, &format!("amqp://guest:guest@127.0.0.1:{port}/%2f"));
    let why = format!(
        "no connection to the broker at 127.0.0.1:{port}: IO error: Connection refused (os error 111)"
    );
    let next = "check that RabbitMQ runs and that broker.url is its address, or broker.urls those of its nodes";
    for line in
        ["tail", "publish open-request --integration acme-utrecht --booking B-1", "dlq list"]
    {
        operator.run(line).await.assert_fails(1, &format!("error: {why}; {next}"));
    }
    operator
        .run("doctor")
        .await
        .assert_shows(&format!("BROKEN rabbitmq.connection RabbitMQ: {why}\n→ {next}"));
}

#[tokio::test]
async fn another_secrets_key() {
    let mut operator = OperatorFixture::with_password().await;
    let activate = format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
    operator.run_with_mailed_pin(&activate, IQ_GROUND_FLOOR).await.assert_done("IQ is activated");
    operator.change_secrets_key();
    let why = "secrets.key is not the key that the secrets in Redis were encrypted with, nor is one of secrets.old_keys; give the old key, or use an empty \
               Redis or another redis.key_prefix and activate the IQs anew";
    for line in [activate.as_str(), "lock list --integration acme-utrecht"] {
        operator.run(line).await.assert_fails(1, &format!("error: {why}"));
    }
    let worker = operator.run("worker").await;
    assert_eq!(worker.status, Some(1));
    assert!(worker.stderr.ends_with(&format!("\nerror: {why}\n")), "{worker:?}");
    let doctor = operator.run("doctor").await;
    doctor.assert_shows(&format!(
        "BROKEN redis.secrets_key Redis: {why}
        → find the key that was used before; workers do not start without it"
    ));
}

#[tokio::test]
async fn a_pause_of_salto_s_calls_applies_to_all_commands_and_workers() {
    let operator = OperatorFixture::with_password().await;
    let pause = json!({"kind": "rate_limit", "retry_after": 900, "call": "locks", "times": 1});
    operator.setup.simulator.add_fault(pause).await;
    operator.run("lock list --integration acme-utrecht").await.assert_fails(
        1,
        "error: the locks cannot be listed: Salto asks for fewer calls (HTTP 429); no call is sent for … s; wait; if it \
         happens often, let fewer integrations share the account",
    );
    // From now on no command and no worker calls Salto.
    let calls = operator.setup.simulator.counters().await["calls"].clone();
    let wait = "Salto has asked for a pause of another … s";
    for line in [
        "lock list --integration acme-utrecht".to_owned(),
        "site resolve NL6254340082".to_owned(),
        format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}"),
    ] {
        operator
            .run(&line)
            .await
            .assert_fails(1, &format!("error: {wait}: wait, then run the command again"));
    }
    operator.run("doctor").await.assert_shows(&format!(
        "warning salto.pause acme-utrecht: {wait}
        → wait, and run the command again: no call was sent"
    ));
    let now = operator.setup.simulator.counters().await["calls"].clone();
    let unchanged =
        ["token", "sites", "locks", "iqs", "secret", "pin"].map(|kind| now[kind] == calls[kind]);
    // The doctor checks, without an account, whether the Connect API answers.
    assert_eq!(unchanged, [true, false, true, true, true, true], "{calls} {now}");
}

#[tokio::test]
async fn a_pause_applies_whatever_call_it_came_on() {
    let list = "lock list --integration acme-utrecht";
    let probe = format!("iq probe --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
    for (call, line) in
        [("me", "doctor"), ("activated_iqs", "iq list --integration acme-utrecht"), ("pin", &probe)]
    {
        let operator = OperatorFixture::with_password().await;
        if call == "pin" {
            let activate = probe.replace("probe", "activate");
            let activated = operator.run_with_mailed_pin(&activate, IQ_GROUND_FLOOR).await;
            activated.assert_done("IQ is activated");
        }
        let pause = json!({"kind": "rate_limit", "retry_after": 900, "call": call, "times": 1});
        operator.setup.simulator.add_fault(pause).await;
        operator.run(line).await;
        let wait =
            "error: Salto has asked for a pause of another … s: wait, then run the command again";
        operator.run(list).await.assert_fails(1, wait);
        // A command without calls continues.
        let forget = format!("{} --yes", probe.replace("probe", "forget"));
        let forgotten = operator.run(&forget).await;
        assert!(!forgotten.stderr.contains("has asked for a pause"), "{forgotten:?}");
    }
}

#[tokio::test]
async fn a_pause_between_the_mail_and_the_pin() {
    let operator = OperatorFixture::with_password().await;
    let activate = format!("iq activate --integration acme-utrecht --iq {IQ_GROUND_FLOOR}");
    let terminal = operator.run_at_terminal(&activate);
    let pin = operator.setup.simulator.mailed_pin(IQ_GROUND_FLOOR).await;
    let pause = json!({"kind": "rate_limit", "retry_after": 900, "call": "locks", "times": 1});
    operator.setup.simulator.add_fault(pause).await;
    operator.run("lock list --integration acme-utrecht").await;
    terminal.type_without_echo(&pin, SOON).await;
    assert_eq!(terminal.ended(SOON).await.code(), Some(1));
    let screen = terminal.screen();
    assert!(
        screen.contains("is not activated yet: Salto has asked for a pause of another "),
        "{screen}"
    );
    let pins = operator.setup.simulator.counters().await["calls"]["pin"].clone();
    assert_eq!(pins, 1, "requested once, and not proven");
}

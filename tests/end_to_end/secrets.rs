//! Passwords, tokens, IQ secrets, PINs, OTPs, `secrets.key` and personal data appear nowhere (docs/contract.md,
//! invariant 6).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis::cmd;
use end_to_end::broker::Vhost;
use end_to_end::deadline::SOON;
use end_to_end::fixture::{BOOKING, Fixture};
use end_to_end::inbound::{INTEGRATION, booking_status, open_request};
use end_to_end::redis::{PrivateRedis, connect};
use end_to_end::secrets::{self, forms};
use end_to_end::setup::Setup;
use end_to_end::simulator::{IQ_FIRST_FLOOR, IQ_GROUND_FLOOR, SECRETS};
use serde_json::json;
use std::collections::BTreeMap;

const BROKER_PASSWORD: &str = "broker-password-of-this-test";
const REDIS_PASSWORD: &str = "redis-password-of-this-test";
const OLD_PASSWORD: &str = "account-password-of-last-year";
const ROTATED: &str = "RotatedSecret123";
const PINS: [&str; 3] = ["6596", "0042", "9731"];
const NAME: &str = "Jane Doe of Elm Street";

/// Everything that can be read, by its place.
type ReadableContent = BTreeMap<String, Vec<u8>>;

#[tokio::test]
async fn no_secret_appears_anywhere_even_at_the_finest_log_level() {
    let server = PrivateRedis::start().await;
    let mut redis = connect(&server.url()).await;
    let mut protect = cmd("CONFIG");
    protect.arg(&["SET", "requirepass", REDIS_PASSWORD]);
    protect.query_async::<()>(&mut redis).await.expect("a password can be set");
    let redis_url = server.url().replace("redis://", &format!("redis://:{REDIS_PASSWORD}@"));
    let vhost = Vhost::new().await;
    let broker_url = vhost.url_with_password(BROKER_PASSWORD).await;
    let mut setup = Setup::over(vhost, redis_url).await;
    setup.settings.set("broker.url", broker_url);
    setup.settings.set("opening.resend_window", "0s");
    let began = Utc::now();
    let mut seen = ReadableContent::new();

    commands(&setup, &mut seen).await;
    let fixture = with_failures(setup, &mut seen).await;

    let ended = Utc::now();
    for event in fixture.outbound.events() {
        seen.insert(
            format!("event {} of {}", event.kind, event.request_id()),
            event.body.to_string().into(),
        );
    }
    for letter in fixture.bus.dead_letters().await {
        let headers = format!("{:?} {}", letter.properties, letter.routing_key);
        seen.insert(format!("dead letter {}", letter.reason()), headers.into());
    }
    stored(&fixture.setup, "at the end", &mut seen).await;

    let key =
        fixture.setup.settings.get("secrets.key").and_then(|key| key.as_str()).expect("a key");
    let mut secrets: Vec<Vec<u8>> =
        SECRETS.iter().map(|secret| secret.as_bytes().to_vec()).collect();
    secrets.push(key.as_bytes().to_vec());
    secrets.push(BASE64_STANDARD.decode(key).expect("the key is base64"));
    for secret in [BROKER_PASSWORD, REDIS_PASSWORD, OLD_PASSWORD, ROTATED, NAME] {
        secrets.push(secret.as_bytes().to_vec());
    }
    // The header with the client's secret for the identity provider.
    secrets.push(BASE64_STANDARD.encode("postern-demo:demo-client-secret").into());
    let secrets: Vec<_> = secrets.iter().flat_map(|secret| forms(secret)).collect();
    let otps = otps(began, ended);
    for (place, content) in &seen {
        for secret in &secrets {
            let found = content.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} in {place}", String::from_utf8_lossy(secret));
        }
        let text = String::from_utf8_lossy(content);
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.') {
            let word = word.trim_matches('.');
            assert!(!PINS.contains(&word), "a PIN in {place}: {text}");
            assert!(!otps.contains(&word.to_owned()), "the OTP {word} in {place}: {text}");
            // The simulator's tokens have this length, and no other text without a hyphen has it.
            assert!(word.len() != 43, "a token in {place}: {text}");
        }
    }
}

/// Activates both IQs, one of them with a wrong PIN first, and runs list commands and one with a wrong configuration.
async fn commands(setup: &Setup, seen: &mut ReadableContent) {
    let pin_file = setup.directory().join("pin");
    for (iq, pin) in
        [(IQ_GROUND_FLOOR, "9731"), (IQ_GROUND_FLOOR, "6596"), (IQ_FIRST_FLOOR, "0042")]
    {
        std::fs::write(&pin_file, pin).expect("the PIN is written");
        let path = pin_file.to_str().expect("a path is text");
        let arguments =
            ["iq", "activate", "--integration", INTEGRATION, "--iq", iq, "--pin-file", path];
        run(setup, &arguments, seen).await;
    }
    std::fs::remove_file(pin_file).expect("the PIN is removed");
    for list in ["iq", "lock", "site"] {
        run(setup, &[list, "list", "--integration", INTEGRATION], seen).await;
    }
    run(setup, &["check-config", "--output", "json"], seen).await;
}

async fn run(setup: &Setup, arguments: &[&str], seen: &mut ReadableContent) {
    let output = setup.postern(&[&["--log-level", "trace"], arguments].concat()).await;
    let number = seen.len();
    seen.insert(
        format!("output {number} of {arguments:?}"),
        [output.stdout, output.stderr].concat(),
    );
}

/// Runs a worker with successes and failures of all kinds, and one with an old password.
async fn with_failures(setup: Setup, seen: &mut ReadableContent) -> Fixture {
    let trace = |setup: &Setup, name: &str| setup.worker(name).env("POSTERN_LOG", "trace");
    let worker = trace(&setup, "traced").start().await;
    let right = setup.settings.clone();
    let mut fixture = Fixture::of(setup, vec![worker]).await;
    let simulator = &fixture.setup.simulator;
    let mut status = booking_status(BOOKING, "paid");
    status["data"]["guest"] = json!({"name": NAME});
    status["time"] = (Utc::now() + TimeDelta::seconds(1)).to_rfc3339().into();
    fixture.store_status(&status).await;

    let mut request = open_request("well", BOOKING);
    request["data"]["guest_name"] = NAME.into();
    assert_eq!(fixture.answer_to(&request).await.kind, "lock.opened.v1");
    simulator.revoke_tokens().await;
    assert_eq!(fixture.open("new-token", BOOKING).await.kind, "lock.opened.v1");
    for (id, fault, reason) in [
        ("unknown", json!({"kind": "opened_then_dropped"}), "outcome_unknown"),
        ("named", json!({"kind": "status", "status": 403, "message": NAME}), "forbidden"),
    ] {
        let mut fault = fault;
        fault["call"] = "open".into();
        fault["times"] = 1.into();
        simulator.add_fault(fault).await;
        let mut request = open_request(id, BOOKING);
        request["data"]["guest_name"] = NAME.into();
        assert_eq!(fixture.answer_to(&request).await.text("reason"), reason);
    }
    simulator.change_iq(IQ_GROUND_FLOOR, json!({"secret": ROTATED})).await;
    assert_eq!(fixture.open("rotated", BOOKING).await.text("reason"), "otp_invalid");
    publish_malformed(&fixture).await;

    stored(&fixture.setup, "with a token", seen).await;
    fixture.setup.settings.set_integration("password", OLD_PASSWORD);
    let lines = fixture.setup.directory().join("audit");
    let to_files = trace(&fixture.setup, "outdated")
        .env("POSTERN__AUDIT__TO", "file")
        .env("POSTERN__AUDIT__DIRECTORY", lines.to_str().expect("a path is text"));
    let outdated = to_files.start().await;
    stop_and_keep_log(&fixture.workers.remove(0), "traced", seen).await;
    assert_eq!(fixture.open("outdated", BOOKING).await.text("reason"), "credentials_rejected");
    stop_and_keep_log(&outdated, "outdated", seen).await;
    for day in lines.read_dir().expect("there is an audit") {
        let day = day.expect("its days can be listed").path();
        let text = std::fs::read(&day).expect("a day can be read");
        assert!(!text.is_empty(), "{} has no lines", day.display());
        seen.insert(format!("audit in {}", day.display()), text);
    }
    fixture.setup.settings = right;
    fixture
}

/// Publishes malformed messages with a name; one of their dead letters is returned by the broker.
async fn publish_malformed(fixture: &Fixture) {
    let broken = format!(r#"{{"specversion": "1.0", "guest": "{NAME}", "guest": 7"#);
    let properties = lapin::BasicProperties::default();
    for key in ["booking.status", "lock.open-request"] {
        fixture
            .bus
            .publish_raw("postern.inbound", key, broken.as_bytes(), properties.clone())
            .await;
    }
    fixture.bus.wait_for_dead_letters(5, SOON).await;
    // No queue is bound: the broker returns a dead letter with its body.
    fixture.bus.unbind("postern.dead-letters", "postern.dead-letter", "#").await;
    fixture
        .bus
        .publish_raw("postern.inbound", "booking.status", broken.as_bytes(), properties)
        .await;
    fixture.workers[0].wait_for_log("a queue is missing", SOON).await;
    fixture.bus.bind("postern.dead-letters", "postern.dead-letter", "#").await;
    fixture.bus.wait_for_dead_letters(6, SOON).await;
}

/// Everything in Redis, which contains activations and a token record now.
async fn stored(setup: &Setup, when: &str, seen: &mut ReadableContent) {
    let stored = setup.stored().await;
    for part in ["activations:", "token:", "key-check", "audit"] {
        assert!(stored.iter().any(|(key, _)| key.contains(part)), "{part} is not stored");
    }
    seen.extend(stored.into_iter().map(|(key, value)| (format!("{key} in Redis {when}"), value)));
}

async fn stop_and_keep_log(
    worker: &end_to_end::worker::Worker,
    name: &str,
    seen: &mut ReadableContent,
) {
    seen.insert(format!("metrics of {name}"), worker.metrics().await.into());
    let arguments = std::fs::read(format!("/proc/{}/cmdline", worker.pid()));
    seen.insert(format!("arguments of {name}"), arguments.expect("it runs"));
    assert_eq!(worker.stop(SOON).await.code(), Some(0));
    let log = worker.log();
    assert!(log.contains(r#""level":"DEBUG""#), "the log is not at the finest level: {log}");
    seen.insert(format!("log of {name}"), log.into());
}

/// Every OTP that was valid in that time.
fn otps(began: DateTime<Utc>, ended: DateTime<Utc>) -> Vec<String> {
    let margin = TimeDelta::seconds(2);
    [(SECRETS[2], "6596"), (SECRETS[2], "9731"), (SECRETS[3], "0042")]
        .into_iter()
        .flat_map(|(secret, pin)| secrets::otps(secret, pin, began - margin, ended + margin))
        .collect()
}

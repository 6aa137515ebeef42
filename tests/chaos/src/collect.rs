//! Collects the history of a run after its end.

use crate::fixtures::{
    BOOKING_WAIT_SECONDS, COMMAND_TIMEOUT_SECONDS, Fixtures, MINUTES_BEFORE, OPEN_FROM,
    REQUEST_TTL_SECONDS, RESEND_WINDOW_SECONDS, RETENTION_SECONDS, TOKEN_SECONDS,
    WITH_DEFAULT_LOCK,
};
use crate::history::{
    Artifact, Command, DeadLetter, Event, Fault, History, Integration, Opening, Rules, Secret,
    Stored, StoredBooking, TokenCount,
};
use crate::load::publish::PublishLog;
use crate::system::SystemUnderTest;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis::cmd;
use end_to_end::broker::{self, Bus};
use end_to_end::redis::connect;
use end_to_end::secrets::{forms, otps};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The number of letters and digits of the simulator's tokens.
const TOKEN_LENGTH: usize = 43;
/// Salto's clock is never wrong by more than this.
const SKEW: TimeDelta = TimeDelta::seconds(130);

/// What was recorded during the run.
#[derive(Debug)]
pub struct RunRecord {
    pub seed: u64,
    pub began: DateTime<Utc>,
    pub stored: Vec<Stored>,
    pub stored_bookings: Vec<StoredBooking>,
    /// The metrics of each worker, read before it was stopped.
    pub metrics: Vec<String>,
}

/// Collects everything after the workers have stopped.
pub async fn history(
    system: &SystemUnderTest,
    publish_log: &PublishLog,
    record: RunRecord,
) -> History {
    let RunRecord { seed, began, stored, stored_bookings, metrics } = record;
    let bus = system.setup.vhost.bus().await;
    system.outbound.catch_up().await;
    let events: Vec<_> = system.outbound.events().into_iter().map(event).collect();
    let dead_letters: Vec<_> = bus.dead_letters().await.iter().map(dead_letter).collect();
    let ended = Utc::now();
    let mut artifacts = artifacts(system, &events, &dead_letters).await;
    let metrics = metrics.into_iter().enumerate();
    artifacts.extend(metrics.map(|(worker, metrics)| Artifact {
        name: format!("metrics of worker-{worker}"),
        content: metrics.into_bytes(),
    }));
    History {
        seed,
        rules: rules(&system.fixtures),
        began,
        ended,
        bookings: publish_log.bookings(),
        requests: publish_log.requests(),
        invalid_messages: publish_log.invalid_messages(),
        events,
        dead_letters,
        commands: records::<Command>(system, "commands").await,
        openings: records::<Opening>(system, "openings").await,
        audit: audit(system).await,
        tokens: tokens(system).await,
        queues: queues(system, &bus).await,
        stored,
        stored_bookings,
        faults: sorted(system.faults.ended()),
        exits: system.exits.lock().expect("no holder panics").clone(),
        artifacts,
        secrets: secrets(&system.fixtures, began, ended),
    }
}

fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| fault.from);
    faults
}

fn rules(fixtures: &Fixtures) -> Rules {
    let integration = |one: &crate::fixtures::Integration| {
        let doors = one.doors.iter().skip(usize::from(one.id == WITH_DEFAULT_LOCK));
        Integration {
            id: one.id.to_owned(),
            active: one.active,
            username: one.username.clone(),
            check_in_status: one.check_in_status.map(str::to_owned),
            locks: doors.map(|door| (door.object.clone(), door.lock.clone())).collect(),
            default_lock: (one.id == WITH_DEFAULT_LOCK)
                .then(|| fixtures.default_lock().lock.clone()),
        }
    };
    Rules {
        integrations: fixtures.integrations.iter().map(integration).collect(),
        open_from: OPEN_FROM.map(str::to_owned).to_vec(),
        minutes_before: MINUTES_BEFORE,
        request_ttl_seconds: REQUEST_TTL_SECONDS,
        booking_wait_seconds: BOOKING_WAIT_SECONDS,
        command_timeout_seconds: COMMAND_TIMEOUT_SECONDS,
        resend_window_seconds: RESEND_WINDOW_SECONDS,
        token_seconds: TOKEN_SECONDS,
        retention_seconds: RETENTION_SECONDS,
    }
}

fn event(event: broker::Event) -> Event {
    Event { routing_key: event.routing_key, body: event.body }
}

fn dead_letter(letter: &broker::DeadLetter) -> DeadLetter {
    let headers = letter.properties.headers().as_ref();
    let names = headers.into_iter().flat_map(|headers| headers.inner().keys());
    let names = names.map(ToString::to_string).filter(|name| name.starts_with("postern-"));
    let headers: BTreeMap<_, _> = names.map(|name| (name.clone(), letter.header(&name))).collect();
    DeadLetter {
        reason: letter.reason(),
        queue: letter.header("postern-queue"),
        body: String::from_utf8_lossy(&letter.body).into_owned(),
        headers,
    }
}

async fn records<T: DeserializeOwned>(system: &SystemUnderTest, list: &str) -> Vec<T> {
    let mut answer = system.setup.simulator.control(Method::GET, list, None).await;
    serde_json::from_value(answer[list].take()).expect("the control API's records")
}

/// The lines of the audit's stream.
async fn audit(system: &SystemUnderTest) -> Vec<Value> {
    let key = format!("{}audit", system.setup.key_prefix());
    let mut redis = connect(system.setup.redis_url()).await;
    let read = cmd("XRANGE").arg(key).arg("-").arg("+").query_async(&mut redis).await;
    let entries: Vec<(String, BTreeMap<String, String>)> = read.expect("the stream is read");
    let line = |(_, fields): &(_, BTreeMap<String, String>)| {
        serde_json::from_str(&fields["line"]).expect("a line is JSON")
    };
    entries.iter().map(line).collect()
}

async fn tokens(system: &SystemUnderTest) -> Vec<TokenCount> {
    let mut counters = system.setup.simulator.counters().await;
    serde_json::from_value(counters["tokens"].take()).expect("the control API's counts")
}

/// The number of messages that wait in each of postern's queues, dead letters excepted.
pub async fn queues(system: &SystemUnderTest, bus: &Bus) -> BTreeMap<String, u32> {
    let mut depths = BTreeMap::new();
    for queue in names(system).await {
        if let Some(depth) = bus.waiting(&queue).await {
            depths.insert(queue, depth);
        }
    }
    depths
}

async fn names(system: &SystemUnderTest) -> Vec<String> {
    let vhost = system.setup.vhost.url().rsplit('/').next().expect("a virtual host");
    let url = format!("{}/api/queues/{vhost}?columns=name", system.management_url);
    let answer = end_to_end::http::client().get(url).send().await.expect("the broker answers");
    let queues: Vec<Value> = answer.json().await.expect("queues are a JSON array");
    let names = queues.iter().filter_map(|queue| queue["name"].as_str());
    let is_counted = |name: &&str| name.starts_with("postern.") && *name != "postern.dead-letters";
    names.filter(is_counted).map(str::to_owned).collect()
}

/// Everything that others than postern can read.
async fn artifacts(
    system: &SystemUnderTest,
    events: &[Event],
    letters: &[DeadLetter],
) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for file in files(&system.directory()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The configuration contains secrets legitimately, and the simulator is not a part of postern.
        if name.ends_with(".log") && !name.starts_with("simulator") {
            artifacts.push(read(name, &file));
        }
    }
    let bodies = events.iter().map(|event| event.body.to_string()).collect::<Vec<_>>().join("\n");
    artifacts.push(Artifact { name: "events".to_owned(), content: bodies.into_bytes() });
    let headers = letters.iter().map(|letter| format!("{:?}", letter.headers));
    let headers = headers.collect::<Vec<_>>().join("\n");
    artifacts.push(Artifact {
        name: "headers of dead letters".to_owned(),
        content: headers.into_bytes(),
    });
    let stored = system.setup.stored().await.into_iter();
    let stored: Vec<u8> =
        stored.flat_map(|(key, value)| [key.as_bytes(), b" ", &value, b"\n"].concat()).collect();
    artifacts.push(Artifact { name: "Redis".to_owned(), content: stored });
    // The file also contains values that have been overwritten.
    let written = files(system.redis.lock().await.directory()).into_iter();
    let written = written.filter(|file| {
        // One that is being rewritten is compressed: parts of its numbers are not what was written.
        let is_rewritten = file.file_name().is_some_and(|it| it.as_bytes().starts_with(b"temp-"));
        !is_rewritten && file.extension().is_some_and(|kind| kind == "aof")
    });
    artifacts.extend(written.map(|file| read("Redis' append-only file".to_owned(), &file)));
    artifacts
}

fn read(name: String, file: &Path) -> Artifact {
    Artifact { name, content: std::fs::read(file).unwrap_or_default() }
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// All secrets in the forms in which bytes are often shown, and every one-time password that was valid during the run.
fn secrets(fixtures: &Fixtures, began: DateTime<Utc>, ended: DateTime<Utc>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let key = BASE64_STANDARD.decode(&fixtures.key).expect("the key is base64");
    let texts = fixtures.secrets().into_iter().map(String::into_bytes).chain([key]);
    for (number, value) in texts.enumerate() {
        let kind = format!("secret {number}");
        let forms = forms(&value);
        secrets.extend(forms.map(|value| Secret::Bytes { kind: kind.clone(), value }));
    }
    let keys = fixtures.iqs.iter().flat_map(|iq| iq.keys.iter().map(move |key| (&iq.id, key)));
    for (iq, key) in keys {
        let whose = format!("{} at {iq}", key.integration);
        let kind = format!("the PIN of {whose}");
        secrets.push(Secret::Word { kind, value: key.pin.clone() });
        let kind = format!("a one-time password of {whose}");
        let otps = otps(&key.secret, &key.pin, began - SKEW, ended + SKEW);
        secrets.extend(otps.into_iter().map(|value| Secret::Word { kind: kind.clone(), value }));
    }
    secrets.push(Secret::WordsOfLength { kind: "a token".to_owned(), length: TOKEN_LENGTH });
    secrets
}

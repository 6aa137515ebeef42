//! Puts the history of a run together when it is over.

use crate::history::{
    Command, DeadLetter, Event, Fault, History, Integration, Opening, Place, Rules, Secret, Stored,
    TokenCount,
};
use crate::load::publish::Ledger;
use crate::stage::Stage;
use crate::town::{
    BOOKING_WAIT_SECONDS, COMMAND_TIMEOUT_SECONDS, DEFAULTED, MINUTES_BEFORE, OPEN_FROM,
    REQUEST_TTL_SECONDS, RESEND_WINDOW_SECONDS, TOKEN_SECONDS, Town,
};
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
use std::path::Path;

/// Letters and digits of the simulator's tokens.
const TOKEN_LENGTH: usize = 43;
/// Salto's clock is skewed by less than this.
const SKEW: TimeDelta = TimeDelta::seconds(130);

/// Everything, once the workers have stopped. `metrics` are what they said of themselves before.
pub async fn history(
    stage: &Stage,
    ledger: &Ledger,
    stored: Vec<Stored>,
    (seed, began): (u64, DateTime<Utc>),
    metrics: Vec<String>,
) -> History {
    let bus = stage.world.vhost.bus().await;
    stage.outbox.catch_up().await;
    let events: Vec<_> = stage.outbox.events().into_iter().map(event).collect();
    let dead_letters: Vec<_> = bus.dead_letters().await.iter().map(dead_letter).collect();
    let ended = Utc::now();
    let mut places = places(stage, &events, &dead_letters).await;
    let numbered = metrics.into_iter().enumerate();
    places.extend(numbered.map(|(worker, metrics)| Place {
        name: format!("metrics of worker-{worker}"),
        content: metrics.into_bytes(),
    }));
    History {
        seed,
        rules: rules(&stage.town),
        began,
        ended,
        bookings: ledger.bookings(),
        requests: ledger.requests(),
        garbage: ledger.garbage(),
        events,
        dead_letters,
        commands: records::<Command>(stage, "commands").await,
        openings: records::<Opening>(stage, "openings").await,
        audit: audit(stage).await,
        tokens: tokens(stage).await,
        queues: queues(stage, &bus).await,
        stored,
        faults: sorted(stage.faults.over()),
        exits: stage.exits.lock().expect("no holder panics").clone(),
        places,
        secrets: secrets(&stage.town, began, ended),
    }
}

fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| fault.from);
    faults
}

fn rules(town: &Town) -> Rules {
    let integration = |one: &crate::town::Integration| {
        let doors = one.doors.iter().skip(usize::from(one.id == DEFAULTED));
        Integration {
            id: one.id.to_owned(),
            active: one.active,
            username: one.username.clone(),
            check_in_status: one.check_in_status.map(str::to_owned),
            locks: doors.map(|door| (door.object.clone(), door.lock.clone())).collect(),
            default_lock: (one.id == DEFAULTED).then(|| town.default_lock().lock.clone()),
        }
    };
    Rules {
        integrations: town.integrations.iter().map(integration).collect(),
        open_from: OPEN_FROM.map(str::to_owned).to_vec(),
        minutes_before: MINUTES_BEFORE,
        request_ttl_seconds: REQUEST_TTL_SECONDS,
        booking_wait_seconds: BOOKING_WAIT_SECONDS,
        command_timeout_seconds: COMMAND_TIMEOUT_SECONDS,
        resend_window_seconds: RESEND_WINDOW_SECONDS,
        token_seconds: TOKEN_SECONDS,
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

async fn records<T: DeserializeOwned>(stage: &Stage, list: &str) -> Vec<T> {
    let mut answer = stage.world.simulator.control(Method::GET, list, None).await;
    serde_json::from_value(answer[list].take()).expect("the control API's records")
}

/// The lines of the audit's stream.
async fn audit(stage: &Stage) -> Vec<Value> {
    let key = format!("{}audit", stage.world.key_prefix());
    let mut redis = connect(stage.world.redis_url()).await;
    let read = cmd("XRANGE").arg(key).arg("-").arg("+").query_async(&mut redis).await;
    let entries: Vec<(String, BTreeMap<String, String>)> = read.expect("the stream is read");
    let line = |(_, fields): &(_, BTreeMap<String, String>)| {
        serde_json::from_str(&fields["line"]).expect("a line is JSON")
    };
    entries.iter().map(line).collect()
}

async fn tokens(stage: &Stage) -> Vec<TokenCount> {
    let mut counters = stage.world.simulator.counters().await;
    serde_json::from_value(counters["tokens"].take()).expect("the control API's counts")
}

/// What waits in postern's queues, the dead letters apart.
pub async fn queues(stage: &Stage, bus: &Bus) -> BTreeMap<String, u32> {
    let mut depths = BTreeMap::new();
    for queue in names(stage).await {
        if let Some(depth) = bus.waiting(&queue).await {
            depths.insert(queue, depth);
        }
    }
    depths
}

async fn names(stage: &Stage) -> Vec<String> {
    let vhost = stage.world.vhost.url().rsplit('/').next().expect("a virtual host");
    let url = format!("{}/api/queues/{vhost}?columns=name", stage.management_url);
    let answer = end_to_end::http::client().get(url).send().await.expect("the broker answers");
    let queues: Vec<Value> = answer.json().await.expect("queues are a JSON array");
    let names = queues.iter().filter_map(|queue| queue["name"].as_str());
    let ours = |name: &&str| name.starts_with("postern.") && *name != "postern.dead-letters";
    names.filter(ours).map(str::to_owned).collect()
}

/// Everything that an outsider may read.
async fn places(stage: &Stage, events: &[Event], letters: &[DeadLetter]) -> Vec<Place> {
    let mut places = Vec::new();
    for file in files(&stage.directory()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Configuration holds secrets by right, and the simulator is not ours.
        if name.ends_with(".log") && !name.starts_with("simulator") {
            places.push(read(name, &file));
        }
    }
    let bodies = events.iter().map(|event| event.body.to_string()).collect::<Vec<_>>().join("\n");
    places.push(Place { name: "events".to_owned(), content: bodies.into_bytes() });
    let headers = letters.iter().map(|letter| format!("{:?}", letter.headers));
    let headers = headers.collect::<Vec<_>>().join("\n");
    places
        .push(Place { name: "headers of dead letters".to_owned(), content: headers.into_bytes() });
    let stored = stage.world.stored().await.into_iter();
    let stored: Vec<u8> =
        stored.flat_map(|(key, value)| [key.as_bytes(), b" ", &value, b"\n"].concat()).collect();
    places.push(Place { name: "Redis".to_owned(), content: stored });
    // It also holds what has been overwritten since.
    let written = files(stage.redis.lock().await.directory()).into_iter();
    let written = written.filter(|file| file.extension().is_some_and(|kind| kind == "aof"));
    places.extend(written.map(|file| read("Redis' append-only file".to_owned(), &file)));
    places
}

fn read(name: String, file: &Path) -> Place {
    Place { name, content: std::fs::read(file).unwrap_or_default() }
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

/// As they are and as bytes are often shown, with every one-time password that was right in the run.
fn secrets(town: &Town, began: DateTime<Utc>, ended: DateTime<Utc>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let key = BASE64_STANDARD.decode(&town.key).expect("the key is base64");
    let texts = town.secrets().into_iter().map(String::into_bytes).chain([key]);
    for (number, value) in texts.enumerate() {
        let kind = format!("secret {number}");
        let forms = forms(&value);
        secrets.extend(forms.map(|value| Secret::Bytes { kind: kind.clone(), value }));
    }
    for iq in &town.iqs {
        let kind = format!("the PIN of {}", iq.id);
        secrets.push(Secret::Word { kind, value: iq.pin.clone() });
        let kind = format!("a one-time password of {}", iq.id);
        let otps = otps((&iq.secret, &iq.pin), began - SKEW, ended + SKEW);
        secrets.extend(otps.into_iter().map(|value| Secret::Word { kind: kind.clone(), value }));
    }
    secrets.push(Secret::WordsOfLength { kind: "a token".to_owned(), length: TOKEN_LENGTH });
    secrets
}

//! Decodes N generated messages, and prints the longest time for one and the peak memory:
//! `cargo run --release -p events --example fuzz_events -- N [SEED]`. The same seed gives the same messages.
//!
//! They are events of both types in structured and in binary mode: whole, with members changed, with bytes
//! changed, cut off, nested, with long or many members, and random bytes. A panic ends the program with the
//! number of its message.

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use events::{Content, DecodeError, decode_booking_status, decode_open_request, limits, names};

/// Every so many messages, one is as large as a message may be.
const LARGE_EVERY: u64 = 20_000;

/// Texts that members get.
const TEXTS: [&str; 14] = [
    "\"a\"",
    "\"\"",
    "null",
    "true",
    "-1",
    "9223372036854775808",
    "1e400",
    "\"2026-01-15T12:00:00Z\"",
    "\"9999-12-31T23:59:60+23:59\"",
    "\"\\u0000\\ud800\"",
    "\"\u{202e}\u{feff}\"",
    "[\"a\",1,[2]]",
    "{\"id\":{\"id\":1}}",
    "{\"b\":0,\"b\":0}",
];

const NAMES: [&str; 17] = [
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "traceparent",
    "data",
    "integration_id",
    "booking_id",
    "status",
    "object_ids",
    "starts_at",
    "ends_at",
    "revision",
    "object_id",
    "expires_at",
    "requested_by",
];

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// A message as it could arrive.
struct Message {
    body: Vec<u8>,
    content_type: Option<&'static str>,
    attributes: Vec<(&'static str, String)>,
}

/// The members of an event's data, and of the event itself without them.
fn data(random: &mut Random) -> String {
    let mut members = vec![
        "\"integration_id\":\"acme\"".to_owned(),
        "\"booking_id\":\"B-1\"".to_owned(),
        "\"status\":\"paid\"".to_owned(),
        "\"object_ids\":[\"room-12\",\"entrance\"]".to_owned(),
        "\"starts_at\":\"2026-01-15T14:00:00Z\"".to_owned(),
        "\"ends_at\":\"2026-01-15T16:00:00+01:00\"".to_owned(),
        "\"revision\":7".to_owned(),
    ];
    change(random, &mut members);
    format!("{{{}}}", members.join(","))
}

fn attributes(event_type: &str) -> Vec<(&'static str, String)> {
    vec![
        ("specversion", "1.0".to_owned()),
        ("id", "R-1".to_owned()),
        ("source", "/booking-system".to_owned()),
        ("type", event_type.to_owned()),
        ("time", "2026-01-15T12:00:00Z".to_owned()),
    ]
}

/// Removes, doubles, replaces or adds some members.
fn change(random: &mut Random, members: &mut Vec<String>) {
    for _ in 0..random.below(4) {
        let index = random.below(members.len());
        match random.below(4) {
            0 if members.len() > 1 => drop(members.swap_remove(index)),
            1 => members.push(members[index].clone()),
            _ => {
                let member = format!("\"{}\":{}", random.pick(&NAMES), random.pick(&TEXTS));
                members[index] = member;
            }
        }
    }
}

fn message(random: &mut Random, large: bool) -> Message {
    let event_type = random.pick(&[names::BOOKING_STATUS, names::OPEN_REQUEST]);
    let data = data(random);
    if random.below(3) == 0 {
        let mut attributes = attributes(event_type);
        if random.below(2) == 0 {
            let index = random.below(attributes.len());
            attributes[index] = (random.pick(&NAMES), random.pick(&TEXTS).to_owned());
        }
        let mut body = data.into_bytes();
        damage(random, &mut body, large);
        return Message { body, content_type: Some("application/json"), attributes };
    }
    let mut members: Vec<String> = attributes(event_type)
        .into_iter()
        .map(|(name, value)| format!("\"{name}\":\"{value}\""))
        .collect();
    members.push(format!("\"data\":{data}"));
    change(random, &mut members);
    let mut body = format!("{{{}}}", members.join(",")).into_bytes();
    damage(random, &mut body, large);
    let content_type = match random.below(4) {
        0 => None,
        1 => Some("application/cloudevents-batch+json"),
        _ => Some(names::CONTENT_TYPE),
    };
    Message { body, content_type, attributes: Vec::new() }
}

/// Changes the bytes of a body; or makes a large one.
fn damage(random: &mut Random, body: &mut Vec<u8>, large: bool) {
    if large {
        *body = large_body(random);
    }
    match random.below(6) {
        0 => {
            for _ in 0..=random.below(8) {
                let index = random.below(body.len());
                body[index] = random.byte();
            }
        }
        1 => body.truncate(random.below(body.len()) + 1),
        2 => {
            let (from, to) = (random.below(body.len()), random.below(body.len()));
            let part = body[from.min(to)..from.max(to)].to_vec();
            body.extend(part);
        }
        3 if !large => *body = (0..=random.below(200)).map(|_| random.byte()).collect(),
        _ => {}
    }
}

/// A body near the largest size, of one of the kinds that cost the most.
fn large_body(random: &mut Random) -> Vec<u8> {
    let size = limits::BODY + 16 - random.below(32);
    let (start, unit, end) = match random.below(6) {
        0 => ("{\"object_ids\":[", "\"a\",", "\"a\"]}"),
        1 => ("{\"a\":", "[", ""),
        2 => ("{\"a\":\"", "\\u00e9", "\"}"),
        3 => ("{\"a\":[", "{},", "{}]}"),
        4 => ("{\"status\":\"", "x", "\"}"),
        _ => ("{", "", "\"z\":0}"),
    };
    let mut body = start.as_bytes().to_vec();
    let mut number = 0_u32;
    while body.len() + 16 + end.len() < size {
        if unit.is_empty() {
            body.extend(format!("\"{number:x}\":0,").bytes());
            number += 1;
        } else {
            body.extend(unit.bytes());
        }
    }
    body.extend(end.bytes());
    body
}

fn decode(message: &Message, now: DateTime<Utc>) -> [Result<(), DecodeError>; 2] {
    let content = || Content {
        body: &message.body,
        content_type: message.content_type,
        attributes: message.attributes.clone(),
    };
    [decode_booking_status(content(), now).map(drop), decode_open_request(content(), now).map(drop)]
}

/// The most memory that the process has had.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or("unknown").trim().to_owned()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let count: u64 = arguments.next().ok_or("usage: fuzz_events N [SEED]")?.parse()?;
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let now = "2026-01-15T12:00:00Z".parse()?;
    let mut random = Random(seed);
    let (mut accepted, mut refused, mut bytes) = (0_u64, 0_u64, 0_u64);
    let (mut longest, mut size_of_longest) = (Duration::ZERO, 0);
    let started = Instant::now();
    for number in 0..count {
        let message = message(&mut random, number % LARGE_EVERY == 0);
        bytes += u64::try_from(message.body.len())?;
        let begun = Instant::now();
        let decoded = catch_unwind(AssertUnwindSafe(|| decode(&message, now)))
            .map_err(|_| format!("message {number} of seed {seed} made the decoder panic"))?;
        // Two decoders have read it.
        let took = begun.elapsed() / 2;
        if took > longest {
            (longest, size_of_longest) = (took, message.body.len());
        }
        for result in decoded {
            match result {
                Ok(()) => accepted += 1,
                Err(error) if error.detail.len() > 1024 => {
                    return Err(format!("message {number}: the error is long: {error}").into());
                }
                Err(_) => refused += 1,
            }
        }
    }
    writeln!(
        io::stdout(),
        "messages={count} seed={seed} accepted={accepted} refused={refused} bytes={bytes} seconds={:.1} \
         longest_ms={:.2} bytes_of_longest={size_of_longest} peak_memory={:?}",
        started.elapsed().as_secs_f64(),
        longest.as_secs_f64() * 1e3,
        peak_memory()
    )?;
    Ok(())
}

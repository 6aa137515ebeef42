//! Reads mutated token answers and list pages, so many of each, with the functions that read Salto's answers, and
//! prints the longest time of one and the peak of memory: `cargo run --release -p salto --example fuzz_answers -- N`.

use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use salto::fuzzing::{read_list, read_token};

/// One seed: every run reads the same answers.
const SEED: u64 = 0x5a17_0000;
/// The longest answer that is made; the longest pages are made separately.
const MOST_BYTES: usize = 64 << 10;

const TOKENS: [&str; 4] = [
    r#"{"access_token":"eyJhbGciOi","expires_in":3600,"token_type":"Bearer","refresh_token":"r-1"}"#,
    r#"{"access_token":"t","expires_in":"3599.9","scope":["a","b"],"token_type":null}"#,
    r#"{"error":"invalid_grant","error_description":"no"}"#,
    r#"{"access_token":"t","expires_in":1e300,"refresh_token":7}"#,
];

const PAGES: [&str; 4] = [
    r#"{"items":[{"id":"a5091d73-d7ea-4eb7-b883-0a4d241584ca","customer_reference":"Door","online":true,"locked_state":"locked","privacy_mode":false,"iq":{"id":"q-1","is_online":true,"otp_enabled":true}}],"next_page_link":"/v1.2/sites?$skip=20","count":21}"#,
    r#"[{"id":"4d77312f-4a87-41db-a97b-f9d948dcc908","iq":null},{"id":7},3,"x"]"#,
    r#"{"items":[{"id":"1","event_category":"lock_opened","access_by":"remote","utc_date_time":"2026-08-25T07:25:00","lock_id":"a5091d73-d7ea-4eb7-b883-0a4d241584ca"}],"continuation_token":"c"}"#,
    r#"{"count":null,"next_page_link":null,"items":[{"iq_id":"q","activated":true,"activation_date":"2026-08-25T07:25:00Z"}]}"#,
];

/// Pieces that an answer gets, besides random bytes.
const PIECES: [&str; 16] = [
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "-1e999",
    "18446744073709551616",
    "\"id\":",
    "\"items\":",
    "\u{202e}",
];

fn mutated(random: &mut StdRng, samples: &[&str]) -> Vec<u8> {
    let mut answer = samples[random.random_range(0..samples.len())].as_bytes().to_vec();
    for _ in 0..random.random_range(0..12) {
        let at = random.random_range(0..=answer.len());
        match random.random_range(0..7) {
            0 if at < answer.len() => answer[at] = random.random(),
            1 => answer.truncate(at),
            2 => {
                insert(&mut answer, at, PIECES[random.random_range(0..PIECES.len())].as_bytes(), 1)
            }
            3 => {
                let piece = PIECES[random.random_range(0..PIECES.len())].as_bytes();
                insert(&mut answer, at, piece, 1 << random.random_range(0..13));
            }
            4 => {
                let end = random.random_range(at..=answer.len());
                let part = answer[at..end].to_vec();
                insert(&mut answer, at, &part, 1 << random.random_range(0..8));
            }
            5 => drop(answer.drain(at..random.random_range(at..=answer.len()))),
            _ => {
                let mut bytes = vec![0; random.random_range(1..16)];
                random.fill_bytes(&mut bytes);
                insert(&mut answer, at, &bytes, 1);
            }
        }
    }
    answer
}

fn insert(answer: &mut Vec<u8>, at: usize, piece: &[u8], times: usize) {
    let times = times.min(MOST_BYTES.saturating_sub(answer.len()) / piece.len().max(1));
    answer.splice(at..at, piece.repeat(times));
}

/// The longest answers that are read: 4 MiB of junk, in the places where a page may have it.
fn longest_pages() -> Vec<(&'static str, Vec<u8>)> {
    let half = (4 << 20) / 2 - 64;
    let deep = "[".repeat(half) + &"]".repeat(half);
    let many = "0,".repeat(half);
    let objects = r#"{"id":1},"#.repeat(9_999);
    let names = format!(r#"{{"x{0}":{{"y{0}":[]}}}},"#, "n".repeat(300)).repeat(6_800);
    vec![
        ("nested items", format!("[{deep}]").into()),
        ("nested members", format!(r#"{{"a":{deep},"items":[]}}"#).into()),
        ("nested link", format!(r#"{{"items":[],"next_page_link":{deep}}}"#).into()),
        ("many numbers", format!("[{many}0]").into()),
        ("many numbers in a member", format!(r#"[{{"id":[{many}0]}}]"#).into()),
        ("equal objects", format!("[{objects}0]").into()),
        ("long names", format!("[{names}0]").into()),
        ("open brackets", "[".repeat(2 * half).into()),
    ]
}

/// The peak of this process's memory in MiB, where the system shows it.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

fn timed(read: impl FnOnce() -> bool) -> (bool, Duration) {
    let started = Instant::now();
    let is_read = read();
    (is_read, started.elapsed())
}

fn run(name: &str, count: u64, samples: &[&str], read: fn(&[u8]) -> bool) -> std::io::Result<()> {
    let mut random = StdRng::seed_from_u64(SEED);
    let (mut accepted, mut longest) = (0_u64, Duration::ZERO);
    for _ in 0..count {
        let answer = mutated(&mut random, samples);
        let (is_read, time) = timed(|| read(&answer));
        accepted += u64::from(is_read);
        longest = longest.max(time);
    }
    let peak = peak_mib().unwrap_or(0);
    writeln!(
        stdout(),
        "{name}: {count} read, {accepted} accepted, longest {longest:?}, peak {peak} MiB"
    )
}

fn main() -> std::io::Result<()> {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(10_000);
    run("token answers", count, &TOKENS, read_token)?;
    run("list pages", count, &PAGES, read_list)?;
    for (name, page) in longest_pages() {
        let (is_read, time) = timed(|| read_list(&page));
        let (length, peak) = (page.len(), peak_mib().unwrap_or(0));
        writeln!(
            stdout(),
            "{name}: {length} bytes, accepted {is_read}, {time:?}, peak {peak} MiB"
        )?;
    }
    Ok(())
}

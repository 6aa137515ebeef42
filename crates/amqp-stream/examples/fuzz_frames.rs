//! Feeds mutated frames to the filter, and what comes out to the client's parser:
//! `cargo run --release -p amqp-stream --example fuzz_frames -- 1000000`. The same frames in each run.

use std::io::Write;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use amq_protocol::frame::parse_frame;
use amqp_stream::{FrameFilter, InvalidFrame, Limits};

const LIMITS: Limits = Limits { frame_max: 128 * 1024, body_max: 1024 * 1024 };
const METHOD: u8 = 1;
const CONTENT_HEADER: u8 = 2;
const FRAME_END: u8 = 0xCE;

/// What became of the frames.
#[derive(Debug, Default)]
struct Counts {
    passed: u64,
    repaired: u64,
    /// What no broker sends: the filter ends the connection.
    invalid: u64,
    /// Methods come from the broker alone; their mutations may be refused.
    methods_refused: u64,
    /// Content headers come from publishers: none may be refused.
    headers_refused: u64,
    panics: u64,
    longest: Duration,
}

fn main() -> ExitCode {
    let frames = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let seeds = seeds();
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut counts = Counts::default();
    let started = Instant::now();
    for _ in 0..frames {
        let seed = &seeds[random.below(seeds.len())];
        let kind = if seed.starts_with(&[0, 60, 0, 0]) { CONTENT_HEADER } else { METHOD };
        let frame = framed(kind, &mutated(seed, &mut random));
        let begun = Instant::now();
        let filtered = catch_unwind(|| filtered(&frame));
        counts.longest = counts.longest.max(begun.elapsed());
        match filtered {
            Err(_) => counts.panics += 1,
            Ok(Err(_)) => counts.invalid += 1,
            Ok(Ok(output)) => counts.judge(kind, &frame, &output),
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let failed = counts.panics + counts.headers_refused > 0;
    let memory = peak_memory().unwrap_or_else(|| "unknown".to_owned());
    let report = format!(
        "{counts:#?}\n{frames} frames in {seconds:.1} s, peak memory of the process {memory}"
    );
    let _ = writeln!(std::io::stdout(), "{report}");
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

impl Counts {
    fn judge(&mut self, kind: u8, frame: &[u8], output: &[u8]) {
        let read = catch_unwind(|| parse_frame(output).is_ok_and(|(rest, _)| rest.is_empty()));
        match read {
            Err(_) => self.panics += 1,
            Ok(false) if kind == METHOD => self.methods_refused += 1,
            Ok(false) => self.headers_refused += 1,
            Ok(true) if output == frame => self.passed += 1,
            Ok(true) => self.repaired += 1,
        }
    }
}

fn filtered(frame: &[u8]) -> Result<Vec<u8>, InvalidFrame> {
    let mut filter = FrameFilter::new(LIMITS);
    filter.feed(frame)?;
    let mut output = vec![0; frame.len() + 1024];
    let count = filter.take(&mut output);
    output.truncate(count);
    Ok(output)
}

/// Payloads of valid frames.
fn seeds() -> Vec<Vec<u8>> {
    let table = |entries: &[u8]| long(entries);
    let mut nested = b"\x01at\x01".to_vec();
    for _ in 0..70 {
        nested = [b"\x01aF", table(&nested).as_slice()].concat();
    }
    let values = b"\x01bb\x01\x01iI\0\0\0\x01\x01ll\0\0\0\0\0\0\0\x01\x01dd\0\0\0\0\0\0\0\0\x01vV\
        \x01SS\0\0\0\x02hi\x01xx\0\0\0\x01\xff\x01DD\x02\0\0\0\x05\x01TT\0\0\0\0\0\0\0\x09\x01AA\0\0\0\x03Vt\x01";
    let all = [
        b"\x0atext/plain".as_slice(),
        b"\x04gzip",
        &table(values),
        b"\x02\x05\x03cor\x03rep\x0260\x02id\0\0\0\0\0\0\0\x09\x04kind\x04user\x03app\x07cluster",
    ];
    let header = |size: u64, flags: u16, properties: &[u8]| {
        let (size, flags) = (size.to_be_bytes(), flags.to_be_bytes());
        [&[0, 60, 0, 0][..], &size, &flags, properties].concat()
    };
    vec![
        header(5, 0xFFFC, &all.concat()),
        header(1 << 21, 0x2000, &table(&nested)),
        header(5, 0x2000, &table(values)),
        header(0, 0x8000, b"\x05caf\xc3\xa9"),
        b"\0\x3c\0\x3c\x03tag\0\0\0\0\0\0\0\x01\0\x02ex\x03key".to_vec(),
        b"\0\x3c\0\x47\0\0\0\0\0\0\0\x01\0\x02ex\x03key\0\0\0\x01".to_vec(),
        b"\0\x3c\0\x32\x01\x38\x08NO_ROUTE\x02ex\x03key".to_vec(),
        b"\0\x0a\0\x1e\x07\xff\0\x02\0\0\0\x3c".to_vec(),
    ]
}

fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes(), bytes].concat()
}

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind, 0, 1][..], &long(payload), &[FRAME_END]].concat()
}

/// The payload with up to four changes after class and method, or class and weight.
fn mutated(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut payload = seed.to_vec();
    for _ in 0..random.below(5) {
        let at = 4 + random.below(payload.len().saturating_sub(4).max(1));
        let byte = random.byte();
        match (random.below(5), payload.get_mut(at)) {
            (_, None) => payload.push(byte),
            (0, Some(_)) => payload.truncate(at),
            (1, Some(_)) => payload.insert(at, byte),
            (2, Some(_)) => {
                let end = payload.len().min(at + 1 + random.below(16));
                payload.extend_from_within(at..end);
            }
            (3, Some(found)) => *found ^= 1 << random.below(8),
            (_, Some(found)) => *found = byte,
        }
    }
    payload
}

/// A generator of numbers, xorshift64*.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        usize::try_from(self.next() % limit).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}

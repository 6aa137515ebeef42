//! The samples of `schemas/samples`.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use events::{DecodeError, decode_booking_status, decode_open_request, names};

/// Where the generated schemas and the samples are.
pub(super) fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

/// The clock for which the samples are valid or invalid.
pub(super) fn now() -> DateTime<Utc> {
    "2026-01-15T12:00:00Z".parse().unwrap()
}

/// A file of the corpus. `words` are the parts of its name between the double dashes.
pub(super) struct Sample {
    pub(super) words: Vec<String>,
    pub(super) body: Vec<u8>,
}

impl Sample {
    pub(super) fn name(&self) -> String {
        self.words.join("--")
    }
}

/// All samples of `valid` or `invalid`.
pub(super) fn samples(directory: &str) -> Vec<Sample> {
    let directory = schemas().join("samples").join(directory);
    let mut samples: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let words = stem.split("--").map(str::to_owned).collect();
            Sample { words, body: fs::read(&path).unwrap() }
        })
        .collect();
    samples.sort_by(|a, b| a.words.cmp(&b.words));
    samples
}

/// Decodes a body from the queue of `event_type`.
pub(super) fn decode(event_type: &str, body: &[u8]) -> Result<(), DecodeError> {
    match event_type {
        names::BOOKING_STATUS => decode_booking_status(body, now()).map(drop),
        names::OPEN_REQUEST => decode_open_request(body, now()).map(drop),
        other => panic!("{other} is not inbound"),
    }
}

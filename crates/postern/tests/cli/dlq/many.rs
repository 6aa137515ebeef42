//! Thousands of dead letters, which are together larger than the memory that a listing may use.

use std::{
    process::{Child, Stdio},
    time::Duration,
};

use end_to_end::{
    broker::Vhost,
    deadline::{SOON, until_true},
};
use futures_util::future::join_all;

use super::{fixture::DlqFixture, letters::malformed};

const COUNT: usize = 5_000;
const SIZE: usize = 40 * 1024;
/// Far less than the bodies together: 200 MB.
const MEMORY: u64 = 96 << 20;

/// Runs to the end; returns the output and the peak of the resident memory.
async fn run_to_end(mut child: Child) -> (std::process::Output, u64) {
    let status = format!("/proc/{}/status", child.id());
    let mut out = child.stdout.take().unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut stdout = Vec::new();
        std::io::Read::read_to_end(&mut out, &mut stdout).unwrap();
        stdout
    });
    let mut peak = 0;
    let status = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or_default() * 1024);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let stdout = read.await.unwrap();
    (std::process::Output { status, stdout, stderr: Vec::new() }, peak)
}

async fn fill(vhost: &Vhost) {
    let buses = join_all((0..16).map(|_| vhost.bus())).await;
    join_all(buses.iter().enumerate().map(async |(lane, bus)| {
        for number in (lane..COUNT).step_by(16) {
            let mut body = format!("{number} ").into_bytes();
            body.resize(SIZE, b'x');
            malformed(&body).publish_to(bus).await;
        }
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_letters_need_little_memory_and_keep_their_order() {
    let fixture = DlqFixture::new().await;
    fill(&fixture.vhost).await;
    until_true("all letters to be there", SOON * 3, || async {
        fixture.waiting("dead-letters").await as usize == COUNT
    })
    .await;
    let run = |arguments: &'static str| {
        let mut command = fixture.postern.command(&arguments.split(' ').collect::<Vec<_>>());
        run_to_end(command.stdout(Stdio::piped()).spawn().unwrap())
    };

    let (first, peak) = run("dlq list --output json").await;
    assert!(first.status.success());
    assert_eq!(first.stdout.iter().filter(|byte| **byte == b'\n').count(), COUNT);
    assert!(peak < MEMORY, "the listing took {} MB", peak >> 20);
    let (second, _) = run("dlq list --output json").await;
    assert!(first.stdout == second.stdout, "the same letters in the same order");

    let (replayed, peak) = run("dlq replay --all --output json").await;
    assert!(replayed.status.success());
    assert!(peak < MEMORY, "the replay took {} MB", peak >> 20);
    assert_eq!(fixture.waiting("open-requests").await as usize, COUNT);
    assert_eq!(fixture.waiting("dead-letters").await, 0);
}

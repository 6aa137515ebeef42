//! `postern ready`: what `/readyz` of a worker says, for health checks where no other program is, as in a container.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::Context;
use clap::Args;
use consumer::Settings;

use crate::cli::{
    arguments::output_format::OutputFlag, failure::CommandFailure, terminal::output::Output,
};

/// How long connecting may take, and each read.
const LIMIT: Duration = Duration::from_secs(2);
/// More than the answer has, in bytes.
const LONGEST_ANSWER: u64 = 4096;

/// Arguments of `ready`.
#[derive(Debug, Args)]
pub(crate) struct ReadyArguments {
    #[command(flatten)]
    output: OutputFlag,
}

/// Asks the worker at `http.listen`.
pub(crate) fn run(arguments: ReadyArguments, settings: &Settings) -> Result<(), CommandFailure> {
    let address = settings.http_listen;
    let answer = ask(address).with_context(|| format!("no worker answers at {address}"))?;
    let (head, readiness) = answer.split_once("\r\n\r\n").unwrap_or_default();
    match head.split(' ').nth(1) {
        Some("200") => Output::new(arguments.output).print_line(readiness, || "ready".to_owned()),
        Some("503") => {
            let text = format!("the worker at {address} is not ready: {readiness}");
            Err(CommandFailure::message(text))
        }
        _ => Err(CommandFailure::message(format!("what answers at {address} is no worker"))),
    }
}

fn ask(mut address: SocketAddr) -> io::Result<String> {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.write_all(format!("GET /readyz HTTP/1.0\r\nHost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}

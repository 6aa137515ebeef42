//! `salto-simulator`: reads the command line, serves until it is told to end.

mod arguments;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde_json::json;
use simulator::announce::{Announcer, Output, print_line};
use simulator::world::World;
use simulator::{Simulator, StartError};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;

/// Wrong usage: also a world file that cannot be used.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let world = match prepare(&arguments) {
        Ok(world) => world,
        Err(error) => return complain(&error, USAGE),
    };
    match run(&arguments, world).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mistake = matches!(error.downcast_ref(), Some(StartError::World(_)));
            complain(&error, if mistake { USAGE } else { 1 })
        }
    }
}

fn prepare(arguments: &Arguments) -> Result<World> {
    if !arguments.listen.ip().is_loopback() && !arguments.allow_remote {
        bail!("{} is not a loopback address; --allow-remote permits it", arguments.listen);
    }
    let mut world = match &arguments.world {
        None => World::builtin(),
        Some(path) => {
            let shown = path.display();
            let text = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
            World::from_json(&text).with_context(|| format!("cannot use {shown}"))?
        }
    };
    if let Some(lifetime) = arguments.token_lifetime {
        let seconds = u32::try_from(lifetime.as_secs()).context("--token-lifetime is too long")?;
        world.settings.token_lifetime_seconds = seconds;
    }
    if let Some(seconds) = arguments.open_seconds {
        world.settings.open_seconds = seconds;
    }
    Ok(world)
}

async fn run(arguments: &Arguments, world: World) -> Result<()> {
    if arguments.print_world {
        return Ok(print_line(&serde_json::to_string_pretty(&world)?)?);
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let announcer =
        if arguments.quiet { Announcer::quiet() } else { Announcer::to_stdout(arguments.output) };
    let simulator = Simulator::start(arguments.listen, world, announcer).await?;
    let url = simulator.url();
    match arguments.output {
        Output::Human => print_line(&format!("listening on {url}"))?,
        Output::Json => print_line(&json!({"event": "listening", "url": url}).to_string())?,
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn complain(error: &anyhow::Error, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "salto-simulator: {error:#}");
    ExitCode::from(status)
}

//! The program `salto-simulator`: reads the command line and serves until SIGTERM or SIGINT.

mod arguments;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde_json::json;
use simulator::output::{LineFormat, Printer, print_line};
use simulator::world::World;
use simulator::{BookingSystemSettings, Simulator, StartError};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;

/// Exit status for wrong usage, a world file that cannot be used included.
const WRONG_USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let world = match world(&arguments) {
        Ok(world) => world,
        Err(error) => return report(&error, WRONG_USAGE),
    };
    let booking_system = match booking_system(&arguments) {
        Ok(booking_system) => booking_system,
        Err(error) => return report(&error, WRONG_USAGE),
    };
    match run(&arguments, world, booking_system).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let wrong_world = matches!(error.downcast_ref(), Some(StartError::World(_)));
            report(&error, if wrong_world { WRONG_USAGE } else { 1 })
        }
    }
}

/// The world that the arguments ask for.
fn world(arguments: &Arguments) -> Result<World> {
    if !arguments.listen.ip().is_loopback() && !arguments.allow_remote {
        bail!(
            "--listen {} is not a loopback address; add --allow-remote to use it",
            arguments.listen
        );
    }
    let mut world = match &arguments.world {
        None => World::builtin(),
        Some(path) => {
            let file = path.display();
            let text = std::fs::read(path)
                .with_context(|| format!("cannot read the world file {file}"))?;
            World::from_json(&text).with_context(|| format!("cannot use the world file {file}"))?
        }
    };
    if let Some(lifetime) = arguments.token_lifetime {
        let seconds = u32::try_from(lifetime.as_secs())
            .with_context(|| format!("--token-lifetime must be at most {}s", u32::MAX))?;
        world.settings.token_lifetime_seconds = seconds;
    }
    if let Some(seconds) = arguments.open_seconds {
        world.settings.open_seconds = seconds;
    }
    Ok(world)
}

/// Where the events of the page's booking system go.
fn booking_system(arguments: &Arguments) -> Result<Option<BookingSystemSettings>> {
    let settings = arguments.broker_url.as_deref().map(|url| {
        BookingSystemSettings::new(url, &arguments.integration)
            .context("--broker-url cannot be used")
    });
    settings.transpose()
}

async fn run(
    arguments: &Arguments,
    world: World,
    booking_system: Option<BookingSystemSettings>,
) -> Result<()> {
    if arguments.print_world {
        return Ok(print_line(&serde_json::to_string_pretty(&world)?)?);
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let printer =
        if arguments.quiet { Printer::quiet() } else { Printer::to_stdout(arguments.output) };
    let simulator = Simulator::start_with(arguments.listen, world, printer, booking_system).await?;
    let url = simulator.url();
    match arguments.output {
        LineFormat::Human => print_line(&format!("listening on {url}"))?,
        LineFormat::Json => print_line(&json!({"event": "listening", "url": url}).to_string())?,
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn report(error: &anyhow::Error, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "salto-simulator: {error:#}");
    ExitCode::from(status)
}

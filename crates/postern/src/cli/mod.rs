//! The command line.
//!
//! [`command_line`] is the arguments of the program with their help, and [`commands`] what they do.
//! What the console does too is in [`operations`]. The commands share [`arguments`]; what is printed on the
//! [`terminal`] and read from it; [`connections`] that no operation has; the integrations that are stored in Redis
//! ([`stored_integrations`]); who runs the command ([`operator`]); [`failure`], the error of a command with its exit
//! status; and what SIGINT does ([`interrupt`]).

mod arguments;
mod colours;
mod command_line;
mod commands;
mod connections;
mod exporting;
mod failure;
mod interrupt;
mod logging;
mod operator;
mod stored_integrations;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use tokio::runtime;

use command_line::{BrokerCommand, Command, CommandLine, StandaloneCommand};
use commands::{
    audit, booking, check_config, check_event, completions, console, console::ConsoleArguments,
    dlq, doctor, explain, guest_key, integration, iq, listen, lock, login, man_pages, mapping,
    pause, publish, ready, secrets, site, tail, worker,
};
use failure::{CommandFailure, FailureFormat};
use terminal::text::show_local_times;

use config::{BrokerConfig, Config};
use consumer::Settings;

/// The stack of a thread, in bytes: what the main thread usually has. Checks ask Salto several things at the same time,
/// for which the 2 MiB that threads have otherwise do not suffice without optimization.
const THREAD_STACK: usize = 8 * 1024 * 1024;

/// Runs the command that the arguments name; the first argument is the program.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let format = FailureFormat::of(arguments);
    let started = match CommandLine::try_parse_from(arguments) {
        Ok(line) => start(line),
        Err(error) if error.use_stderr() && format == FailureFormat::Json => {
            Err(CommandFailure::wrong_arguments(&error))
        }
        // Help, the version, and what is wrong, for people.
        Err(error) => error.exit(),
    };
    match started {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(format),
    }
}

fn start(line: CommandLine) -> Result<(), CommandFailure> {
    let is_worker = matches!(line.command, Command::Worker);
    let is_server = is_worker || matches!(&line.command, Command::Console(it) if it.serves());
    // The output of these commands is the problems that other commands log as warnings.
    let prints_problems = matches!(line.command, Command::Doctor(_) | Command::Explain(_));
    let default_filter = match (is_server, prints_problems) {
        (true, _) => "info",
        (false, true) => "error",
        (false, false) => "warn",
    };
    let traces = if is_worker { exporting::start() } else { Ok(None) };
    let exporter = traces.as_ref().ok().and_then(Option::as_ref);
    logging::start(&line.global, default_filter, exporter)?;
    if let Err(error) = &traces {
        exporting::warn(error);
    }
    if line.global.local {
        show_local_times();
    }
    if !is_server {
        interrupt::exit_on_interrupt().context("the handler of SIGINT cannot be installed")?;
    }
    let result = run_to_end(line, is_server);
    if let Some(traces) = exporter {
        traces.stop();
    }
    result
}

fn run_to_end(line: CommandLine, is_server: bool) -> Result<(), CommandFailure> {
    let command = match line.command {
        Command::Broker(command) => {
            let config = broker_config(line.global.config.as_deref())?;
            let builder = runtime::Builder::new_current_thread();
            return block_on(builder, run_with_broker(command, config));
        }
        Command::Standalone(command) => return run_standalone(command),
        Command::Console(ConsoleArguments { command: Some(command) }) => {
            let builder = runtime::Builder::new_current_thread();
            return block_on(builder, console::run_standalone(command));
        }
        command => command,
    };
    let file = line.global.config.ok_or_else(|| {
        CommandFailure::Usage(
            "no configuration file is given: give --config FILE or set POSTERN_CONFIG".to_owned(),
        )
    })?;
    let variables = std::env::vars_os().collect();
    let config = config::load(&file, &variables).map_err(CommandFailure::Configuration)?;

    // A worker and a console use all cores; the other commands do one thing at a time.
    let mut builder = if is_server {
        runtime::Builder::new_multi_thread()
    } else {
        runtime::Builder::new_current_thread()
    };
    builder.thread_stack_size(THREAD_STACK);
    block_on(builder, run_command(command, config, file))
}

fn block_on(
    mut builder: runtime::Builder,
    command: impl Future<Output = Result<(), CommandFailure>>,
) -> Result<(), CommandFailure> {
    let runtime = builder.enable_all().build().context("the asynchronous runtime cannot start")?;
    let result = runtime.block_on(command);
    // Threads of others may still read standard input, or connect to RabbitMQ: the process does not wait for them, and
    // without the runtime's timers they would panic in its last moment.
    std::mem::forget(runtime);
    result
}

/// The configuration of a command that needs the broker alone.
fn broker_config(file: Option<&Path>) -> Result<BrokerConfig, CommandFailure> {
    let variables: config::Variables = std::env::vars_os().collect();
    let by_variable = ["POSTERN__BROKER__URL", "POSTERN__BROKER__URLS"];
    if file.is_none() && !by_variable.iter().any(|it| variables.contains_key(OsStr::new(it))) {
        return Err(CommandFailure::Usage(
            "no broker is given: give --config FILE, or set POSTERN_CONFIG or POSTERN__BROKER__URL (for a \
             cluster POSTERN__BROKER__URLS)"
                .to_owned(),
        ));
    }
    config::load_broker(file, &variables).map_err(CommandFailure::Configuration)
}

/// Runs one of the commands that need neither configuration nor broker.
fn run_standalone(command: StandaloneCommand) -> Result<(), CommandFailure> {
    match command {
        StandaloneCommand::CheckEvent(arguments) => check_event::run(arguments),
        StandaloneCommand::Completions(arguments) => {
            completions::run(arguments, CommandLine::command())
        }
        StandaloneCommand::ManPages(arguments) => man_pages::run(arguments, CommandLine::command()),
    }
}

/// Runs one of the commands that need the broker alone.
async fn run_with_broker(
    command: BrokerCommand,
    mut config: BrokerConfig,
) -> Result<(), CommandFailure> {
    let named = match &command {
        BrokerCommand::Publish(command) => Some(command.integration()),
        BrokerCommand::Tail(arguments) => arguments.integration(),
        BrokerCommand::Listen(arguments) => Some(arguments.integration()),
        BrokerCommand::Dlq(_) => None,
    };
    if matches!(command, BrokerCommand::Dlq(_)) || named.is_some_and(|id| !config.knows(id)) {
        stored_integrations::complete_broker(&mut config).await;
    }
    match command {
        BrokerCommand::Publish(command) => publish::run(command, &config).await,
        BrokerCommand::Tail(arguments) => tail::run(arguments, &config).await,
        BrokerCommand::Listen(arguments) => listen::run(arguments, &config).await,
        BrokerCommand::Dlq(command) => dlq::run(command, &config).await,
    }
}

async fn run_command(
    command: Command,
    mut config: Config,
    file: PathBuf,
) -> Result<(), CommandFailure> {
    if let Command::CheckConfig(arguments) = command {
        return check_config::run(arguments, &config);
    }
    if let Command::Ready(arguments) = command {
        return ready::run(arguments, &config.settings);
    }
    if let Command::Doctor(arguments) = command {
        return doctor::run(arguments, &mut config, &file).await;
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if let Command::Integration(command) = command {
        return integration::run(command, &config).await;
    }
    if let Command::Console(_) = command {
        return console::run(config).await;
    }
    let mut settings = config.settings;
    let unknown = match command {
        Command::Worker | Command::Secrets(_) => None,
        _ => stored_integrations::complete(&mut settings).await,
    };
    let result = run_with_settings(command, settings, file).await;
    result.map_err(|failure| match unknown {
        Some(why) => failure.with_unknown_integrations(&why),
        None => failure,
    })
}

async fn run_with_settings(
    command: Command,
    settings: Settings,
    file: PathBuf,
) -> Result<(), CommandFailure> {
    match command {
        Command::CheckConfig(_)
        | Command::Standalone(_)
        | Command::Doctor(_)
        | Command::Ready(_)
        | Command::Console(_)
        | Command::Integration(_)
        | Command::Broker(_) => Ok(()),
        Command::Worker => worker::run(settings, file).await,
        Command::Explain(arguments) => explain::run(arguments, &settings).await,
        Command::Audit(arguments) => audit::run(arguments, &settings).await,
        Command::Login(arguments) => login::run(arguments, &settings).await,
        Command::GuestKey(command) => guest_key::run(command, &settings).await,
        Command::Iq(command) => iq::run(command, &settings).await,
        Command::Site(command) => site::run(command, &settings).await,
        Command::Booking(command) => booking::run(command, &settings).await,
        Command::Pause(command) => pause::run(command, &settings).await,
        Command::Secrets(command) => secrets::run(command, &settings).await,
        Command::Mapping(command) => mapping::run(command, &settings).await,
        Command::Lock(command) => lock::run(command, &settings).await,
    }
}

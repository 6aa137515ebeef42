//! The commands.
//!
//! [`args`] is the command line; each command is a file of its own. Beside them: [`failure`], how
//! commands end badly; [`output`], how they print; [`typed`], how secrets come in; [`logging`];
//! [`site_access`], the way to Salto, with what is to be done where Salto says no ([`advice`],
//! [`pause`]).

mod advice;
mod args;
mod audit;
mod broker;
mod check_config;
mod confirm;
mod dlq;
mod doctor;
mod explain;
mod failure;
mod guest_key;
mod iq;
mod lock;
mod logging;
mod login;
mod mapping;
mod moment;
mod output;
mod pause;
mod publish;
mod redis_keeps;
mod site;
mod site_access;
mod tail;
mod typed;
mod words;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use tokio::runtime;

pub(crate) use args::Args;
use args::{Command, LockCommand};
use failure::Failure;

use crate::config::{self, Config};

/// Does what the command line asks for.
pub(crate) fn run(args: Args) -> ExitCode {
    match begin(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn begin(args: Args) -> Result<(), Failure> {
    let is_worker = matches!(args.command, Command::Worker);
    // What is wrong is what these tell.
    let tells_trouble = matches!(args.command, Command::Doctor(_) | Command::Explain(_));
    // A command tells its own errors; what the broker's client says of them beside comes twice.
    let logged = match (is_worker, tells_trouble) {
        (true, _) => "info",
        (false, true) => "error,lapin=off",
        (false, false) => "warn,lapin=off",
    };
    logging::start(&args.global, logged)?;

    let file = args.global.config.ok_or_else(|| {
        Failure::Usage("no configuration: give --config FILE or set POSTERN_CONFIG".to_owned())
    })?;
    let variables = std::env::vars_os().collect();
    let config = config::load(&file, &variables).map_err(Failure::Configuration)?;

    // A worker shares the machine with nobody; the other commands do one thing at a time.
    let mut builder = if is_worker {
        runtime::Builder::new_multi_thread()
    } else {
        runtime::Builder::new_current_thread()
    };
    let runtime = builder.enable_all().build().context("cannot start")?;
    let result = runtime.block_on(command(args.command, config, file));
    // A thread may still wait for standard input.
    runtime.shutdown_background();
    result
}

async fn command(command: Command, config: Config, file: PathBuf) -> Result<(), Failure> {
    if let Command::CheckConfig(check) = command {
        return check_config::run(check, &config);
    }
    if let Command::Doctor(doctor) = command {
        return doctor::run(doctor, &config, &file).await;
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let settings = config.settings;
    match command {
        Command::CheckConfig(_) | Command::Doctor(_) => Ok(()),
        Command::Worker => worker::run(settings, file).await,
        Command::Publish(publish) => publish::run(publish, &settings).await,
        Command::Tail(tail) => tail::run(tail, &settings).await,
        Command::Explain(explain) => explain::run(explain, &settings).await,
        Command::Audit(audit) => audit::run(audit, &settings).await,
        Command::Dlq(dlq) => dlq::run(dlq, &settings).await,
        Command::Login(login) => login::run(login, &settings).await,
        Command::GuestKey(guest_key) => guest_key::run(guest_key, &settings).await,
        Command::Iq(iq) => iq::run(iq, &settings).await,
        Command::Site(site) => site::run(site, &settings).await,
        Command::Mapping(mapping) => mapping::run(mapping, &settings).await,
        Command::Lock(LockCommand::List(list)) => lock::list(list, &settings).await,
    }
}

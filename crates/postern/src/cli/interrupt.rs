//! SIGINT, which Ctrl-C sends: it ends every command but the worker with exit status 130, as shells report
//! it.
//!
//! A thread of its own waits for the signal, because a command may be blocked where it reads input.

use std::{
    io, process,
    sync::{Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

/// The exit status after SIGINT.
pub(super) const INTERRUPTED: u8 = 130;

/// How long the end of the process waits for input without echo to restore the terminal: in steps.
const RESTORE_STEP: Duration = Duration::from_millis(10);
const RESTORE_STEPS: u32 = 20;

/// Set by a command that stops by itself.
static STOP: OnceLock<CancellationToken> = OnceLock::new();

/// Held while the terminal shows no input.
static TERMINAL: Mutex<()> = Mutex::new(());

/// From now on, SIGINT ends the process.
pub(super) fn exit_on_interrupt() -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let mut interrupts = {
        let _context = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        runtime.block_on(interrupts.recv());
        if let Some(stop) = STOP.get() {
            stop.cancel();
            runtime.block_on(interrupts.recv());
        }
        for _ in 0..RESTORE_STEPS {
            if TERMINAL.try_lock().is_ok() {
                break;
            }
            thread::sleep(RESTORE_STEP);
        }
        process::exit(INTERRUPTED.into());
    })?;
    Ok(())
}

/// From now on, the first SIGINT cancels this token, and only the second one ends the process. For commands
/// that stop between two steps.
pub(crate) fn stop_between_steps() -> CancellationToken {
    STOP.get_or_init(CancellationToken::new).clone()
}

/// Reads input while the terminal shows none. Ctrl-C is input then: it ends the process once the terminal is
/// as before.
pub(crate) fn read_hidden<T>(read: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let hidden = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
    let input = read();
    drop(hidden);
    match input {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            process::exit(INTERRUPTED.into())
        }
        input => input,
    }
}

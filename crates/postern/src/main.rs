//! postern: opens Salto KS doors when the booking says so.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request makes some 500 small allocations.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run(&std::env::args_os().collect::<Vec<_>>())
}

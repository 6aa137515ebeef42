//! The shape of the code: which module imports which, and the size of functions and files.
//!
//! Test modules (`#[cfg(test)]`) do not count.

mod names;
mod references;
mod resolve;
mod rings;
mod size;
mod tree;
mod violations;

pub use rings::{Edge, Ring, rings};
pub use size::{Oversize, long_files, long_functions, tuple_parameters};
pub use tree::{Crate, Module};
pub use violations::{file_violations, function_violations, ring_violations};

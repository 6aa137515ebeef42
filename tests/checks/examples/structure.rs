//! Prints what the structure tests object to, and the parameters that are tuples, of the crates whose name contains the argument.

use checks::sources::{crate_roots, relative};
use checks::structure::{
    Crate, file_violations, function_violations, ring_violations, rings, tuple_parameters,
};
use checks::workspace_root;

fn main() {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let root = workspace_root();
    for of in crate_roots(&root).into_iter().filter(|of| of.name.contains(&wanted)) {
        let read = Crate::read(&of.file);
        let mut lines = ring_violations(&root, &read);
        lines.extend(function_violations(&root, &read, 60));
        lines.extend(file_violations(&root, &read, 250));
        lines.extend(tuple_parameters(&read).iter().map(|found| {
            format!(
                "{}:{}: {} takes a tuple apart",
                relative(&root, &found.file),
                found.line,
                found.name
            )
        }));
        let sizes: Vec<_> = rings(&read).iter().map(|ring| ring.modules.len()).collect();
        println!(
            "{}: {} modules, rings of {sizes:?}, {} lines follow",
            of.name,
            read.modules.len(),
            lines.len()
        );
        lines.iter().for_each(|line| println!("  {line}"));
    }
}

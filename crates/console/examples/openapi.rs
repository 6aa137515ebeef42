//! Prints the document that describes the API: `make schemas`.

use std::io::{self, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    io::stdout().write_all(console::document()?.as_bytes())?;
    Ok(())
}

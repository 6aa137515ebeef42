//! Writes the table of what an open command may meet into the file given.

use std::{env, fs, io};

fn main() -> io::Result<()> {
    let file = env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "usage: verdicts FILE"))?;
    fs::write(file, salto::verdict::document())
}

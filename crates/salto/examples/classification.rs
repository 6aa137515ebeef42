//! Writes the document about the classification of answers into the file that is given.

use std::{env, fs, io};

fn main() -> io::Result<()> {
    let file = env::args_os()
        .nth(1)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "usage: classification FILE"))?;
    fs::write(file, salto::classification::document())
}

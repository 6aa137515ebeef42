//! Writes the generated files of `schemas/` into the directory given.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let directory = env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "usage: schemas DIRECTORY"))?;
    fs::create_dir_all(&directory)?;
    for document in events::schema::documents()? {
        fs::write(directory.join(document.file_name), document.content)?;
    }
    Ok(())
}

//! `[audit]`: the destination of the audit, one line per decision.

use std::path::PathBuf;

use consumer::AuditSink;

use super::{
    reader::Section,
    tree::Node,
    value::{any_text, text},
};

/// The values of `to`.
#[derive(Clone, Copy)]
enum Destination {
    Redis,
    File,
    Stdout,
    Off,
}

pub(super) fn audit(mut section: Section<'_>) -> AuditSink {
    let to = section.with_default("to", Destination::Redis, destination);
    let is_valid = section.is_valid();
    let sink = match to {
        Destination::File => section
            .required("directory", "the directory for a file per day", directory)
            .map_or(AuditSink::Off, AuditSink::Directory),
        Destination::Redis => AuditSink::Redis,
        Destination::Stdout => AuditSink::Stdout,
        Destination::Off => AuditSink::Off,
    };
    // Where `to` is wrong, it is not known whether `directory` belongs to it.
    if !matches!(to, Destination::File) && section.node("directory").is_some() && is_valid {
        section.add_mistake("directory", "is for to = \"file\" only");
    }
    section.finish();
    sink
}

fn destination(node: &Node) -> Result<Destination, String> {
    match any_text(node) {
        Ok("redis") => Ok(Destination::Redis),
        Ok("file") => Ok(Destination::File),
        Ok("stdout") => Ok(Destination::Stdout),
        Ok("off") => Ok(Destination::Off),
        Ok(_) | Err(_) => Err("must be \"redis\", \"file\", \"stdout\" or \"off\"".to_owned()),
    }
}

/// The path must be absolute: workers and commands run in different directories.
fn directory(node: &Node) -> Result<PathBuf, String> {
    let path = text(node).map(PathBuf::from).ok().filter(|path| path.is_absolute());
    path.ok_or_else(|| "must be an absolute path, such as \"/var/lib/postern/audit\"".to_owned())
}

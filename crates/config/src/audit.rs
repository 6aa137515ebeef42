//! `[audit]`: the destination of the audit, one line per decision, and one per confirmation.

use std::path::PathBuf;

use consumer::AuditSink;

use super::{
    reader::Section,
    tree::Node,
    value::{any_text, text},
};

/// The values of `to`.
#[derive(Clone, Copy)]
enum AuditDestination {
    Redis,
    File,
    Stdout,
    Off,
}

pub(super) fn audit(mut section: Section<'_>) -> AuditSink {
    let to = section.with_default("to", AuditDestination::Redis, destination);
    let is_valid = section.is_valid();
    let sink = match to {
        AuditDestination::File => section
            .required("directory", "the directory for a file per day", directory)
            .map_or(AuditSink::Off, AuditSink::Directory),
        AuditDestination::Redis => AuditSink::Redis,
        AuditDestination::Stdout => AuditSink::Stdout,
        AuditDestination::Off => AuditSink::Off,
    };
    // Where `to` is wrong, it is not known whether `directory` belongs to it.
    if !matches!(to, AuditDestination::File) && section.node("directory").is_some() && is_valid {
        section.add_mistake_with_value("directory", "is for to = \"file\" only");
    }
    section.finish();
    sink
}

fn destination(node: &Node) -> Result<AuditDestination, String> {
    match any_text(node) {
        Ok("redis") => Ok(AuditDestination::Redis),
        Ok("file") => Ok(AuditDestination::File),
        Ok("stdout") => Ok(AuditDestination::Stdout),
        Ok("off") => Ok(AuditDestination::Off),
        Ok(_) | Err(_) => Err("must be \"redis\", \"file\", \"stdout\" or \"off\"".to_owned()),
    }
}

/// The path must be absolute: workers and commands run in different directories.
fn directory(node: &Node) -> Result<PathBuf, String> {
    let path = text(node).map(PathBuf::from).ok().filter(|path| path.is_absolute());
    path.ok_or_else(|| "must be an absolute path, such as \"/var/lib/postern/audit\"".to_owned())
}

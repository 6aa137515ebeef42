//! `[audit]`: where a line of every decision goes.

use std::path::PathBuf;

use consumer::AuditSink;

use super::{
    reader::Section,
    tree::Node,
    value::{any_text, text},
};

/// What `to` may be.
#[derive(Clone, Copy)]
enum To {
    Redis,
    File,
    Stdout,
    Off,
}

pub(super) fn audit(mut section: Section<'_>) -> AuditSink {
    let to = section.or("to", To::Redis, to);
    let told = section.sound();
    let sink = match to {
        To::File => section
            .required("directory", "the one for a file per day", directory)
            .map_or(AuditSink::Off, AuditSink::Directory),
        To::Redis => AuditSink::Redis,
        To::Stdout => AuditSink::Stdout,
        To::Off => AuditSink::Off,
    };
    // Where `to` is wrong, nobody can tell what belongs to it.
    if !matches!(to, To::File) && section.node("directory").is_some() && told {
        section.wrong("directory", "is for to = \"file\" only");
    }
    section.finish();
    sink
}

fn to(node: &Node) -> Result<To, String> {
    match any_text(node) {
        Ok("redis") => Ok(To::Redis),
        Ok("file") => Ok(To::File),
        Ok("stdout") => Ok(To::Stdout),
        Ok("off") => Ok(To::Off),
        Ok(_) | Err(_) => Err("must be \"redis\", \"file\", \"stdout\" or \"off\"".to_owned()),
    }
}

/// Workers and commands may run anywhere, and must mean the same.
fn directory(node: &Node) -> Result<PathBuf, String> {
    let path = text(node).map(PathBuf::from).ok().filter(|path| path.is_absolute());
    path.ok_or_else(|| "must be an absolute path, such as \"/var/lib/postern/audit\"".to_owned())
}

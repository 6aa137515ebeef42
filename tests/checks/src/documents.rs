//! Links and paths in the Markdown documents of a workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::sources::relative;

/// Folders in which no documents of ours are.
const SKIPPED: [&str; 3] = ["node_modules", "target", "vendor"];
/// How paths begin that a document may name as code.
const PATHS: [&str; 7] = ["crates/", "deploy/", "docs/", "examples/", "schemas/", "tests/", ".ci/"];

/// A document, and where links to it can lead.
struct Document {
    file: PathBuf,
    lines: Vec<Line>,
    anchors: BTreeSet<String>,
}

/// A line outside code blocks.
struct Line {
    number: usize,
    text: String,
}

/// What in the documents under `root` leads nowhere, as `file:line: what`.
///
/// # Panics
///
/// Where a document cannot be read.
#[must_use]
pub fn broken_links(root: &Path) -> Vec<String> {
    let documents: BTreeMap<PathBuf, Document> =
        markdown_files(root).into_iter().map(|file| (file.clone(), Document::read(file))).collect();
    let mut broken = Vec::new();
    for document in documents.values() {
        for line in &document.lines {
            let place = format!("{}:{}", relative(root, &document.file), line.number);
            let links = links(&line.text).into_iter();
            let no_target = |link: &String| !resolves(&documents, document, link);
            broken.extend(
                links.filter(no_target).map(|link| format!("{place}: {link} leads nowhere")),
            );
            let paths = code_spans(&line.text).into_iter().filter(|span| is_path(span));
            let missing = paths.filter(|path| !root.join(path).exists());
            broken.extend(missing.map(|path| format!("{place}: there is no {path}")));
        }
    }
    broken
}

/// The anchors of a document.
///
/// # Panics
///
/// Where it cannot be read.
#[must_use]
pub fn anchors_of(file: &Path) -> BTreeSet<String> {
    Document::read(file.to_owned()).anchors
}

fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("a folder's entry can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            found.extend(markdown_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path.canonicalize().expect("the file is there"));
        }
    }
    found
}

impl Document {
    fn read(file: PathBuf) -> Self {
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut in_code = false;
        let mut lines = Vec::new();
        for (index, text) in text.lines().enumerate() {
            if text.trim_start().starts_with("```") {
                in_code = !in_code;
            } else if !in_code {
                lines.push(Line { number: index + 1, text: text.to_owned() });
            }
        }
        let anchors = anchors(&lines);
        Self { file, lines, anchors }
    }
}

/// The anchors of headings, as GitHub makes them, and those that are written as `<a id="…">`.
fn anchors(lines: &[Line]) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for Line { text, .. } in lines {
        if let Some(title) = text.strip_prefix('#').map(|rest| rest.trim_start_matches('#')) {
            let slug = slug(title.trim());
            let numbered = (1..).map(|number| format!("{slug}-{number}"));
            let free =
                std::iter::once(slug.clone()).chain(numbered).find(|it| !anchors.contains(it));
            anchors.extend(free);
        }
        for after in text.split("<a id=\"").skip(1) {
            anchors.extend(after.split('"').next().map(str::to_owned));
        }
    }
    anchors
}

fn slug(title: &str) -> String {
    let kept = title.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// The targets of `[text](target)`.
fn links(line: &str) -> Vec<String> {
    let without_code: String = line.split('`').step_by(2).collect();
    let targets = without_code.split("](").skip(1);
    targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target.to_owned()).collect()
}

/// The texts between backticks.
#[must_use]
pub fn code_spans(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

fn is_path(span: &str) -> bool {
    PATHS.iter().any(|start| span.starts_with(start))
        && span.bytes().all(|it| it.is_ascii_alphanumeric() || b"/._-".contains(&it))
}

fn resolves(documents: &BTreeMap<PathBuf, Document>, from: &Document, link: &str) -> bool {
    if link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) =
        link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let folder = from.file.parent().expect("a file is in a folder");
    let target =
        if path.is_empty() { Ok(from.file.clone()) } else { folder.join(path).canonicalize() };
    match (target, anchor) {
        (Err(_), _) => false,
        (Ok(_), None) => true,
        (Ok(target), Some(anchor)) => {
            documents.get(&target).is_some_and(|document| document.anchors.contains(anchor))
        }
    }
}

//! The crates of a workspace and their source files.

use std::fs;
use std::path::{Path, PathBuf};

/// The root file of one crate in cargo's sense: a library, a program, a test or a benchmark.
#[derive(Debug)]
pub struct CrateRoot {
    /// The package's folder and the file within it, as in `crates/consumer/src/lib.rs`.
    pub name: String,
    pub file: PathBuf,
    /// Whether this is product code: anything else is only there to test it.
    pub product: bool,
}

/// All crate roots of the workspace at `root`, in a fixed order.
pub fn crate_roots(root: &Path) -> Vec<CrateRoot> {
    let mut packages = folders(&root.join("crates"));
    let product = packages.len();
    packages.push(root.join("tests"));
    packages.extend(
        folders(&root.join("tests"))
            .into_iter()
            .filter(|folder| folder.join("Cargo.toml").exists()),
    );
    packages
        .iter()
        .enumerate()
        .flat_map(|(index, package)| package_roots(root, package, index < product))
        .collect()
}

fn package_roots(root: &Path, package: &Path, product: bool) -> Vec<CrateRoot> {
    let own = ["src/lib.rs", "src/main.rs"].map(|file| (package.join(file), product));
    let programs = entries(&package.join("src/bin")).into_iter().map(|file| (file, product));
    let others = ["tests", "benches", "examples"]
        .into_iter()
        .flat_map(|folder| entries(&package.join(folder)))
        .map(|file| (file, false));
    // The end-to-end tests are a folder beside the package's `src/`.
    let beside = (package.join("end_to_end/main.rs"), false);
    own.into_iter()
        .chain(programs)
        .chain(others)
        .chain([beside])
        .filter(|(file, _)| file.is_file())
        .map(|(file, product)| CrateRoot { name: relative(root, &file), file, product })
        .collect()
}

/// The Rust files of a folder, and `main.rs` of each folder within it.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = listing(folder)
        .into_iter()
        .map(|path| if path.is_dir() { path.join("main.rs") } else { path })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    found.sort();
    found
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        listing(folder).into_iter().filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn listing(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("a folder's entry can be read").path()).collect()
}

/// All sources of the product, with texts that continue on another line in one.
///
/// # Panics
///
/// Where one cannot be read.
#[must_use]
pub fn product_sources(root: &Path) -> String {
    let mut text = String::new();
    for package in fs::read_dir(root.join("crates")).expect("there are crates") {
        read_into(&mut text, &package.expect("a crate's folder can be read").path().join("src"));
    }
    let mut joined = String::new();
    for (index, part) in text.split("\\\n").enumerate() {
        joined.push_str(if index == 0 { part } else { part.trim_start() });
    }
    joined
}

fn read_into(text: &mut String, folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("a folder's entry can be read").path();
        if path.is_dir() {
            read_into(text, &path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a source can be read"));
        }
    }
}

/// `file` as it is called from the workspace's root.
#[must_use]
pub fn relative(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

//! The modules of one crate, with what each of them declares and refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, File, Item, ItemMod};

use super::names::{declared_name, is_test_only, path_attribute};
use super::references::{Reference, Uses, collect};

/// One crate, from its root file on.
pub struct Crate {
    /// The first module is the crate's root.
    pub modules: Vec<Module>,
}

/// One module, in a file of its own or inline in its parent's.
pub struct Module {
    /// As in `crate::ledger::answer`.
    pub path: String,
    pub file: PathBuf,
    pub parent: Option<usize>,
    /// Whether the module is written inside its parent's file.
    pub inline: bool,
    pub children: BTreeMap<String, usize>,
    /// The names of the types, functions and so on that the module declares itself.
    pub items: BTreeSet<String>,
    /// Where names come from that a `use` brings in: name to path.
    pub imports: BTreeMap<String, Vec<String>>,
    /// The paths of `use path::*`.
    pub globs: Vec<Vec<String>>,
    /// All paths that the module names, in `use` declarations and elsewhere.
    pub references: Vec<Reference>,
}

/// Where a module is written.
struct Place {
    path: String,
    file: PathBuf,
    /// The folder of the files of its child modules.
    folder: PathBuf,
    parent: Option<usize>,
    inline: bool,
}

impl Crate {
    /// Reads the crate whose root file is `root`.
    ///
    /// # Panics
    ///
    /// Where a file cannot be read or is not Rust.
    #[must_use]
    pub fn read(root: &Path) -> Self {
        let mut read = Self { modules: Vec::new() };
        let folder = root.parent().expect("a file is in a folder").to_owned();
        let place = Place {
            path: "crate".into(),
            file: root.to_owned(),
            folder,
            parent: None,
            inline: false,
        };
        read.add_file(place);
        read
    }

    fn add_file(&mut self, place: Place) -> usize {
        let File { items, .. } = parse(&place.file);
        self.add(place, &items)
    }

    fn add(&mut self, place: Place, items: &[Item]) -> usize {
        let index = self.modules.len();
        let Uses { imports, globs, references } = collect(items);
        self.modules.push(Module {
            path: place.path.clone(),
            file: place.file.clone(),
            parent: place.parent,
            inline: place.inline,
            children: BTreeMap::new(),
            items: items.iter().filter_map(declared_name).collect(),
            imports,
            globs,
            references,
        });
        for item in items {
            let Item::Mod(module) = item else { continue };
            if is_test_only(&module.attrs) {
                continue;
            }
            let child = self.add_child(index, &place, module);
            self.modules[index].children.insert(module.ident.to_string(), child);
        }
        index
    }

    fn add_child(&mut self, parent: usize, place: &Place, module: &ItemMod) -> usize {
        let name = module.ident.to_string();
        let path = format!("{}::{name}", place.path);
        let folder = place.folder.join(&name);
        if let Some((_, items)) = &module.content {
            let inline = Place {
                path,
                file: place.file.clone(),
                folder,
                parent: Some(parent),
                inline: true,
            };
            return self.add(inline, items);
        }
        let (file, folder) = child_file(place, &name, &module.attrs);
        self.add_file(Place { path, file, folder, parent: Some(parent), inline: false })
    }

    /// The outermost modules that hold one of the two and not the other; none where one holds the other.
    pub(super) fn siblings(&self, one: usize, other: usize) -> Option<(usize, usize)> {
        let (ones, others) = (self.ancestry(one), self.ancestry(other));
        ones.into_iter().zip(others).find(|(one, other)| one != other)
    }

    /// The module and all that hold it, the crate's root first.
    fn ancestry(&self, module: usize) -> Vec<usize> {
        let mut chain: Vec<usize> =
            std::iter::successors(Some(module), |&inner| self.modules[inner].parent).collect();
        chain.reverse();
        chain
    }
}

/// The file of the module `name`, and the folder of its children's files.
fn child_file(place: &Place, name: &str, attributes: &[Attribute]) -> (PathBuf, PathBuf) {
    if let Some(path) = path_attribute(attributes) {
        let beside = place.file.parent().expect("a file is in a folder");
        let file = beside.join(path);
        let folder = file.parent().expect("a file is in a folder").to_owned();
        return (file, folder);
    }
    let folder = place.folder.join(name);
    let flat = place.folder.join(format!("{name}.rs"));
    let file = if flat.is_file() { flat } else { folder.join("mod.rs") };
    (file, folder)
}

/// The syntax tree of a Rust file.
pub(super) fn parse(file: &Path) -> File {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

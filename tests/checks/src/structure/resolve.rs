//! Which module of the crate a path leads to, through `use` declarations and re-exports.

use super::tree::Crate;

/// Longer chains of re-exports than this are rings of their own.
const DEPTH: usize = 16;

/// What a path leads to.
#[derive(Clone, Copy)]
enum Target {
    Module(usize),
    /// Something that this module declares.
    Within(usize),
}

impl Target {
    fn module(self) -> usize {
        match self {
            Self::Module(index) | Self::Within(index) => index,
        }
    }
}

impl Crate {
    /// The module that `path`, written in module `from`, leads to; none where it leaves the crate.
    pub(super) fn resolve(&self, from: usize, path: &[String]) -> Option<usize> {
        self.target(from, path, DEPTH).map(Target::module)
    }

    fn target(&self, from: usize, path: &[String], depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let (first, mut rest) = path.split_first()?;
        let mut current = match first.as_str() {
            "crate" => 0,
            "self" => from,
            "super" => self.modules[from].parent?,
            name => match self.named(from, name, depth)? {
                Target::Module(index) => index,
                within @ Target::Within(_) => return Some(within),
            },
        };
        while let Some((name, further)) = rest.split_first() {
            if name == "super" {
                current = self.modules[current].parent?;
            } else {
                match self.named(current, name, depth) {
                    Some(Target::Module(index)) => current = index,
                    Some(within) => return Some(within),
                    None => return Some(Target::Within(current)),
                }
            }
            rest = further;
        }
        Some(Target::Module(current))
    }

    /// What `name` means in module `at`; none where it comes from another crate.
    fn named(&self, at: usize, name: &str, depth: usize) -> Option<Target> {
        let module = &self.modules[at];
        if let Some(&child) = module.children.get(name) {
            return Some(Target::Module(child));
        }
        if module.items.contains(name) {
            return Some(Target::Within(at));
        }
        if let Some(path) = module.imports.get(name) {
            // `use serde;` would lead to itself.
            return if path.as_slice() == [name] { None } else { self.target(at, path, depth) };
        }
        module.globs.iter().find_map(|glob| {
            let Target::Module(source) = self.target(at, glob, depth)? else { return None };
            if source == at { None } else { self.named(source, name, depth.checked_sub(1)?) }
        })
    }
}

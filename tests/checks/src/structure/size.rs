//! The length of functions and files, and parameters that are tuples.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Block, FnArg, ImplItemFn, Item, ItemFn, Pat, Signature, TraitItemFn};

use super::names::{attributes, is_test_only};
use super::tree::{Crate, parse};

/// A function or a file that is longer than it may be.
#[derive(Debug)]
pub struct Oversize {
    pub name: String,
    pub file: PathBuf,
    pub line: usize,
    pub lines: usize,
}

/// The files of a crate with more than `most` lines.
#[must_use]
pub fn long_files(read: &Crate, most: usize) -> Vec<Oversize> {
    files(read)
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            Oversize {
                name: "file".into(),
                file: file.to_owned(),
                line: 1,
                lines: text.lines().count(),
            }
        })
        .filter(|file| file.lines > most)
        .collect()
}

/// The functions of a crate with more than `most` lines, from `fn` to the closing brace.
#[must_use]
pub fn long_functions(read: &Crate, most: usize) -> Vec<Oversize> {
    functions(read)
        .into_iter()
        .filter(|found| !found.tuple && found.of.lines > most)
        .map(|found| found.of)
        .collect()
}

/// The parameters of a crate's functions that take a tuple apart.
#[must_use]
pub fn tuple_parameters(read: &Crate) -> Vec<Oversize> {
    functions(read).into_iter().filter(|found| found.tuple).map(|found| found.of).collect()
}

fn functions(read: &Crate) -> Vec<Found> {
    let mut functions = Functions::default();
    for file in files(read) {
        functions.file = file.to_owned();
        functions.visit_file(&parse(file));
    }
    functions.found
}

fn files(read: &Crate) -> BTreeSet<&Path> {
    read.modules.iter().map(|module| module.file.as_path()).collect()
}

struct Found {
    of: Oversize,
    /// Whether this is a parameter, not a whole function.
    tuple: bool,
}

#[derive(Default)]
struct Functions {
    file: PathBuf,
    found: Vec<Found>,
}

impl Functions {
    fn add(&mut self, signature: &Signature, block: &Block) {
        let line = signature.fn_token.span.start().line;
        let end = block.brace_token.span.close().end().line;
        self.push(signature.ident.to_string(), line, end + 1 - line, false);
        for parameter in &signature.inputs {
            let FnArg::Typed(typed) = parameter else { continue };
            let line = typed.colon_token.span.start().line;
            if matches!(*typed.pat, Pat::Tuple(_)) {
                self.push(signature.ident.to_string(), line, 0, true);
            }
        }
    }

    fn push(&mut self, name: String, line: usize, lines: usize, tuple: bool) {
        let of = Oversize { name, file: self.file.clone(), line, lines };
        self.found.push(Found { of, tuple });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

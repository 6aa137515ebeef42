//! The paths that a module names: in `use` declarations, in code, and in the arguments of macros.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{ImplItemFn, Item, ItemMod, ItemUse, Macro, UseTree};

use super::names::{attributes, is_test_only};

/// A path that a module names.
#[derive(Clone, Debug)]
pub struct Reference {
    pub path: Vec<String>,
    pub line: usize,
}

/// Everything that a module's items refer to.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) imports: BTreeMap<String, Vec<String>>,
    pub(super) globs: Vec<Vec<String>>,
    pub(super) references: Vec<Reference>,
}

/// What `items` refer to. Modules among them, and what is built for tests alone, are left out.
pub(super) fn collect(items: &[Item]) -> Uses {
    let mut uses = Uses::default();
    for item in items {
        uses.visit_item(item);
    }
    uses
}

impl Uses {
    fn add_tree(&mut self, prefix: &[String], tree: &UseTree) {
        let extended = |name: String| prefix.iter().cloned().chain([name]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.add_tree(&extended(path.ident.to_string()), &path.tree),
            UseTree::Name(name) if name.ident == "self" => {
                let own = prefix.last().cloned().unwrap_or_default();
                self.add_import(own, prefix.to_vec(), name.ident.span().start().line);
            }
            UseTree::Name(name) => {
                let (own, line) = (name.ident.to_string(), name.ident.span().start().line);
                self.add_import(own.clone(), extended(own), line);
            }
            UseTree::Rename(rename) => {
                let path = if rename.ident == "self" {
                    prefix.to_vec()
                } else {
                    extended(rename.ident.to_string())
                };
                self.add_import(rename.rename.to_string(), path, rename.ident.span().start().line);
            }
            UseTree::Glob(glob) => {
                self.globs.push(prefix.to_vec());
                let line = glob.star_token.spans[0].start().line;
                self.references.push(Reference { path: prefix.to_vec(), line });
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_tree(prefix, tree))
            }
        }
    }

    fn add_import(&mut self, name: String, path: Vec<String>, line: usize) {
        self.references.push(Reference { path: path.clone(), line });
        self.imports.insert(name, path);
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut line = 0;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add_path(&mut path, line);
                        line = ident.span().start().line;
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                other => {
                    self.add_path(&mut path, line);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.add_path(&mut path, line);
    }

    fn add_path(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.references.push(Reference { path, line });
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_test_only(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        let mut names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add_path(&mut names, line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        self.add_tokens(invocation.tokens.clone());
        visit::visit_macro(self, invocation);
    }
}

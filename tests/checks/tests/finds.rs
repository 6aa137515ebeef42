//! The structure check finds what it is there for, in small crates written for the purpose.

use std::fs;
use std::path::{Path, PathBuf};

use checks::structure::{Crate, function_violations, ring_violations, rings, tuple_parameters};

struct Case<'a> {
    name: &'a str,
    files: &'a [(&'a str, &'a str)],
}

#[test]
fn two_modules_that_import_each_other_are_a_ring() {
    assert_ring(
        "two",
        &[
            ("lib", "mod a; mod b;"),
            ("a", "use crate::b::B;\npub struct A;"),
            ("b", "use super::a::A;\npub struct B;"),
        ],
    );
}

#[test]
fn full_paths_and_the_arguments_of_macros_are_imports() {
    let a = "fn f() { println!(\"{}\", crate::b::g()); }";
    assert_ring(
        "paths",
        &[("lib", "mod a; mod b;"), ("a", a), ("b", "pub fn g() -> u8 { crate::a::f(); 1 }")],
    );
}

#[test]
fn a_re_export_leads_to_the_module_that_declares_the_name() {
    let files = [
        ("lib", "mod a; mod b;"),
        ("a", "mod inner;\npub use inner::A;"),
        ("a/inner", "use crate::b::B;\npub struct A;"),
    ];
    assert_ring(
        "re_export",
        &[files.as_slice(), &[("b", "use crate::a::A;\npub struct B;")]].concat(),
    );
}

#[test]
fn a_ring_through_a_modules_child_is_found() {
    let files = [
        ("lib", "mod a; mod b;"),
        ("a", "mod inner;\npub struct A;"),
        ("a/inner", "use crate::b::B;"),
    ];
    assert_ring("child", &[files.as_slice(), &[("b", "use crate::a::A;\npub struct B;")]].concat());
}

#[test]
fn a_module_and_its_children_may_import_each_other() {
    let files = [
        ("lib", "mod a;"),
        ("a", "mod inner;\nuse inner::B;\npub struct A;"),
        ("a/inner", "use super::A;\npub struct B;"),
    ];
    assert_no_ring("parent", &files);
}

#[test]
fn test_modules_do_not_count() {
    let b = "pub struct B;\n#[cfg(test)]\nmod tests { use crate::a::A; }";
    assert_no_ring(
        "tests",
        &[("lib", "mod a; mod b;"), ("a", "use crate::b::B;\npub struct A;"), ("b", b)],
    );
}

#[test]
fn a_function_counts_from_its_first_line_to_its_closing_brace() {
    let case = Case {
        name: "length",
        files: &[("lib", "fn short() {\n}\nimpl A {\n    fn long() {\n        1;\n    }\n}\n")],
    };
    let root = case.write();
    let found = function_violations(&root, &Crate::read(&root.join("lib.rs")), 2);
    assert_eq!(found, ["lib.rs:4: long has 3 lines, at most 2 are allowed"]);
}

#[test]
fn a_parameter_that_is_a_tuple_is_found() {
    let case = Case { name: "tuple", files: &[("lib", "fn f(a: u8, (b, c): (u8, u8)) {}")] };
    assert_eq!(tuple_parameters(&case.read()).len(), 1);
}

fn assert_ring(name: &str, files: &[(&str, &str)]) {
    let case = Case { name, files };
    let lines = ring_violations(&case.write(), &case.read());
    assert_eq!(rings(&case.read()).len(), 1, "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("b.rs:1: crate::b imports crate::a")),
        "{lines:?}"
    );
}

fn assert_no_ring(name: &str, files: &[(&str, &str)]) {
    let case = Case { name, files };
    let lines = ring_violations(&case.write(), &case.read());
    assert!(lines.is_empty(), "{lines:?}");
}

impl Case<'_> {
    fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.name)
    }

    fn write(&self) -> PathBuf {
        for (name, text) in self.files {
            let file = self.folder().join(format!("{name}.rs"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        self.folder()
    }

    fn read(&self) -> Crate {
        Crate::read(&self.write().join("lib.rs"))
    }
}

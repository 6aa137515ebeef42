//! Debian's package, packed with the program of this build. Where root runs this test, dpkg also installs, upgrades, removes and
//! purges it, in a root of its own. `make package-test` does the same in a whole Debian, and runs the worker there.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::services;
use tempfile::TempDir;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");

/// What a command prints.
///
/// # Panics
/// If it fails.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let [printed, errors] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{command:?}\n{printed}{errors}");
    printed
}

/// Packs the program of this build. Little compressed, so that it takes a second.
fn pack(directory: &Path, version: &str) -> PathBuf {
    let mut command = Command::new(Path::new(DEPLOY).join("package.sh"));
    command.arg("pack").arg(services::program("postern")).arg(directory).arg(version);
    command.envs([("DPKG_DEB_COMPRESSOR_TYPE", "gzip"), ("DPKG_DEB_COMPRESSOR_LEVEL", "1")]);
    run(&mut command).trim_end().into()
}

/// Mode, owner and path of each entry.
fn entries(package: &Path) -> BTreeMap<String, String> {
    let listed = run(Command::new("dpkg-deb").arg("--contents").arg(package));
    let entry = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        (words[5].to_owned(), format!("{} {}", words[0], words[1]))
    };
    listed.lines().map(entry).collect()
}

#[test]
fn the_package_has_what_an_operator_needs() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let package = pack(directory.path(), "1.2.3-1");
    let entries = entries(&package);
    for (path, mode) in [
        ("./usr/bin/postern", "-rwxr-xr-x root/root"),
        ("./usr/lib/systemd/system/postern.service", "-rw-r--r-- root/root"),
        ("./usr/lib/sysusers.d/postern.conf", "-rw-r--r-- root/root"),
        ("./usr/lib/tmpfiles.d/postern.conf", "-rw-r--r-- root/root"),
        ("./etc/default/postern", "-rw-r--r-- root/root"),
        ("./usr/share/man/man1/postern.1.gz", "-rw-r--r-- root/root"),
        ("./usr/share/man/man1/postern-worker.1.gz", "-rw-r--r-- root/root"),
        ("./usr/share/bash-completion/completions/postern", "-rw-r--r-- root/root"),
        ("./usr/share/zsh/vendor-completions/_postern", "-rw-r--r-- root/root"),
        ("./usr/share/fish/vendor_completions.d/postern.fish", "-rw-r--r-- root/root"),
        ("./usr/share/doc/postern/copyright", "-rw-r--r-- root/root"),
        ("./usr/share/doc/postern/changelog.gz", "-rw-r--r-- root/root"),
        ("./usr/share/doc/postern/examples/postern.example.toml", "-rw-r--r-- root/root"),
        ("./usr/share/doc/postern/examples/alerts.yml", "-rw-r--r-- root/root"),
    ] {
        assert_eq!(entries.get(path).map(String::as_str), Some(mode), "{path} in {entries:#?}");
    }
    let modes = ["drwxr-xr-x root/root", "-rwxr-xr-x root/root", "-rw-r--r-- root/root"];
    let others: Vec<_> =
        entries.iter().filter(|(_, mode)| !modes.contains(&mode.as_str())).collect();
    assert!(others.is_empty(), "{others:?}");

    let field = |name| run(Command::new("dpkg-deb").arg("--field").arg(&package).arg(name));
    assert_eq!(field("Version"), "1.2.3-1\n");
    let needed = field("Depends");
    for name in ["libc6 (>= ", "ca-certificates", "systemd | systemd-standalone-sysusers"] {
        assert!(needed.contains(name), "{needed}");
    }
    let tree = directory.path().join("tree");
    run(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(&tree));
    let version = run(Command::new(tree.join("usr/bin/postern")).arg("--version"));
    assert!(version.starts_with("postern "), "{version}");
    let copyright = fs::read_to_string(tree.join("usr/share/doc/postern/copyright"));
    let copyright = copyright.expect("the file can be read");
    assert!(copyright.contains("License: Expat\n Copyright (c) "), "{copyright}");
}

/// A root in which dpkg has nothing.
struct Root(TempDir);

impl Root {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"] {
            fs::create_dir_all(root.path().join(folder)).expect("a folder is made");
        }
        fs::write(root.path().join("var/lib/dpkg/status"), "").expect("the list is written");
        Self(root)
    }

    /// The maintainer scripts run outside of it, with the tools of this machine, and are told where it is.
    fn dpkg(&self, action: &str, package: impl AsRef<Path>) {
        let mut command = Command::new(Path::new(DEPLOY).join("systemd.sh"));
        command.args(["run", "dpkg", "--force-script-chrootless", "--force-depends"]);
        command.arg(format!("--root={}", self.0.path().display()));
        run(command.arg(action).arg(package.as_ref()));
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path(path)).ok()
    }

    /// Mode, user and group.
    fn access(&self, path: &str) -> (u32, u32, u32) {
        let found = fs::metadata(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        (found.mode() & 0o7777, found.uid(), found.gid())
    }

    /// The number of the group or user of this name.
    fn number(&self, file: &str, name: &str) -> u32 {
        let text = self.read(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
        let number = line.and_then(|line| line.split(':').nth(1)?.parse().ok());
        number.unwrap_or_else(|| panic!("no {name} in {file}:\n{text}"))
    }
}

#[test]
fn dpkg_installs_upgrades_removes_and_purges_it() {
    // Other users cannot give files to the service's user.
    if fs::metadata("/proc/self").expect("this process").uid() != 0 {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [old, new] = ["1.2.3-1", "1.2.4-1"].map(|version| pack(directory.path(), version));
    let root = Root::new();
    root.dpkg("--install", &old);
    let group = root.number("etc/group", "postern");
    assert!((1..1000).contains(&root.number("etc/passwd", "postern")), "a system user");
    for folder in ["etc/postern", "etc/postern/secrets"] {
        assert_eq!(root.access(folder), (0o750, 0, group), "{folder}");
    }
    assert_eq!(root.access("usr/bin/postern"), (0o755, 0, 0));

    // What the operator has written stays.
    root.write("etc/default/postern", "POSTERN_CONFIG=/etc/postern/other.toml\n");
    root.write("etc/postern/postern.toml", "# mine\n");
    fs::create_dir_all(root.path("var/lib/postern/audit")).expect("the audit's folder is made");
    root.dpkg("--install", &new);
    let default = root.read("etc/default/postern").unwrap_or_default();
    assert!(default.ends_with("other.toml\n"), "{default}");
    assert_eq!(root.read("etc/postern/postern.toml").as_deref(), Some("# mine\n"));
    let status = root.read("var/lib/dpkg/status").unwrap_or_default();
    assert!(status.contains("Version: 1.2.4-1\n"), "{status}");

    root.dpkg("--remove", "postern");
    assert!(!root.path("usr/bin/postern").exists());
    assert!(!root.path("usr/lib/systemd/system/postern.service").exists());
    assert!(
        root.read("etc/default/postern").is_some()
            && root.read("etc/postern/postern.toml").is_some()
    );
    root.dpkg("--purge", "postern");
    for gone in ["etc/default/postern", "etc/postern", "var/lib/postern"] {
        assert!(!root.path(gone).exists(), "{gone}");
    }
    assert_eq!(root.number("etc/group", "postern"), group, "nobody else gets the number");
}

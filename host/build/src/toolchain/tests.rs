//! Every source of a toolchain, on machines made of shell scripts.

#![cfg(unix)]

use std::cell::RefCell;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use pretty_assertions::assert_eq;
use tempfile::TempDir;

use super::*;
use crate::environment::Environment;

/// A machine: a folder with a `bin`, which alone is its `PATH`.
struct Machine {
    folder: TempDir,
}

impl Machine {
    /// One with Cargo and nothing else.
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        machine.script("bin/cargo", "exit 1");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A program. It sees only `bin` on its `PATH`, so it is told where the system's are.
    ///
    /// A shell writes it: were it open for writing in this process, a program that another test starts at that moment would have it
    /// open too, and it could not be run.
    fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let status = Command::new("sh")
            .args(["-c", "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""])
            .arg(&path)
            .arg(format!("#!/bin/sh\nPATH=$PATH:/usr/bin:/bin\n{text}\n"))
            .status()
            .unwrap();
        assert!(status.success());
        path
    }

    /// A compiler of this version, with its sysroot in a folder.
    fn rustc(&self, name: &str, release: &str, sysroot: &str) -> PathBuf {
        let sysroot = self.path(sysroot);
        fs::create_dir_all(&sysroot).unwrap();
        self.script(name, &rustc_script(release, &sysroot.display().to_string()))
    }

    /// The one in use, in the place and with the linker of one of rustup's.
    fn rustups_rustc(&self) {
        self.rustc("bin/rustc", "1.95.0", "toolchains/stable");
        self.file("toolchains/stable/lib/rustlib/here/bin/rust-lld", "");
    }

    /// A precompiled standard library for the target.
    fn target(&self, sysroot: &str) {
        self.file(&format!("{sysroot}/lib/rustlib/wasm32-unknown-unknown/lib/libstd-1.rlib"), "");
    }

    fn resolve_with(&self, options: &Options) -> (Result<Toolchain, Error>, Vec<String>) {
        let project = Project::made_up(self.folder.path());
        let bin = self.path("bin");
        let variables = [("PATH", bin.as_os_str()), ("MACHINE", self.folder.path().as_os_str())];
        let environment = Environment::of(&variables, &self.path("usr/bin/rustc"));
        let events = RefCell::new(Vec::new());
        let result = resolve(&project, options, &environment, &mut |event| {
            events.borrow_mut().push(event.to_string());
        });
        (result, events.into_inner())
    }

    fn resolve(&self) -> Toolchain {
        self.resolve_with(&Options::default()).0.unwrap()
    }

    /// What was wrong with each source.
    fn tried(&self, options: &Options) -> Vec<Unavailable> {
        match self.resolve_with(options).0 {
            Err(Error::NoToolchain { tried, .. }) => tried,
            other => panic!("{other:?}"),
        }
    }
}

fn rustc_script(release: &str, sysroot: &str) -> String {
    format!(
        "case $1 in
        -vV) echo rustc {release}; echo 'host: here'; echo 'release: {release}' ;;
        --print) echo {sysroot} ;;
        esac"
    )
}

fn offline() -> Options {
    Options { network: Network::Offline, ..Options::default() }
}

#[test]
fn the_compiler_in_use_is_taken_as_it_is_when_it_has_the_target() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.target("toolchains/stable");
    let toolchain = machine.resolve();
    assert_eq!(toolchain.source, ToolchainSource::InUse);
    assert_eq!(toolchain.rustc, machine.path("bin/rustc"));
    assert_eq!(toolchain.cargo, machine.path("bin/cargo"));
    assert_eq!(toolchain.release, "1.95.0");
    assert_eq!(toolchain.standard_library, StandardLibrary::Precompiled);
    assert_eq!(toolchain.linker, None);
}

#[test]
fn a_folder_of_the_target_without_a_library_does_not_count() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.file("toolchains/stable/lib/rustlib/wasm32-unknown-unknown/lib/rubbish", "");
    assert!(matches!(machine.tried(&offline())[0].reason, Reason::NoTarget { .. }));
}

#[test]
fn rustup_adds_the_target_to_the_compiler_in_use() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.script(
        "bin/rustup",
        "echo \"$@\" > $MACHINE/arguments
        d=$MACHINE/toolchains/stable/lib/rustlib/wasm32-unknown-unknown/lib; mkdir -p $d && touch $d/libstd-1.rlib
        echo 'info: downloading' >&2",
    );
    let (toolchain, events) = machine.resolve_with(&Options::default());
    assert_eq!(toolchain.unwrap().source, ToolchainSource::Rustup);
    let arguments = fs::read_to_string(machine.path("arguments")).unwrap();
    assert_eq!(arguments.trim(), "target add --toolchain stable wasm32-unknown-unknown");
    assert_eq!(
        events.last_chunk(),
        Some(&[
            "downloading the target `wasm32-unknown-unknown` with rustup (about 20 MB)".to_owned(),
            "info: downloading".to_owned(),
        ])
    );
}

#[test]
fn errors_with_what_rustup_says_when_it_has_no_server() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.script("bin/rustup", "echo 'error: no server' >&2; exit 1");
    let tried = machine.tried(&Options::default());
    assert!(matches!(&tried[1].reason, Reason::Failed { details, .. } if details == "error: no server"));
}

#[test]
fn errors_when_rustup_succeeds_and_the_target_is_still_missing() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.script("bin/rustup", "exit 0");
    assert!(matches!(machine.tried(&Options::default())[1].reason, Reason::NoTarget { .. }));
}

#[test]
fn rustup_is_not_asked_for_a_compiler_that_is_not_its_own() {
    let machine = Machine::new();
    machine.rustc("bin/rustc", "1.95.0", "usr");
    machine.script("bin/rustup", "touch $MACHINE/called");
    assert!(matches!(machine.tried(&Options::default())[1].reason, Reason::NotRustups { .. }));
    assert!(!machine.path("called").exists());
}

#[test]
fn offline_nothing_is_fetched() {
    let machine = Machine::new();
    machine.rustups_rustc();
    for program in ["rustup", "apt-get", "dpkg-deb"] {
        machine.script(&format!("bin/{program}"), "touch $MACHINE/called");
    }
    let tried = machine.tried(&offline());
    assert!(matches!(tried[1].reason, Reason::Offline));
    assert!(matches!(tried[3].reason, Reason::Offline));
    assert!(!machine.path("called").exists());
    assert!(!machine.path("toolchain").exists());
}

#[test]
fn the_systems_compiler_is_taken_when_it_has_the_target() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.rustc("usr/bin/rustc", "1.93.0", "usr");
    machine.target("usr");
    let toolchain = machine.resolve();
    assert_eq!(toolchain.source, ToolchainSource::Installed);
    assert_eq!(toolchain.rustc, machine.path("usr/bin/rustc"));
    assert_eq!(toolchain.standard_library, StandardLibrary::Precompiled);
}

#[test]
fn the_systems_compiler_compiles_its_library_when_it_has_the_source() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.rustc("usr/bin/rustc", "1.96.0", "usr");
    machine.file("usr/src/rustc-1.96.0/library/std/Cargo.toml", "");
    fs::create_dir_all(machine.path("usr/lib/rustlib/src")).unwrap();
    std::os::unix::fs::symlink("../../../src/rustc-1.96.0", machine.path("usr/lib/rustlib/src/rust"))
        .unwrap();
    let toolchain = machine.resolve();
    assert_eq!(toolchain.source, ToolchainSource::Installed);
    assert_eq!(toolchain.standard_library, StandardLibrary::FromSource);
    assert_eq!(toolchain.linker, Some(machine.path("toolchains/stable/lib/rustlib/here/bin/rust-lld")));
}

#[test]
fn errors_when_the_source_is_of_another_version() {
    let machine = Machine::new();
    machine.rustc("usr/bin/rustc", "1.96.0", "usr");
    machine.file("usr/src/rustc-1.85.0/library/std/Cargo.toml", "");
    fs::create_dir_all(machine.path("usr/lib/rustlib/src")).unwrap();
    std::os::unix::fs::symlink("../../../src/rustc-1.85.0", machine.path("usr/lib/rustlib/src/rust"))
        .unwrap();
    let tried = machine.tried(&Options::default());
    assert!(matches!(&tried[2].reason, Reason::SourceMismatch { found, .. } if found == "1.85.0"));
}

#[test]
fn errors_when_there_is_source_but_no_linker() {
    let machine = Machine::new();
    machine.rustc("usr/bin/rustc", "1.96.0", "usr");
    machine.file("usr/lib/rustlib/src/rust/library/std/Cargo.toml", "");
    assert!(matches!(machine.tried(&Options::default())[2].reason, Reason::NoLinker));
}

/// apt and dpkg of a Debian that has the packages.
fn debian(machine: &Machine) {
    machine.script(
        "bin/apt-get",
        "echo \"$@\" >> $MACHINE/apt-get-arguments
        for a; do case $a in -oDir::Cache::archives=*) archives=${a#*=} ;; install) install=1 ;; esac; done
        test -z \"$install\" && exit 0
        touch $archives/rustc-web_1.96.0_here.deb $archives/rust-web-src_1.96.0_all.deb",
    );
    // It finds its sysroot by its own place, as the real one does.
    let rustc = rustc_script("1.96.0", "$(dirname $(dirname $0))").replace('\'', "\"");
    machine.script(
        "bin/dpkg-deb",
        &format!(
            "root=$3
            case $2 in
            *rustc-web_*) mkdir -p $root/usr/bin $root/usr/lib/here-linux-gnu $root/usr/share
                echo '#!/bin/sh' > $root/usr/bin/rustc
                echo 'PATH=$PATH:/usr/bin:/bin' >> $root/usr/bin/rustc
                echo 'test -n \"$LD_LIBRARY_PATH\" || exit 127' >> $root/usr/bin/rustc
                echo '{rustc}' >> $root/usr/bin/rustc
                chmod +x $root/usr/bin/rustc ;;
            *rust-web-src_*) mkdir -p $root/usr/lib/rustlib/src
                for d in library/std compiler src; do mkdir -p $root/usr/src/rustc-1.96.0/$d; done
                touch $root/usr/src/rustc-1.96.0/library/std/Cargo.toml
                ln -s /usr/src/rustc-1.96.0 $root/usr/lib/rustlib/src/rust ;;
            esac"
        ),
    );
}

#[test]
fn debians_rust_is_unpacked_once() {
    let machine = Machine::new();
    machine.rustups_rustc();
    debian(&machine);
    let first = machine.resolve();
    assert_eq!(first.source, ToolchainSource::Debian);
    assert_eq!(first.rustc, machine.path("toolchain/debian/root/usr/bin/rustc"));
    assert_eq!(first.release, "1.96.0");
    assert_eq!(first.standard_library, StandardLibrary::FromSource);
    assert_eq!(
        first.variables,
        [(
            OsString::from("LD_LIBRARY_PATH"),
            machine.path("toolchain/debian/root/usr/lib/here-linux-gnu").into_os_string()
        )]
    );
    // Nothing but the toolchain is left, and of the source only the library.
    let left = |folder: &str| {
        let entries = fs::read_dir(machine.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(left("toolchain/debian"), [OsStr::new("lock"), OsStr::new("root")]);
    assert_eq!(left("toolchain/debian/root/usr/src/rustc-1.96.0"), ["library"]);

    fs::remove_file(machine.path("bin/apt-get")).unwrap();
    assert_eq!(machine.resolve(), first);
}

#[test]
fn apt_keeps_to_its_folder_and_fetches_a_linker_where_there_is_none() {
    let machine = Machine::new();
    debian(&machine);
    // There is still no linker: this Debian's `lld` is empty.
    let tried = machine.tried(&Options::default());
    assert!(matches!(tried[3].reason, Reason::NoLinker));
    let arguments = fs::read_to_string(machine.path("apt-get-arguments")).unwrap();
    let (update, install) = arguments.trim().split_once('\n').unwrap();
    assert!(update.ends_with(" update"), "{update}");
    assert!(
        install
            .ends_with(" --yes --download-only --no-install-recommends install rustc-web rust-web-src lld"),
        "{install}"
    );
    let own = machine.path("toolchain/debian");
    for option in ["-oDir::State::lists=", "-oDir::Cache=", "-oDir::Cache::archives=", "-oDir::Log="] {
        assert!(install.contains(&format!("{option}{}", own.display())), "{option} in {install}");
    }
}

#[test]
fn what_was_cut_short_is_fetched_anew() {
    let machine = Machine::new();
    machine.rustups_rustc();
    debian(&machine);
    machine.script("toolchain/debian/root/usr/bin/rustc", "exit 127");
    machine.file("toolchain/debian/.fetch-abc/archives/rustc-web_1.96.0_here.deb", "");
    assert_eq!(machine.resolve().source, ToolchainSource::Debian);
    assert!(!machine.path("toolchain/debian/.fetch-abc").exists());
}

#[test]
fn builds_at_the_same_time_fetch_it_once() {
    let machine = Machine::new();
    machine.rustups_rustc();
    debian(&machine);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(machine.resolve().source, ToolchainSource::Debian));
        }
    });
    let arguments = fs::read_to_string(machine.path("apt-get-arguments")).unwrap();
    assert_eq!(arguments.lines().count(), 2, "{arguments}");
}

#[test]
fn errors_when_apt_fails_and_leaves_nothing_that_looks_complete() {
    let machine = Machine::new();
    machine.rustups_rustc();
    debian(&machine);
    machine.script("bin/apt-get", "echo 'E: Unable to locate package rustc-web' >&2; exit 100");
    let tried = machine.tried(&Options::default());
    assert!(
        matches!(&tried[3].reason, Reason::Failed { details, .. } if details.contains("Unable to locate"))
    );
    assert!(!machine.path("toolchain/debian/root").exists());
}

#[test]
fn errors_when_apt_leaves_out_what_is_installed() {
    let machine = Machine::new();
    machine.rustups_rustc();
    debian(&machine);
    machine.script("bin/apt-get", "exit 0");
    assert!(matches!(machine.tried(&Options::default())[3].reason, Reason::InstalledInPart));
}

#[test]
fn the_error_says_what_was_tried_and_what_to_install() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.script("bin/rustup", "echo 'error: could not download' >&2; exit 1");
    let (result, _) = machine.resolve_with(&Options::default());
    let text = result.unwrap_err().to_string();
    let rustc = machine.path("bin/rustc").display().to_string();
    assert_eq!(
        text,
        format!(
            "no Rust toolchain here compiles for `wasm32-unknown-unknown`
  the Rust in use: rustc 1.95.0 (`{rustc}`) has no `wasm32-unknown-unknown`
  rustup: `rustup target add wasm32-unknown-unknown` failed (exit status: 1)
    | error: could not download
  an installed Rust: rustc 1.95.0 (`{rustc}`) has neither the target nor the source of its standard library
  Debian's packages: there is no `apt-get`
any one of these mends it:
  with rustup:      rustup target add wasm32-unknown-unknown
  Debian 12:        apt-get install rustc-web rust-web-src lld
  Debian, Ubuntu:   apt-get install rustc libstd-rust-dev-wasm32 lld
  Fedora:           dnf install rust rust-std-static-wasm32-unknown-unknown lld
  macOS, others:    install rustup from https://rustup.rs, then rustup target add wasm32-unknown-unknown"
        )
    );
}

#[test]
fn wasip2_is_never_compiled_from_source() {
    let machine = Machine::new();
    machine.rustc("usr/bin/rustc", "1.96.0", "usr");
    machine.file("usr/lib/rustlib/src/rust/library/std/Cargo.toml", "");
    debian(&machine);
    let tried = machine.tried(&Options { target: Target::Wasm32Wasip2, ..Options::default() });
    assert!(matches!(tried[2].reason, Reason::NotFromSource));
    assert!(matches!(tried[3].reason, Reason::NotFromSource));
    assert!(!machine.path("toolchain").exists());
}

#[test]
fn only_the_sources_that_are_asked_for_are_tried() {
    let machine = Machine::new();
    machine.rustups_rustc();
    machine.target("toolchains/stable");
    let options = Options { toolchains: vec![ToolchainSource::Debian], ..Options::default() };
    let tried = machine.tried(&options);
    assert_eq!(tried.len(), 1);
    assert!(matches!(&tried[0].reason, Reason::NotFound { program } if program == "apt-get"));
}

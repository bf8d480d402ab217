//! Packages that are built for real, and packages that cannot be.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "it is a test")]

use std::fs;
use std::path::{Path, PathBuf};

use innkeeper_build::{
    Artifact, ArtifactKind, ComponentError, Error, Features, Freshness, Guests, Network, Options, Target,
    ToolchainSource, build,
};
use pretty_assertions::assert_eq;
use tempfile::TempDir;
use wit_component::StringEncoding;
use wit_parser::Resolve;

/// A guest without dependencies: what `wit-bindgen` would generate for this world is two lines.
const WIT: &str = "package test:guest; world guest { export answer: func() -> u32; }";
const GUEST: &str = r#"
#[unsafe(link_section = "component-type:guest")]
#[used]
static WORLD: [u8; include_bytes!("../world.bin").len()] = *include_bytes!("../world.bin");

#[unsafe(no_mangle)]
extern "C" fn answer() -> u32 {
    compute_the_answer(std::hint::black_box(6))
}

#[inline(never)]
fn compute_the_answer(six: u32) -> u32 {
    six.checked_mul(7).expect("small numbers")
}
"#;

/// A package of its own.
struct Package {
    folder: TempDir,
}

impl Package {
    fn new(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let package = Self { folder };
        package.file("Cargo.toml", manifest);
        let mut resolve = Resolve::default();
        let wit = resolve.push_str("guest.wit", WIT).unwrap();
        let world = resolve.select_world(&[wit], None).unwrap();
        let section = wit_component::metadata::encode(&resolve, world, StringEncoding::UTF8, None).unwrap();
        fs::write(package.folder.path().join("world.bin"), section).unwrap();
        package
    }

    /// One with a `cdylib`.
    fn library(code: &str) -> Self {
        let package = Self::new(
            "[package]\nname = \"tiny-guest\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n",
        );
        package.file("src/lib.rs", code);
        package
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn build(&self, options: &Options) -> Result<Vec<Artifact>, Error> {
        build(self.folder.path(), options, &mut |event| println!("{event}"))
    }

    /// Compiles nothing, for what is wrong before that.
    fn check(&self) -> Error {
        self.build(&Options { toolchains: Vec::new(), ..Options::default() }).unwrap_err()
    }
}

/// Compiles in a folder that outlives the test, each test in its own; with a downloaded toolchain, if it comes to that, shared with the
/// rest of this workspace.
fn options(test: &str) -> Options {
    let tmp = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    Options {
        target_dir: Some(tmp.join("build").join(test)),
        toolchain_dir: Some(tmp.join("../guests/toolchain")),
        ..Options::default()
    }
}

fn exports(component: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(component) {
        if let wasmparser::Payload::ComponentExportSection(reader) = payload.unwrap() {
            names.extend(reader.into_iter().map(|export| export.unwrap().name.name.to_owned()));
        }
    }
    names
}

#[test]
fn a_library_and_binaries_become_components_in_one_run() {
    let package = Package::library(GUEST);
    package.file("src/bin/another.rs", &format!("#![no_main]\n{}", GUEST.replace("../world", "../../world")));
    let out = tempfile::tempdir().unwrap();
    let options = Options { out_dir: Some(out.path().join("deep/er")), ..options("several") };
    let built = package.build(&options).unwrap();
    let names: Vec<_> = built.iter().map(|guest| (guest.name.as_str(), guest.kind)).collect();
    assert_eq!(names, [("another", ArtifactKind::Binary), ("tiny_guest", ArtifactKind::Library)]);
    for guest in &built {
        assert_eq!(guest.path, out.path().join("deep/er").join(format!("{}.wasm", guest.name)));
        assert_eq!(guest.freshness, Freshness::Written);
        let bytes = fs::read(&guest.path).unwrap();
        assert_eq!(guest.size, bytes.len() as u64);
        wasmparser::Validator::new().validate_all(&bytes).unwrap();
        assert_eq!(exports(&bytes), ["answer"]);
        // The name section, for backtraces.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains("compute_the_answer"), "{}", guest.name);
        let source = if guest.name == "another" { "src/bin/another.rs" } else { "src/lib.rs" };
        for input in [source, "world.bin", "Cargo.toml"] {
            let input = package.folder.path().join(input).canonicalize().unwrap();
            let inputs: Vec<_> = guest.inputs.iter().filter_map(|path| path.canonicalize().ok()).collect();
            assert!(inputs.contains(&input), "{input:?} in {inputs:?}");
        }
    }
    for guest in package.build(&options).unwrap() {
        assert_eq!(guest.freshness, Freshness::Unchanged);
    }
    let one = Options { guests: Guests::Named(vec!["another".to_owned()]), ..options };
    assert_eq!(package.build(&one).unwrap().len(), 1);
}

#[test]
fn errors_with_the_compilers_words_when_the_code_does_not_compile() {
    let package = Package::library("fn broken() -> u32 { \"text\" }");
    let error = package.build(&options("broken")).unwrap_err();
    assert!(matches!(&error, Error::Cargo { package, .. } if package == "tiny-guest"), "{error:?}");
    assert!(error.to_string().starts_with("cargo could not build package `tiny-guest` ("), "{error}");
    let details = error.details().unwrap();
    assert!(details.contains("error[E0308]") && details.contains("src/lib.rs:1"), "{details}");
}

#[test]
fn errors_when_the_module_carries_no_world() {
    let package = Package::library("#[unsafe(no_mangle)] extern \"C\" fn answer() -> u32 { 42 }");
    let error = package.build(&options("worldless")).unwrap_err();
    assert!(matches!(&error, Error::Component { source: ComponentError::NoWorld, .. }), "{error:?}");
}

#[test]
fn errors_when_the_profile_is_unknown() {
    let package = Package::library(GUEST);
    let error = package.build(&Options { profile: "fancy".to_owned(), ..options("profile") }).unwrap_err();
    assert!(error.details().unwrap().contains("profile `fancy` is not defined"), "{error:?}");
}

#[test]
fn errors_when_required_features_are_off() {
    let package = Package::new(
        "[package]\nname = \"tiny-guest\"\nedition = \"2024\"\n[features]\nextra = []\n\
         [[bin]]\nname = \"guest\"\npath = \"src/lib.rs\"\nrequired-features = [\"extra\"]\n[workspace]\n",
    );
    package.file("src/lib.rs", &format!("#![no_main]\n{GUEST}"));
    let error = package.build(&options("features")).unwrap_err();
    assert!(matches!(&error, Error::NoModule { package } if package == "tiny-guest"), "{error:?}");
    let guests = Guests::Named(vec!["guest".to_owned()]);
    let error = package.build(&Options { guests, ..options("features") }).unwrap_err();
    assert!(error.details().unwrap().contains("requires the features: `extra`"), "{error:?}");
    let features = Features::Also(vec!["extra".to_owned()]);
    assert_eq!(package.build(&Options { features, ..options("features") }).unwrap().len(), 1);
}

#[test]
fn errors_when_there_is_no_such_path() {
    let error = build(Path::new("/no/such/guest"), &Options::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }));
    assert_eq!(error.to_string(), "there is no file or folder `/no/such/guest`");
}

#[test]
fn errors_when_the_folder_or_file_is_no_package() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.py");
    fs::write(&file, "").unwrap();
    for path in [folder.path(), &file] {
        let error = build(path, &Options::default(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, Error::NotAPackage { .. }), "{error:?}");
    }
}

#[test]
fn errors_when_the_manifest_is_malformed() {
    let error = Package::new("[package]\nname = 1\n").check();
    assert!(matches!(error, Error::Manifest { .. }), "{error:?}");
    assert!(error.details().unwrap().contains("Cargo.toml:2"), "{error:?}");
}

#[test]
fn errors_when_it_is_a_workspace_without_a_package() {
    let package = Package::new("[workspace]\nmembers = [\"one\"]\n");
    package.file("one/Cargo.toml", "[package]\nname = \"one\"\nedition = \"2024\"\n");
    package.file("one/src/lib.rs", "");
    let error = package.check();
    assert!(matches!(&error, Error::VirtualWorkspace { members, .. } if members == &["one"]), "{error:?}");
    assert!(error.to_string().ends_with("name the folder of one of its members (`one`)"), "{error}");
}

#[test]
fn errors_when_the_package_has_no_guest() {
    let package = Package::new("[package]\nname = \"plain\"\nedition = \"2024\"\n[workspace]\n");
    package.file("src/lib.rs", "");
    let error = package.check();
    assert!(matches!(&error, Error::NoGuest { package } if package == "plain"), "{error:?}");
    assert!(error.to_string().contains("crate-type = [\"cdylib\"]"), "{error}");
}

#[test]
fn errors_when_there_is_no_guest_of_that_name() {
    let package = Package::library(GUEST);
    let guests = Guests::Named(vec!["tiny-guest".to_owned()]);
    let error = package.build(&Options { guests, ..Options::default() }).unwrap_err();
    assert_eq!(error.to_string(), "package `tiny-guest` has no guest `tiny-guest`; it has `tiny_guest`");
}

#[test]
fn errors_when_no_source_of_a_toolchain_may_be_used() {
    let error = Package::library(GUEST).check();
    assert!(matches!(&error, Error::NoToolchain { tried, .. } if tried.is_empty()), "{error:?}");
}

#[test]
fn relative_folders_are_relative_to_the_caller_and_not_to_the_package() {
    let package = Package::library(GUEST);
    let target_dir = PathBuf::from("../../target/tmp/build/relative");
    let options = Options { target_dir: Some(target_dir.clone()), ..options("relative") };
    let built = package.build(&options).unwrap();
    let expected = std::path::absolute(target_dir.join("components/tiny-guest/tiny_guest.wasm")).unwrap();
    assert_eq!(built[0].path, expected);
    assert!(!package.folder.path().join("../../target").exists());
}

#[test]
fn a_manifest_can_be_named_itself() {
    let package = Package::library(GUEST);
    let options = Options { toolchains: Vec::new(), network: Network::Offline, ..Options::default() };
    let error = build(&package.folder.path().join("Cargo.toml"), &options, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::NoToolchain { .. }), "{error:?}");
}

#[test]
#[ignore = "has rustup add the target `wasm32-wasip2` where it is missing"]
fn a_guest_for_wasip2_is_a_component_as_it_leaves_the_linker() {
    let options = Options { target: Target::Wasm32Wasip2, ..options("wasip2") };
    let built = Package::library(GUEST).build(&options).unwrap();
    let bytes = fs::read(&built[0].path).unwrap();
    wasmparser::Validator::new().validate_all(&bytes).unwrap();
    assert_eq!(exports(&bytes), ["answer"]);
}

#[test]
#[ignore = "downloads 140 MB where it has not been done yet, and needs apt"]
fn debians_rust_builds_a_guest() {
    let options = Options { toolchains: vec![ToolchainSource::Debian], ..options("debian") };
    let built = Package::library(GUEST).build(&options).unwrap();
    let bytes = fs::read(&built[0].path).unwrap();
    wasmparser::Validator::new().validate_all(&bytes).unwrap();
    assert_eq!(exports(&bytes), ["answer"]);
}

//! The components that come out.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::component::component;
use crate::error::Error;
use crate::project::{Guest, Project};

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Artifact {
    /// The name of the Cargo target: a binary's or example's own, a library's with `_` for `-`.
    pub name: String,
    /// What kind of Cargo target it is.
    pub kind: ArtifactKind,
    /// The component: `NAME.wasm` in the output folder.
    pub path: PathBuf,
    /// The length of the component in bytes.
    pub size: u64,
    /// Whether the file was written or was there already.
    pub freshness: Freshness,
    /// The files that it was compiled from, those of path dependencies among them, and the package's `Cargo.toml`. For
    /// `cargo::rerun-if-changed`.
    pub inputs: Vec<PathBuf>,
}

/// The kinds of Cargo targets that can be guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtifactKind {
    /// A library with the crate type `cdylib`.
    Library,
    /// A binary, which has to be `#![no_main]`.
    Binary,
    /// An example, either of a binary's or of a `cdylib`'s kind.
    Example,
}

/// Whether a component's file had to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// It was not there, or differed.
    Written,
    /// The same bytes were there. The file was not touched.
    Unchanged,
}

/// A core module that Cargo compiled.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) guest: Guest,
    pub(crate) path: PathBuf,
}

/// Writes the component of a module.
pub(crate) fn write(module: &Module, project: &Project) -> Result<Artifact, Error> {
    let bytes = fs::read(&module.path).map_err(|source| Error::File {
        action: "read",
        path: module.path.clone(),
        source,
    })?;
    let component =
        component(bytes).map_err(|source| Error::Component { path: module.path.clone(), source })?;
    let path = project.out_dir.join(format!("{}.wasm", module.guest.name));
    let freshness = replace(&path, &component).map_err(|source| Error::File {
        action: "write",
        path: path.clone(),
        source,
    })?;
    let mut inputs = vec![project.manifest.clone()];
    // Cargo writes it beside the module, but promises nothing.
    if let Ok(text) = fs::read_to_string(module.path.with_extension("d")) {
        inputs.extend(dep_info(&text));
    }
    Ok(Artifact {
        name: module.guest.name.clone(),
        kind: module.guest.kind,
        path,
        size: component.len() as u64,
        freshness,
        inputs,
    })
}

/// Makes a file hold the bytes. Whoever reads it meanwhile sees the old ones or the new ones, whole.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<Freshness> {
    if fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(Freshness::Unchanged);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".component-");
    // A temporary file is its owner's alone, but a component is no secret.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(Freshness::Written)
}

/// The paths on the right side of a rule in Cargo's dep-info: separated by spaces, with spaces in them escaped by a backslash.
fn dep_info(text: &str) -> Vec<PathBuf> {
    let Some((_, inputs)) = text.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    let mut path = String::new();
    for part in inputs.split(' ') {
        if let Some(begin) = part.strip_suffix('\\') {
            path.push_str(begin);
            path.push(' ');
            continue;
        }
        path.push_str(part);
        if !path.is_empty() {
            paths.push(PathBuf::from(std::mem::take(&mut path)));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn dep_info_gives_the_inputs_with_their_spaces() {
        let text = "/t/echo.wasm: /a/lib.rs /my\\ code/x.rs /a/build.rs\n\n/a/lib.rs:\n";
        assert_eq!(dep_info(text), ["/a/lib.rs", "/my code/x.rs", "/a/build.rs"].map(PathBuf::from));
        assert_eq!(dep_info(""), Vec::<PathBuf>::new());
        assert_eq!(dep_info("/t/echo.wasm:\n"), Vec::<PathBuf>::new());
    }

    #[test]
    fn the_same_bytes_leave_the_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/guest.wasm");
        assert_eq!(replace(&path, b"one").unwrap(), Freshness::Written);
        let written = path.metadata().unwrap().modified().unwrap();
        assert_eq!(replace(&path, b"one").unwrap(), Freshness::Unchanged);
        assert_eq!(path.metadata().unwrap().modified().unwrap(), written);
        assert_eq!(replace(&path, b"two").unwrap(), Freshness::Written);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_component_can_be_read_by_whoever_can_read_other_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("guest.wasm"), folder.path().join("other"));
        replace(&path, b"one").unwrap();
        fs::write(&other, b"one").unwrap();
        let readable = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o444;
        assert_eq!(readable(&path), readable(&other));
    }
}

//! The Cargo package that holds the guests.

use std::path::{Path, PathBuf};

use cargo_metadata::{CrateType, Metadata, MetadataCommand, Package, PackageId, TargetKind};

use crate::artifact::ArtifactKind;
use crate::environment::Environment;
use crate::error::Error;
use crate::options::{Guests, Lockfile, Network, Options};
use crate::process::{self, Line};

/// A package, as Cargo understands it.
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) id: PackageId,
    pub(crate) manifest: PathBuf,
    pub(crate) folder: PathBuf,
    /// Where the inner Cargo compiles.
    pub(crate) target_dir: PathBuf,
    /// Where components are written.
    pub(crate) out_dir: PathBuf,
    /// Where a downloaded toolchain is kept.
    pub(crate) toolchain_dir: PathBuf,
    /// What can be a guest, the library first.
    guests: Vec<Guest>,
}

/// A target of a package that can be a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) kind: ArtifactKind,
}

impl Project {
    /// Reads the package at a folder or a `Cargo.toml`.
    pub(crate) fn open(path: &Path, options: &Options, environment: &Environment) -> Result<Self, Error> {
        let manifest = manifest_of(path)?;
        let metadata = metadata(&manifest, options, environment)?;
        let Some(package) = metadata.packages.iter().find(|package| package.manifest_path == manifest) else {
            let members = metadata.packages.iter().map(|package| package.name.to_string()).collect();
            return Err(Error::VirtualWorkspace { path: manifest, members });
        };
        let or_else = |given: &Option<PathBuf>, default: PathBuf| match given {
            // Cargo and the compiler run in the package's folder, where a relative path would be another.
            Some(path) => std::path::absolute(path).map_err(|source| Error::File {
                action: "resolve",
                path: path.clone(),
                source,
            }),
            None => Ok(default),
        };
        let target_dir = or_else(&options.target_dir, metadata.target_directory.join("guests").into())?;
        Ok(Self {
            name: package.name.to_string(),
            id: package.id.clone(),
            folder: manifest.parent().unwrap_or(Path::new(".")).to_owned(),
            out_dir: or_else(&options.out_dir, target_dir.join("components").join(package.name.as_str()))?,
            toolchain_dir: or_else(&options.toolchain_dir, target_dir.join("toolchain"))?,
            guests: guests_of(package),
            manifest,
            target_dir,
        })
    }

    /// One in a folder, of nothing.
    #[cfg(test)]
    #[cfg(unix)]
    pub(crate) fn made_up(folder: &Path) -> Self {
        Self {
            name: "made-up".to_owned(),
            id: PackageId { repr: "made-up".to_owned() },
            manifest: folder.join("Cargo.toml"),
            folder: folder.to_owned(),
            target_dir: folder.join("target"),
            out_dir: folder.join("components"),
            toolchain_dir: folder.join("toolchain"),
            guests: Vec::new(),
        }
    }

    /// What to build of it.
    pub(crate) fn select(&self, wanted: &Guests) -> Result<Vec<Guest>, Error> {
        let names = match wanted {
            Guests::All => {
                let all: Vec<_> =
                    self.guests.iter().filter(|guest| guest.kind != ArtifactKind::Example).cloned().collect();
                return if all.is_empty() {
                    Err(Error::NoGuest { package: self.name.clone() })
                } else {
                    Ok(all)
                };
            }
            Guests::Named(names) => names,
        };
        names
            .iter()
            .map(|name| {
                self.guests.iter().find(|guest| guest.name == *name).cloned().ok_or_else(|| {
                    Error::UnknownGuest {
                        package: self.name.clone(),
                        name: name.clone(),
                        available: self.guests.iter().map(|guest| guest.name.clone()).collect(),
                    }
                })
            })
            .collect()
    }
}

/// The absolute path of the `Cargo.toml` that `path` is or holds.
fn manifest_of(path: &Path) -> Result<PathBuf, Error> {
    let file = |action, source| Error::File { action, path: path.to_owned(), source };
    let manifest = match path.metadata() {
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NotFound { path: path.to_owned() });
        }
        Err(source) => return Err(file("read", source)),
        Ok(metadata) if metadata.is_dir() => path.join("Cargo.toml"),
        Ok(_) if path.file_name().is_some_and(|name| name == "Cargo.toml") => path.to_owned(),
        Ok(_) => return Err(Error::NotAPackage { path: path.to_owned() }),
    };
    if !manifest.is_file() {
        return Err(Error::NotAPackage { path: path.to_owned() });
    }
    manifest.canonicalize().map_err(|source| file("resolve", source))
}

fn metadata(manifest: &Path, options: &Options, environment: &Environment) -> Result<Metadata, Error> {
    let cargo = environment.named_or_found("CARGO", "cargo").unwrap_or_else(|| PathBuf::from("cargo"));
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let mut command = environment.command(&cargo, folder);
    command.args(["metadata", "--format-version", "1", "--no-deps", "--manifest-path"]).arg(manifest);
    // Where the user keeps target directories holds for guests too; an inner Cargo is told by argument instead.
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let Some(value) = environment.variable(name) {
            command.env(name, value);
        }
    }
    if options.network == Network::Offline {
        command.arg("--offline");
    }
    if options.lockfile == Lockfile::Locked {
        command.arg("--locked");
    }
    let mut json = String::new();
    let outcome = process::run(&mut command, None, &mut |line| {
        if let Line::Stdout(text) = line {
            json.push_str(text);
        }
    })
    .map_err(|error| error.of(&cargo))?;
    let unreadable = |details| Error::Manifest { path: manifest.to_owned(), details };
    if !outcome.status.success() {
        return Err(unreadable(outcome.details));
    }
    MetadataCommand::parse(json).map_err(|error| unreadable(error.to_string()))
}

/// Libraries that are no `cdylib` give no module of their own.
fn guests_of(package: &Package) -> Vec<Guest> {
    let mut guests: Vec<_> = package
        .targets
        .iter()
        .filter_map(|target| {
            let kind = if target.kind.contains(&TargetKind::CDyLib) {
                ArtifactKind::Library
            } else if target.kind.contains(&TargetKind::Bin) {
                ArtifactKind::Binary
            } else if target.kind.contains(&TargetKind::Example)
                && target.crate_types.iter().any(|kind| matches!(kind, CrateType::Bin | CrateType::CDyLib))
            {
                ArtifactKind::Example
            } else {
                return None;
            };
            Some(Guest { name: target.name.clone(), kind })
        })
        .collect();
    guests.sort_by_key(|guest| guest.kind);
    guests
}

//! Running Cargo.

use std::path::PathBuf;

use cargo_metadata::{Message, TargetKind};

use crate::artifact::{ArtifactKind, Module};
use crate::environment::Environment;
use crate::error::Error;
use crate::event::Event;
use crate::options::{Color, Features, Guests, Lockfile, Network, Options};
use crate::process::{self, Line};
use crate::project::{Guest, Project};
use crate::toolchain::{StandardLibrary, Toolchain};

/// Compiles the guests to core modules, in one run.
pub(crate) fn build(
    project: &Project,
    guests: &[Guest],
    toolchain: &Toolchain,
    options: &Options,
    environment: &Environment,
    progress: &mut dyn FnMut(&Event<'_>),
) -> Result<Vec<Module>, Error> {
    let mut command = environment.command(&toolchain.cargo, &project.folder);
    command
        .args(["build", "--message-format", "json-render-diagnostics", "--target", options.target.triple()])
        .args(["--profile", &options.profile, "--package", &project.id.repr, "--manifest-path"])
        .arg(&project.manifest)
        .arg("--target-dir")
        .arg(&project.target_dir)
        .args(arguments(guests, options))
        .env("RUSTC", &toolchain.rustc)
        .envs(toolchain.variables.iter().cloned());
    if let Some(linker) = &toolchain.linker {
        let triple = options.target.triple().replace('-', "_").to_uppercase();
        command.env(format!("CARGO_TARGET_{triple}_LINKER"), linker);
    }
    if toolchain.standard_library == StandardLibrary::FromSource {
        command.arg("-Zbuild-std=std,panic_abort").env("RUSTC_BOOTSTRAP", "1");
    }

    let mut modules = Vec::with_capacity(guests.len());
    let outcome = process::run(&mut command, None, &mut |line| match line {
        Line::Stderr(line) => progress(&Event::Output { program: "cargo", line }),
        Line::Stdout(json) => modules.extend(module(json, project, guests)),
    })
    .map_err(|error| error.of(&toolchain.cargo))?;
    let package = project.name.clone();
    if !outcome.status.success() {
        return Err(Error::Cargo { package, status: outcome.status, details: outcome.details });
    }
    if modules.is_empty() {
        return Err(Error::NoModule { package });
    }
    Ok(modules)
}

fn arguments(guests: &[Guest], options: &Options) -> Vec<String> {
    let mut arguments = Vec::new();
    let has = |kind| guests.iter().any(|guest| guest.kind == kind);
    if has(ArtifactKind::Library) {
        arguments.push("--lib".to_owned());
    }
    match &options.guests {
        // Not by name: Cargo leaves out those whose required features are off.
        Guests::All if has(ArtifactKind::Binary) => arguments.push("--bins".to_owned()),
        Guests::All => {}
        Guests::Named(_) => {
            for Guest { name, kind } in guests {
                match kind {
                    ArtifactKind::Library => {}
                    ArtifactKind::Binary => arguments.extend(["--bin".to_owned(), name.clone()]),
                    ArtifactKind::Example => arguments.extend(["--example".to_owned(), name.clone()]),
                }
            }
        }
    }
    match &options.features {
        Features::Default => {}
        Features::Also(names) => arguments.extend(["--features".to_owned(), names.join(",")]),
        Features::Only(names) => {
            arguments.extend(["--no-default-features".to_owned(), "--features".to_owned(), names.join(",")]);
        }
        Features::All => arguments.push("--all-features".to_owned()),
    }
    if options.network == Network::Offline {
        arguments.push("--offline".to_owned());
    }
    if options.lockfile == Lockfile::Locked {
        arguments.push("--locked".to_owned());
    }
    let color = match options.color {
        Color::Never => "never",
        Color::Always => "always",
    };
    arguments.extend(["--color".to_owned(), color.to_owned()]);
    arguments
}

/// The module that a message of Cargo is about, if it is one of the guests'.
fn module(json: &str, project: &Project, guests: &[Guest]) -> Option<Module> {
    let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(json) else { return None };
    if artifact.package_id != project.id {
        return None;
    }
    let kind = match artifact.target.kind.as_slice() {
        kinds if kinds.contains(&TargetKind::Bin) => ArtifactKind::Binary,
        kinds if kinds.contains(&TargetKind::Example) => ArtifactKind::Example,
        kinds if kinds.contains(&TargetKind::CDyLib) => ArtifactKind::Library,
        _ => return None,
    };
    let guest = guests.iter().find(|guest| guest.name == artifact.target.name && guest.kind == kind)?;
    let path = artifact.filenames.into_iter().find(|path| path.extension() == Some("wasm"))?;
    Some(Module { guest: guest.clone(), path: PathBuf::from(path) })
}

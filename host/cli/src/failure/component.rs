//! What is wrong with a component, and what to do about it.

use std::io::ErrorKind;
use std::path::Path;

use innkeeper::{ComponentError, Problem};

use super::Failure;
use crate::exit::Exit;

pub(super) fn failure(error: &ComponentError) -> Failure {
    let failure = if is_missing(error) {
        Failure::new(Exit::Component, format!("there is no component `{}`", error.path.display()))
    } else {
        let mut failure = Failure::new(Exit::Component, error.to_string());
        // The message of the error has that of the problem in it.
        failure.add_causes(&error.problem);
        failure
    };
    match error.problem.help() {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// The failure for the component of a manifest's guest. One that is missing has most likely not been built.
pub(super) fn failure_of_guest(error: &ComponentError, manifest: &Path) -> Failure {
    if !is_missing(error) {
        return failure(error);
    }
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let component = folder.join(&error.path);
    let failure = Failure::new(Exit::Component, format!("there is no component `{}`", component.display()));
    let package = component.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file());
    match (package, component.parent()) {
        (Some(package), Some(out)) if package.starts_with(folder) => failure.with_help(format!(
            "build it with `innkeeper build {} --out {}`",
            shown(package),
            shown(out)
        )),
        _ => failure.with_help(
            "build it with `innkeeper build DIR`, where DIR is the guest's project; `component` is a path from the \
             manifest's folder",
        ),
    }
}

fn is_missing(error: &ComponentError) -> bool {
    matches!(&error.problem, Problem::Read(source) if source.kind() == ErrorKind::NotFound)
}

fn shown(folder: &Path) -> String {
    if folder == Path::new("") { ".".to_owned() } else { folder.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(path: &str) -> ComponentError {
        ComponentError { path: path.into(), problem: Problem::Read(ErrorKind::NotFound.into()) }
    }

    #[test]
    fn a_missing_component_in_a_package_names_the_command_that_builds_it() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("innkeeper.toml");
        let failure = failure_of_guest(&missing("out/guest.wasm"), &manifest).to_string();
        assert!(failure.contains("innkeeper build DIR"), "{failure}");

        std::fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let failure = failure_of_guest(&missing("out/guest.wasm"), &manifest).to_string();
        let folder = folder.path().display();
        assert!(failure.contains(&format!("there is no component `{folder}/out/guest.wasm`")), "{failure}");
        assert!(failure.contains(&format!("`innkeeper build {folder} --out {folder}/out`")), "{failure}");
    }
}

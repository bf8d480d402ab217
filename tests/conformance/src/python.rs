//! Python programs of others, installed below `target`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What to do where there is no Python.
const NO_PYTHON: &str = "tests with clients of other people need `python3` with `venv` and `pip` (Debian: `apt-get install \
                         python3-venv`), or INNKEEPER_SKIP_PYTHON=1 in the environment to leave them out";

/// A virtual environment with packages from PyPI.
#[derive(Clone, Debug)]
pub struct PythonEnvironment {
    folder: PathBuf,
}

impl PythonEnvironment {
    /// Installs packages, as `pip` names them, into an environment of their own, once, however many tests ask for it at the same
    /// time. Their releases should be a part of `name`, so that others are installed beside them. `None` if the environment says
    /// that such tests are to be left out.
    pub fn install(name: &str, packages: &[&str]) -> Option<Self> {
        if ["INNKEEPER_SKIP_PYTHON", "INNKEEPER_SKIP_MOTO"]
            .iter()
            .any(|name| std::env::var_os(name).is_some())
        {
            return None;
        }
        let environment = Self { folder: target().join("python").join(name) };
        once(&environment.folder, |folder| {
            run(Command::new("python3").args(["-m", "venv"]).arg(folder));
            let pip = folder.join("bin/pip");
            run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check"]).args(packages));
        });
        Some(environment)
    }

    /// A program that a package has brought, or `python` itself.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// The source distribution of a package, unpacked: what its author tests it with is there. `release` is as in `moto==5.2.5`.
    pub fn sources(&self, release: &str) -> PathBuf {
        let folder = target().join("python/sources").join(release.replace("==", "-"));
        once(&folder, |folder| {
            let downloads = folder.join("download");
            let arguments = [
                "download",
                "--quiet",
                "--disable-pip-version-check",
                "--no-binary",
                ":all:",
                "--no-deps",
                "--dest",
            ];
            run(Command::new(self.program("pip")).args(arguments).arg(&downloads).arg(release));
            let archive = fs::read_dir(&downloads).expect("the folder of downloads").next();
            let archive = archive.expect("a download").expect("a download").path();
            run(Command::new(self.program("python")).args(["-m", "tarfile", "-e"]).arg(archive).arg(folder));
        });
        folder.join(release.replace("==", "-"))
    }
}

/// The folder for what is built.
pub fn target() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    fs::create_dir_all(&target).expect("the target folder");
    target.canonicalize().expect("the target folder")
}

/// Makes a folder once, whole; and anew where it has come from another place, since the programs in it know where they were installed.
fn once(folder: &Path, make: impl FnOnce(&Path)) {
    let complete = folder.join("complete");
    let here = folder.to_string_lossy();
    fs::create_dir_all(folder.parent().expect("a folder below target")).expect("a folder below target");
    let lock = File::create(folder.with_extension("lock")).expect("a file below target");
    lock.lock().expect("a lock on it");
    if fs::read_to_string(&complete).ok().as_deref() != Some(&here) {
        // Left by an installation that was stopped, or moved.
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).expect("a folder below target");
        make(folder);
        fs::write(complete, here.as_bytes()).expect("a file in the new folder");
    }
}

fn run(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; {NO_PYTHON}"));
    assert!(output.status.success(), "{command:?}: {}\n{NO_PYTHON}", String::from_utf8_lossy(&output.stderr));
}

//! Debian's own Rust, unpacked into a folder of the project.
//!
//! Debian keeps a recent Rust in its stable releases, as `rustc-web`, for the browsers that need it, and with it the source of its
//! standard library. apt fetches and verifies the packages for any user, given folders of his own; and the compiler finds its
//! libraries and its source by its own place, so that it need not be installed.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::apt::Apt;
use super::installed::{self, Compiler};
use super::{Reason, Search, StandardLibrary, Toolchain, ToolchainSource};
use crate::event::Event;
use crate::options::{Network, Target};
use crate::process;

/// The compiler and its source. Everything else comes as what these depend on.
const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// The linker, for machines that have no other.
const LINKER_PACKAGE: &str = "lld";

/// How the names of temporary folders begin.
const TEMPORARY: &str = ".fetch-";

/// What no guest needs: of the source of Rust everything but the standard library, which is most of it, and documentation.
const PRUNED: [&str; 3] = ["usr/lib/rustlib/src/rust/src", "usr/lib/rustlib/src/rust/compiler", "usr/share"];

/// The toolchain, fetched if it is not there yet.
pub(super) fn unpacked(
    search: &mut Search<'_>,
    progress: &mut dyn FnMut(&Event<'_>),
) -> Result<Toolchain, Reason> {
    if search.target == Target::Wasm32Wasip2 {
        return Err(Reason::NotFromSource);
    }
    let folder = search.project.toolchain_dir.join("debian");
    let root = folder.join("root");
    let compiler = match compiler_in(&root, search) {
        Ok(compiler) => compiler,
        Err(_) => fetch_once(&folder, &root, search, progress)?,
    };
    let own_linker = root.join("usr/bin/wasm-ld");
    let linker = installed::linker(search)
        .or_else(|| own_linker.is_file().then_some(own_linker))
        .ok_or(Reason::NoLinker)?;
    Ok(search.toolchain(ToolchainSource::Debian, compiler, StandardLibrary::FromSource, Some(linker)))
}

/// The compiler in an unpacked root, if it works and its source is there.
fn compiler_in(root: &Path, search: &Search<'_>) -> Result<Compiler, Reason> {
    let rustc = root.join("usr/bin/rustc");
    if !rustc.is_file() {
        return Err(Reason::NotFound { program: rustc.display().to_string() });
    }
    let inherited = search.environment.variable("LD_LIBRARY_PATH");
    let path = library_path(&root.join("usr/lib"), inherited.unwrap_or_default())?;
    let variables = vec![(OsString::from("LD_LIBRARY_PATH"), path)];
    let compiler = Compiler::ask(&rustc, variables, search.environment, &search.project.folder)?;
    compiler.check_source()?;
    Ok(compiler)
}

/// Where the loader finds the libraries of an unpacked root, before those that it was told of already.
fn library_path(libraries: &Path, inherited: &OsStr) -> Result<OsString, Reason> {
    let entries = fs::read_dir(libraries).map_err(Reason::file("read", libraries))?;
    // Libraries are in the folder that is named after the machine, such as `x86_64-linux-gnu`.
    let own = entries.flatten().map(|entry| entry.path()).filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-")) && path.is_dir()
    });
    let inherited = std::env::split_paths(inherited).filter(|path| !path.as_os_str().is_empty());
    std::env::join_paths(own.chain(inherited))
        .map_err(|error| Reason::file("use the libraries in", libraries)(io::Error::other(error)))
}

/// Fetches it unless another build does so at the same time.
fn fetch_once(
    folder: &Path,
    root: &Path,
    search: &mut Search<'_>,
    progress: &mut dyn FnMut(&Event<'_>),
) -> Result<Compiler, Reason> {
    let find = |program: &str| {
        search.environment.find(program).ok_or_else(|| Reason::NotFound { program: program.to_owned() })
    };
    let (apt_get, dpkg_deb) = (find("apt-get")?, find("dpkg-deb")?);
    if search.network == Network::Offline {
        return Err(Reason::Offline);
    }
    fs::create_dir_all(folder).map_err(Reason::file("create", folder))?;
    let path = folder.join("lock");
    let lock = File::create(&path).map_err(Reason::file("create", &path))?;
    lock.lock().map_err(Reason::file("lock", &path))?;
    if let Ok(compiler) = compiler_in(root, search) {
        return Ok(compiler);
    }

    // What is renamed into place is complete; what was cut short lies in a folder that nobody looks into.
    sweep(folder)?;
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempdir_in(folder)
        .map_err(Reason::file("write to", folder))?;
    let mut packages = PACKAGES.to_vec();
    if installed::linker(search).is_none() {
        packages.push(LINKER_PACKAGE);
    }
    let apt = Apt::new(apt_get, temporary.path(), search.environment)?;
    let archives = apt.download(&packages, progress)?;
    let has = |package: &str| {
        archives.iter().filter_map(|path| path.file_name()).any(|name| {
            name.to_string_lossy().strip_prefix(package).is_some_and(|rest| rest.starts_with('_'))
        })
    };
    // apt leaves out what is installed.
    if !PACKAGES.into_iter().all(has) {
        return Err(Reason::InstalledInPart);
    }
    let fresh = temporary.path().join("root");
    for archive in &archives {
        let mut command = search.environment.command(&dpkg_deb, temporary.path());
        command.arg("--extract").arg(archive).arg(&fresh);
        let result = process::run(&mut command, None, &mut |_| {});
        Reason::check(&format!("dpkg-deb --extract {}", archive.display()), result)?;
    }
    link_source(&fresh)?;
    for path in PRUNED {
        let path = fresh.join(path);
        if path.is_dir() {
            fs::remove_dir_all(&path).map_err(Reason::file("remove", &path))?;
        }
    }
    compiler_in(&fresh, search)?;
    if root.exists() {
        fs::remove_dir_all(root).map_err(Reason::file("remove", root))?;
    }
    fs::rename(&fresh, root).map_err(Reason::file("write", root))?;
    compiler_in(root, search)
}

/// Removes what builds that were killed have left. Nobody else is at it while the lock is held.
fn sweep(folder: &Path) -> Result<(), Reason> {
    let entries = fs::read_dir(folder).map_err(Reason::file("read", folder))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            let path = entry.path();
            fs::remove_dir_all(&path).map_err(Reason::file("remove", &path))?;
        }
    }
    Ok(())
}

/// Has the link to the source lead into the root. It would lead out of it where a package has an absolute one.
fn link_source(root: &Path) -> Result<(), Reason> {
    let link = root.join("usr/lib/rustlib/src/rust");
    match fs::read_link(&link) {
        Ok(target) if target.is_absolute() => {
            let inside = Path::new("../../../src").join(target.file_name().unwrap_or_default());
            fs::remove_file(&link).map_err(Reason::file("remove", &link))?;
            symlink(&inside, &link).map_err(Reason::file("link", &link))
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// There is no apt where there are no such links.
#[cfg(not(unix))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

//! Compiled code on disk.

use std::hash::{Hash, Hasher};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::Error;

/// The first bytes of an entry. The digit changes with the layout of the file.
const MAGIC: &[u8; 16] = b"innkeeper-code-2";

/// The length of a SHA-256 digest in bytes.
const DIGEST: usize = 32;

/// A folder of compiled components, one file each, named by the digest of the component's bytes, of the engine's version and
/// of its settings.
///
/// **What is trusted.** Compiled code is machine code that runs with the rights of the host, so whoever can write it owns the
/// host. The folder must therefore belong to the user who runs the host, and nobody else may write to it; a folder for which
/// this does not hold is refused. Every entry carries a digest of its name and code: one that was cut short, changed or renamed is
/// thrown away and compiled again. The digest guards against accidents; against an attacker who already writes as the host's own user nothing
/// here can.
pub struct CompiledCache {
    directory: Dir,
    path: PathBuf,
}

impl CompiledCache {
    /// Opens the folder, and makes it (for its owner alone) where it does not exist.
    ///
    /// # Errors
    ///
    /// [`Error::Cache`] where it cannot be made or opened, or is not its owner's alone.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Cache { path: path.to_owned(), source };
        create_private(path).map_err(failed)?;
        let directory = Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?;
        check_private(&directory).map_err(failed)?;
        Ok(Self { directory, path: path.to_owned() })
    }

    /// The compiled form of `wasm`, from the folder if it is there and sound.
    pub(crate) fn load(&self, engine: &Engine, wasm: &[u8]) -> Option<Component> {
        let name = entry_name(engine, wasm);
        let entry = self.read(&name)?;
        let component = decode(&name, &entry).and_then(|code| deserialize(engine, code));
        if component.is_none() {
            tracing::warn!(
                entry = %self.path.join(&name).display(),
                "a file in the cache of compiled code is damaged or was changed; the component is compiled again"
            );
        }
        component
    }

    /// Keeps the compiled form of `wasm`. That it cannot be kept is logged, and costs the next start its time, nothing else.
    pub(crate) fn store(&self, engine: &Engine, wasm: &[u8], component: &Component) {
        let name = entry_name(engine, wasm);
        let written = component
            .serialize()
            .map_err(std::io::Error::other)
            .and_then(|code| self.write(&name, &encode(&name, &code)));
        if let Err(error) = written {
            tracing::warn!(cache = %self.path.display(), %error, "compiled code could not be kept");
        }
    }

    /// An entry, if nobody else could have changed it: the folder may have been open to others when it was written, or been made with
    /// other rights than this host gives.
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut file = self.directory.open(name).ok()?;
        if !is_private(&file.metadata().ok()?) {
            tracing::warn!(
                entry = %self.path.join(name).display(),
                "others may write to a file in the cache of compiled code, or it is no file of this user; the component is compiled again"
            );
            return None;
        }
        let mut entry = Vec::new();
        file.read_to_end(&mut entry).ok()?;
        Some(entry)
    }

    /// Writes whole or not at all: another process that reads meanwhile never sees a part.
    fn write(&self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        let unfinished = format!(".{name}.{}", std::process::id());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        cap_std::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = self
            .directory
            .open_with(&unfinished, &options)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| self.directory.rename(&unfinished, &self.directory, name));
        if written.is_err() {
            // Best effort: the file has a name that no load looks for.
            let _ = self.directory.remove_file(&unfinished);
        }
        written
    }
}

fn encode(name: &str, code: &[u8]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(MAGIC.len() + DIGEST + code.len());
    entry.extend_from_slice(MAGIC);
    entry.extend_from_slice(&digest(name, code));
    entry.extend_from_slice(code);
    entry
}

fn decode<'a>(name: &str, entry: &'a [u8]) -> Option<&'a [u8]> {
    let (written, code) = entry.strip_prefix(MAGIC)?.split_at_checked(DIGEST)?;
    (digest(name, code) == *written).then_some(code)
}

/// Of the code and of the entry's name, so that the code of one component is not taken for that of another.
fn digest(name: &str, code: &[u8]) -> [u8; DIGEST] {
    // Names have one length.
    Sha256::new().chain_update(name).chain_update(code).finalize().into()
}

#[expect(
    unsafe_code,
    reason = "the bytes are what this engine serialised: the name binds them to its version and settings, the digest to \
              what was written, and the folder is writable by the host's own user alone"
)]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: see the reason above; `CompiledCache` says what is trusted.
    unsafe { Component::deserialize(engine, code) }.ok()
}

/// Names an entry by all that its code depends on.
fn entry_name(engine: &Engine, wasm: &[u8]) -> String {
    struct Sha256Hasher(Sha256);
    impl Hasher for Sha256Hasher {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            // Only the whole digest is used.
            0
        }
    }
    let mut hasher = Sha256Hasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.update(Sha256::digest(wasm));
    hex::encode(hasher.0.finalize())
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<()> {
    // Folders below the user's profile are the user's alone by default.
    std::fs::create_dir_all(path)
}

#[cfg(unix)]
fn check_private(directory: &Dir) -> std::io::Result<()> {
    use cap_std::fs::MetadataExt;
    let metadata = directory.dir_metadata()?;
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        return Err(std::io::Error::other(
            "the folder belongs to another user, who could put code of theirs into it; choose one of your own",
        ));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(std::io::Error::other(
            "others may write to the folder, and so could put code of theirs into it; empty it, and take that right away with `chmod go-w`",
        ));
    }
    Ok(())
}

/// Whether a file is one that this user alone may write to.
#[cfg(unix)]
fn is_private(metadata: &Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    metadata.is_file() && metadata.uid() == user && metadata.mode() & 0o022 == 0
}

#[cfg(not(unix))]
fn is_private(metadata: &Metadata) -> bool {
    metadata.is_file()
}

#[cfg(not(unix))]
fn check_private(_directory: &Dir) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "(component)";

    fn engine() -> Engine {
        Engine::new(wasmtime::Config::new().wasm_component_model(true)).unwrap()
    }

    fn compiled(engine: &Engine, wasm: &[u8]) -> Component {
        Component::new(engine, wasm).unwrap()
    }

    #[test]
    fn what_was_stored_is_loaded_again() {
        let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
        let wasm = wat::parse_str(EMPTY).unwrap();
        let cache = CompiledCache::open(&folder.path().join("code")).unwrap();
        assert!(cache.load(&engine, &wasm).is_none());
        cache.store(&engine, &wasm, &compiled(&engine, &wasm));
        assert!(cache.load(&engine, &wasm).is_some());
        assert!(cache.load(&engine, b"another component").is_none());
    }

    #[test]
    fn a_tampered_entry_is_not_loaded() {
        let (engine, folder) = (engine(), tempfile::tempdir().unwrap());
        let wasm = wat::parse_str(EMPTY).unwrap();
        let cache = CompiledCache::open(&folder.path().join("code")).unwrap();
        cache.store(&engine, &wasm, &compiled(&engine, &wasm));
        let file = folder.path().join("code").join(entry_name(&engine, &wasm));
        let sound = std::fs::read(&file).unwrap();

        for position in [0, MAGIC.len(), MAGIC.len() + DIGEST, sound.len() - 1] {
            let mut tampered = sound.clone();
            tampered[position] ^= 1;
            std::fs::write(&file, tampered).unwrap();
            assert!(cache.load(&engine, &wasm).is_none(), "a change at byte {position} was not seen");
        }
        for length in [0, MAGIC.len(), MAGIC.len() + DIGEST, sound.len() / 2] {
            std::fs::write(&file, &sound[..length]).unwrap();
            assert!(cache.load(&engine, &wasm).is_none(), "a cut at byte {length} was not seen");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let error = CompiledCache::open(folder.path()).err().unwrap();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("others may write"), "{source}");
    }

    #[cfg(unix)]
    #[test]
    fn an_entry_that_others_may_write_to_is_not_loaded() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, engine) = (tempfile::tempdir().unwrap(), engine());
        let cache = CompiledCache::open(&folder.path().join("cache")).unwrap();
        let wasm = &*wat::parse_str(EMPTY).unwrap();
        cache.store(&engine, wasm, &compiled(&engine, wasm));
        assert!(cache.load(&engine, wasm).is_some());
        let path = folder.path().join("cache").join(entry_name(&engine, wasm));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o660, 0o606] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert!(cache.load(&engine, wasm).is_none(), "{mode:o}");
        }
    }
}

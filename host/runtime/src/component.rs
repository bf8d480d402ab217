//! From a file to a component that can be run: reading, making a component of a core module, compiling.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use cap_std::fs::Dir;
use wasmtime::component::Component;

use crate::engine::Engine;

/// The largest file that is taken for a component. The largest that a toolchain is known to emit, Python's, is about 20 MB.
pub const MAX_COMPONENT_BYTES: u64 = 256 << 20;

/// Why a file is not a component that this host can run.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {problem}", path.display())]
pub struct ComponentError {
    /// The file, as the manifest or the caller names it.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It cannot be read.
    #[error("the component cannot be read")]
    Read(#[source] std::io::Error),
    /// It is too large to be taken for one.
    #[error("the file is larger than {}, which is more than any component is", ByteSize(MAX_COMPONENT_BYTES))]
    TooLarge,
    /// It does not begin as WebAssembly does.
    #[error("the file is no WebAssembly; it begins with {0}")]
    NotWasm(String),
    /// It begins as WebAssembly, but is cut short or malformed.
    #[error("the file is damaged: {reason} at byte {offset} of {length}")]
    Damaged {
        /// What the parser found.
        reason: String,
        /// Where.
        offset: u64,
        /// The length of the file in bytes.
        length: u64,
    },
    /// It is a core module from which no component can be made.
    #[error(
        "the file is a core module that carries no WIT, so nothing is known of what it imports and exports"
    )]
    BareModule(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Its types cannot be read.
    #[error("the component's types cannot be read")]
    Types(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It uses a feature of WebAssembly that the engine does not have or that is switched off.
    #[error("the component cannot be compiled")]
    Compile(#[source] wasmtime::Error),
    /// It imports what nobody provides.
    #[error("the component imports what this host does not provide: {}", .0.join(", "))]
    UnknownImports(Vec<String>),
    /// It imports outgoing HTTP, and is granted none.
    #[error("the component imports `{import}`, and its manifest grants it no request")]
    UngrantedHttp {
        /// The import.
        import: String,
    },
    /// It imports what is there, with other types.
    #[error("the component does not fit this host's interfaces")]
    Mismatch(#[source] wasmtime::Error),
    /// It exports nothing that can be run.
    #[error(
        "the component exports no `run: func(list<u8>) -> result<list<u8>, string>` and no `wasi:cli/run`; it exports {}",
        exports(.0)
    )]
    NoEntry(Vec<String>),
}

fn exports(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

impl Problem {
    #[expect(clippy::unnecessary_box_returns, reason = "it is returned as an error, and is large")]
    pub(crate) fn at(self, path: &Path) -> Box<ComponentError> {
        Box::new(ComponentError { path: path.to_owned(), problem: self })
    }

    /// What to do about it, in a sentence.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            Self::Read(error) if error.kind() == std::io::ErrorKind::NotFound => {
                "has it been built? `component` is a path from the manifest's folder"
            }
            Self::Read(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                "a component has to lie in the manifest's folder or below it; paths that leave it are refused"
            }
            Self::Damaged { .. } => "build or copy it again",
            Self::BareModule(_) => {
                "build it with wit-bindgen against the world `innkeeper:aws/plugin`, or make a component of it with \
                 `wasm-tools component new`"
            }
            Self::UnknownImports(_) => {
                "build the guest against the world `innkeeper:aws/plugin` and WASI 0.2; `innkeeper inspect` shows what it \
                 imports"
            }
            Self::UngrantedHttp { .. } => {
                "grant the requests that it needs in `[[guest.NAME.wasi.http]]`, with `hosts` and `methods`, or build it without them"
            }
            Self::NoEntry(_) | Self::Mismatch(_) => {
                "build the guest against the world `innkeeper:aws/plugin`"
            }
            _ => return None,
        })
    }
}

/// The bytes of a component, as they are in a file or as they were made of a core module.
#[derive(Clone)]
pub struct ComponentBytes {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    /// Whether the file is a core module.
    pub(crate) from_module: bool,
    /// The length of the file in bytes.
    pub(crate) file_size: u64,
}

impl ComponentBytes {
    /// Reads a file below `directory`; a path that leads out of it is refused.
    ///
    /// # Errors
    ///
    /// [`ComponentError`] for what cannot be read or is no component.
    pub fn read(directory: &Dir, path: &Path) -> Result<Self, Box<ComponentError>> {
        match read_bounded(directory, path) {
            Ok(Some(bytes)) => Self::from_file_bytes(path, bytes),
            Ok(None) => Err(Problem::TooLarge.at(path)),
            Err(error) => Err(Problem::Read(error).at(path)),
        }
    }

    /// Takes the bytes of a file; `path` is what messages call it.
    ///
    /// # Errors
    ///
    /// [`ComponentError`] for what is no component and no core module that carries its WIT.
    pub fn from_file_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, Box<ComponentError>> {
        let file_size = bytes.len() as u64;
        let from_module = match kind(&bytes) {
            Ok(kind) => kind == Kind::Module,
            Err(problem) => return Err(problem.at(path)),
        };
        validate(&bytes).map_err(|problem| problem.at(path))?;
        let bytes =
            if from_module { componentize(&bytes).map_err(|problem| problem.at(path))? } else { bytes };
        Ok(Self { path: path.to_owned(), bytes, from_module, file_size })
    }

    /// Compiles it, or takes what was compiled before from the engine's cache. Takes seconds for a large component: not for a
    /// thread that has other things to do.
    pub(crate) fn compile(&self, engine: &Engine) -> Result<Component, Box<ComponentError>> {
        engine.compiled(&self.bytes, || self.compile_or_load(engine))
    }

    fn compile_or_load(&self, engine: &Engine) -> Result<Component, Box<ComponentError>> {
        let wasmtime = engine.wasmtime();
        if let Some(component) = engine.cache().and_then(|cache| cache.load(wasmtime, &self.bytes)) {
            return Ok(component);
        }
        let component = Component::from_binary(wasmtime, &self.bytes)
            .map_err(|error| Problem::Compile(error).at(&self.path))?;
        if let Some(cache) = engine.cache() {
            cache.store(wasmtime, &self.bytes, &component);
        }
        Ok(component)
    }
}

/// The bytes of a file; `None` for one that is too large, whatever its length was a moment ago.
fn read_bounded(directory: &Dir, path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let metadata = directory.metadata(path)?;
    // To open a pipe is to wait for whoever writes to it, and a device may have no end.
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    if metadata.len() > MAX_COMPONENT_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    directory.open(path)?.take(MAX_COMPONENT_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_COMPONENT_BYTES).then_some(bytes))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Component,
    Module,
}

fn kind(bytes: &[u8]) -> Result<Kind, Problem> {
    if wasmparser::Parser::is_component(bytes) {
        return Ok(Kind::Component);
    }
    if wasmparser::Parser::is_core_wasm(bytes) {
        return Ok(Kind::Module);
    }
    let beginning = bytes.get(..8).unwrap_or(bytes);
    Err(Problem::NotWasm(match std::str::from_utf8(beginning) {
        Ok("") => "nothing: it is empty".to_owned(),
        Ok(text) if !text.contains(char::is_control) => format!("`{text}`"),
        _ => format!("the bytes {}", hex::encode(beginning)),
    }))
}

/// Tells a damaged file from one that asks too much, and says where it is damaged.
fn validate(bytes: &[u8]) -> Result<(), Problem> {
    let damaged = |error: &wasmparser::BinaryReaderError| Problem::Damaged {
        reason: error.message().to_owned(),
        offset: error.offset() as u64,
        length: bytes.len() as u64,
    };
    for payload in wasmparser::Parser::new(0).parse_all(bytes) {
        payload.map_err(|error| damaged(&error))?;
    }
    Ok(())
}

fn componentize(module: &[u8]) -> Result<Vec<u8>, Problem> {
    wit_component::ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| Problem::BareModule(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> String {
        let error = ComponentBytes::from_file_bytes(Path::new("guest.wasm"), bytes.to_vec()).err().unwrap();
        error.to_string()
    }

    #[test]
    fn a_file_that_is_no_component_is_described() {
        assert_eq!(
            problem(b""),
            "`guest.wasm`: the file is no WebAssembly; it begins with nothing: it is empty"
        );
        assert_eq!(
            problem(b"#!/bin/sh\n"),
            "`guest.wasm`: the file is no WebAssembly; it begins with `#!/bin/s`"
        );
        assert_eq!(
            problem(b"\x7fELF\x02\x01\x01\x00"),
            "`guest.wasm`: the file is no WebAssembly; it begins with the bytes 7f454c4602010100"
        );
    }

    #[test]
    fn a_truncated_component_says_where_it_ends() {
        let wasm = wat::parse_str("(component (core module (func)))").unwrap();
        let message = problem(&wasm[..wasm.len() - 3]);
        assert!(message.contains("the file is damaged") && message.contains(" of "), "{message}");
    }

    #[test]
    fn a_core_module_without_wit_is_refused() {
        let message = problem(&wat::parse_str("(module (import \"env\" \"f\" (func)))").unwrap());
        assert!(message.contains("a core module that carries no WIT"), "{message}");
    }

    #[test]
    fn no_prefix_of_a_component_panics() {
        let wasm = wat::parse_str("(component (core module (memory 1) (func (export \"f\"))))").unwrap();
        for length in 0..wasm.len() {
            let _ = ComponentBytes::from_file_bytes(Path::new("p"), wasm[..length].to_vec());
        }
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret.wasm"), b"\0asm").unwrap();
        std::fs::create_dir(folder.path().join("inside")).unwrap();
        let inside =
            Dir::open_ambient_dir(folder.path().join("inside"), cap_std::ambient_authority()).unwrap();
        let error = ComponentBytes::read(&inside, Path::new("../secret.wasm")).err().unwrap();
        assert!(matches!(error.problem, Problem::Read(_)), "{error}");
    }
}

//! `[guest.NAME.wasi]`

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use innkeeper_policy::{Diagnostic, Location};
use serde::Deserialize;
use toml::Spanned;

use super::{Reader, value, wasi_http};
use crate::wasi::http::HttpGrant;

/// The steps of a guest's clocks, where nothing else is written: enough for deadlines and timestamps, too coarse for a stopwatch on
/// the host's caches or on another guest.
const CLOCK_RESOLUTION: Duration = Duration::from_millis(1);

/// What may be in a directory that a guest may write to, where nothing else is written: enough for a cache or a few results, and no
/// disk is filled by it.
const DIRECTORY_BYTES: u64 = 64 << 20;

/// Beginnings of the names of variables that a guest is never given: it would hold the host's own keys, or what leads to them.
const SECRET_VARIABLES: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_",
    "AWS_WEB_IDENTITY_TOKEN",
];

/// What of WASI a guest is granted. What is not written is denied.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WasiSection {
    /// `environment`: its variables, by name.
    pub environment: BTreeMap<String, Variable>,
    /// `arguments`.
    pub arguments: Vec<String>,
    /// `directories`.
    pub directories: Vec<Directory>,
    /// `clock-resolution`: the steps in which its clocks go. Default 1 ms.
    pub clock_resolution: Duration,
    /// `random-seed`: makes its random numbers the same in each call. For tests.
    pub random_seed: Option<u64>,
    /// `http`: the requests that it may send.
    pub http: Vec<HttpGrant>,
    /// Where the keys are written, for what is found about them.
    pub(super) locations: BTreeMap<&'static str, Location>,
}

/// A variable of a guest's environment.
#[derive(Clone, Debug)]
pub enum Variable {
    /// Its value.
    Value(String),
    /// That of the host's variable of this name.
    Inherited {
        /// The host's name for it.
        name: String,
        /// Where it is written.
        location: Location,
    },
}

/// A directory that a guest may use.
#[derive(Clone, Debug)]
pub struct Directory {
    /// `path`: from the manifest's folder.
    pub path: PathBuf,
    /// `name`: what the guest calls it, such as `/data`.
    pub name: String,
    /// `access`.
    pub access: Access,
    /// `max-bytes`: how much may be in the directory for the guest to write more, with 4 KiB for each file, directory and link.
    /// Default 64 MiB. Of no meaning where the guest may not write.
    pub max_bytes: u64,
    /// Where it is written.
    pub location: Location,
}

/// What a guest may do in a directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// Read files and list directories.
    #[default]
    ReadOnly,
    /// And write, make, rename and delete them, as long as there is not more in the directory than its `max-bytes`.
    ReadWrite,
}

/// The section as TOML has it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    environment: Option<Spanned<BTreeMap<Spanned<String>, Spanned<RawVariable>>>>,
    arguments: Option<Spanned<Vec<Spanned<String>>>>,
    clock_resolution: Option<Spanned<String>>,
    random_seed: Option<Spanned<u64>>,
    #[serde(default)]
    directories: Vec<Spanned<RawDirectory>>,
    #[serde(default)]
    http: Vec<Spanned<wasi_http::Raw>>,
}

/// `"value"` or `{ inherit = "NAME" }`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a text, or `{ inherit = \"NAME\" }`")]
enum RawVariable {
    Value(String),
    Inherited(RawInherited),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInherited {
    inherit: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawDirectory {
    path: Spanned<String>,
    name: Spanned<String>,
    #[serde(default)]
    access: Access,
    max_bytes: Option<Spanned<String>>,
}

impl Default for WasiSection {
    fn default() -> Self {
        Self {
            environment: BTreeMap::new(),
            arguments: Vec::new(),
            directories: Vec::new(),
            clock_resolution: CLOCK_RESOLUTION,
            random_seed: None,
            http: Vec::new(),
            locations: BTreeMap::new(),
        }
    }
}

impl Raw {
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Option<WasiSection> {
        let environment = self.read_environment(reader);
        let arguments = self.arguments.as_ref().map(Spanned::get_ref).map_or(Some(Vec::new()), |written| {
            let read: Vec<_> =
                written.iter().map(|argument| reader.check(argument, |text| check_text(text))).collect();
            read.into_iter().collect()
        });
        let resolution = match &self.clock_resolution {
            Some(written) => reader.check(written, |text| value::duration(text)),
            None => Some(CLOCK_RESOLUTION),
        };
        let directories = self.read_directories(reader);
        let http: Vec<_> = self.http.iter().map(|written| wasi_http::Raw::read(written, reader)).collect();
        let http: Option<Vec<_>> = http.into_iter().collect();
        Some(WasiSection {
            environment: environment?,
            arguments: arguments?,
            directories: directories?,
            clock_resolution: resolution?,
            random_seed: self.random_seed.as_ref().map(|seed| *seed.get_ref()),
            http: http?,
            locations: self.locations(reader),
        })
    }

    fn read_environment(&self, reader: &mut Reader<'_>) -> Option<BTreeMap<String, Variable>> {
        let mut read = Some(BTreeMap::new());
        for (name, variable) in self.environment.iter().flat_map(Spanned::get_ref) {
            let named = reader.check(name, |name| check_variable_name(name));
            let value = match variable.get_ref() {
                RawVariable::Value(value) => {
                    reader.check(variable, |_| check_text(value)).map(Variable::Value)
                }
                RawVariable::Inherited(RawInherited { inherit }) => {
                    let checked = reader.check(variable, |_| check_inherited(inherit));
                    checked.map(|name| Variable::Inherited {
                        name,
                        location: reader.source.locate(variable.span().start),
                    })
                }
            };
            match (named, value, &mut read) {
                (Some(name), Some(value), Some(read)) => drop(read.insert(name, value)),
                _ => read = None,
            }
        }
        read
    }

    fn read_directories(&self, reader: &mut Reader<'_>) -> Option<Vec<Directory>> {
        let mut read: Option<Vec<Directory>> = Some(Vec::new());
        for written in &self.directories {
            let raw = written.get_ref();
            let path = reader.check(&raw.path, |path| check_directory(path));
            let taken: Vec<&str> = read.iter().flatten().map(|directory| directory.name.as_str()).collect();
            let name = reader.check(&raw.name, |name| check_directory_name(name, &taken));
            let max_bytes = match (&raw.max_bytes, raw.access) {
                (None, _) => Some(DIRECTORY_BYTES),
                (Some(written), Access::ReadWrite) => reader.check(written, |text| value::size(text)),
                (Some(written), Access::ReadOnly) => {
                    let help = "let it write with `access = \"read-write\"`, or leave `max-bytes` out";
                    let message = "the guest cannot write to this directory, so there is nothing to bound";
                    reader.wrong(written, message.to_owned(), Some(help));
                    None
                }
            };
            match (path, name, max_bytes, &mut read) {
                (Some(path), Some(name), Some(max_bytes), Some(read)) => {
                    let location = reader.source.locate(written.span().start);
                    read.push(Directory { path, name, access: raw.access, max_bytes, location });
                }
                _ => read = None,
            }
        }
        read
    }

    fn locations(&self, reader: &Reader<'_>) -> BTreeMap<&'static str, Location> {
        let place = |start: usize| reader.source.locate(start);
        let written = [
            ("environment", self.environment.as_ref().map(|written| written.span().start)),
            ("arguments", self.arguments.as_ref().map(|written| written.span().start)),
            ("clock-resolution", self.clock_resolution.as_ref().map(|written| written.span().start)),
            ("random-seed", self.random_seed.as_ref().map(|written| written.span().start)),
        ];
        written.into_iter().filter_map(|(key, start)| Some((key, place(start?)))).collect()
    }

    /// The directories, as they are written.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(|written| Path::new(written.get_ref().path.get_ref()))
    }

    /// Refuses a directory that a guest may write to and that holds what says what guests may do, or what they are: it could give
    /// itself all that there is, or become another. Nor may it hold a directory that is granted by itself: the guest could put a link in
    /// its place, and whoever is granted it would be led to where the link leads.
    pub(super) fn check_written(&self, protected: &[PathBuf], granted: &[&Path], reader: &mut Reader<'_>) {
        for written in self.directories.iter().map(Spanned::get_ref) {
            if written.access != Access::ReadWrite {
                continue;
            }
            let directory = Path::new(written.path.get_ref());
            // A link may lead there under another name. What is not there yet is taken by its own.
            let resolved = |path: &Path| match reader.directory.canonicalize(path) {
                Ok(path) => plain(&path),
                Err(_) => plain(path),
            };
            let directory = resolved(directory);
            if let Some(held) = protected.iter().find(|path| resolved(path).starts_with(&directory)) {
                let message =
                    format!("a guest that may write to this directory could replace `{}`", held.display());
                let diagnostic = Diagnostic::at(reader.source, written.path.span(), message);
                reader.found.push(
                    diagnostic
                        .with_help("give it a directory that holds no manifest, no policy and no component"),
                );
            }
            let is_within = |path: &Path, directory: &Path| path.starts_with(directory) && path != directory;
            // By name as well: there may be a link by now.
            let named = plain(Path::new(written.path.get_ref()));
            let within = granted
                .iter()
                .find(|path| is_within(&resolved(path), &directory) || is_within(&plain(path), &named));
            if let Some(within) = within {
                let message = format!(
                    "a guest that may write to this directory could put a link in the place of `{}`, which is granted too",
                    within.display()
                );
                let diagnostic = Diagnostic::at(reader.source, written.path.span(), message);
                reader.found.push(diagnostic.with_help("grant directories that lie beside each other"));
            }
        }
    }
}

/// A path without the dots that say nothing.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// Nothing in WASI or in a C library can hold a NUL.
fn check_text(text: &str) -> Result<String, &'static str> {
    if text.contains('\0') { Err("a text for a guest holds no NUL") } else { Ok(text.to_owned()) }
}

fn check_variable_name(name: &str) -> Result<String, String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(format!("`{}` is no name of a variable", name.escape_debug()));
    }
    Ok(name.to_owned())
}

fn check_inherited(name: &str) -> Result<String, String> {
    let name = check_variable_name(name)?;
    if SECRET_VARIABLES.iter().any(|secret| name.to_ascii_uppercase().starts_with(secret)) {
        return Err(format!("`{name}` cannot be inherited: a guest never holds the host's credentials"));
    }
    Ok(name)
}

fn check_directory(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    let is_below = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if path.as_os_str().is_empty() || !path.components().all(is_below) {
        return Err(format!(
            "`{}` leaves the manifest's folder: it has to be a path below it, without `..`",
            path.display()
        ));
    }
    Ok(path.to_owned())
}

fn check_directory_name(name: &str, taken: &[&str]) -> Result<String, String> {
    if name.is_empty() || name.contains(char::is_control) {
        return Err("a directory needs a name that the guest calls it by, such as `/data`".to_owned());
    }
    if taken.contains(&name) {
        return Err(format!("two directories are called `{}`", name.escape_debug()));
    }
    Ok(name.to_owned())
}

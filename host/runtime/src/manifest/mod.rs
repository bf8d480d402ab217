//! The manifest, `innkeeper.toml`: which guests there are, what each may do, and how AWS is reached.
//!
//! [`Manifest::load`] reads and checks all of it: a key that nobody knows, a limit that makes no sense, a statement that could
//! never match are errors with their place. What is read here is what is written; [`crate::Host`] makes it run.

mod aws;
mod class;
mod expect;
mod guest;
mod identity;
mod limits;
mod policy;
mod quota;
mod review;
mod value;
pub mod wasi;
mod wasi_http;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper_aws::{ClientFactory, ClientFactoryBuilder};
use innkeeper_policy::{AccountId, Diagnostic, Diagnostics, Policy, Source};
use serde::Deserialize;
use toml::Spanned;

pub use self::aws::AwsSection;
pub use self::expect::Expectation;
pub use self::guest::GuestSection;
pub use self::review::Finding;
use crate::error::Error;

/// A manifest, read and checked.
#[derive(Clone, Debug)]
pub struct Manifest {
    source: Source,
    directory: Arc<Dir>,
    aws: AwsSection,
    guests: BTreeMap<String, GuestSection>,
}

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read.
    #[error("manifest `{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is wrong: one line for each mistake, with its place.
    #[error(transparent)]
    Invalid(Diagnostics),
}

impl From<Diagnostics> for ManifestError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Invalid(diagnostics)
    }
}

/// The manifest as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    #[serde(default)]
    aws: aws::Raw,
    #[serde(default)]
    guest: BTreeMap<Spanned<String>, guest::Raw>,
}

impl Manifest {
    /// Reads a manifest. The paths in it are below its folder.
    ///
    /// # Errors
    ///
    /// [`ManifestError`], with all mistakes that were found.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let failed = |source| ManifestError::Read { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let directory = Dir::open_ambient_dir(folder, ambient_authority()).map_err(failed)?;
        Self::parse(Source::new(path.display().to_string(), text), directory)
    }

    /// Takes a manifest's text; the paths in it are below `directory`.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Invalid`], with all mistakes that were found.
    pub fn parse(source: Source, directory: Dir) -> Result<Self, ManifestError> {
        let raw: Raw = toml::from_str(source.text())
            .map_err(|error| Diagnostics::from(Diagnostic::from_toml(&source, &error)))?;

        let mut found = Vec::new();
        let mut reader = Reader { source: &source, directory: &directory, found: &mut found };
        let aws = AwsSection::read(&raw.aws, &mut reader);
        let mut guests = BTreeMap::new();
        for (name, guest) in &raw.guest {
            guests.insert(name.get_ref().clone(), GuestSection::read(name, guest, aws.as_ref(), &mut reader));
        }
        let protected = protected(&raw, reader.source);
        let granted: Vec<&Path> = raw.guest.values().flat_map(|guest| guest.wasi.paths()).collect();
        for guest in raw.guest.values() {
            guest.wasi.check_written(&protected, &granted, &mut reader);
        }
        // Each section is either whole or the reason for a diagnostic.
        let whole = aws.zip(guests.into_iter().map(|(name, guest)| Some((name, guest?))).collect());
        match (Diagnostics::from_found(found), whole) {
            (None, Some((aws, guests))) => Ok(Self { source, directory: Arc::new(directory), aws, guests }),
            (Some(diagnostics), _) => Err(diagnostics.into()),
            (None, None) => Err(Diagnostics::from(Diagnostic::new("the manifest cannot be used")).into()),
        }
    }

    /// The file's name, as messages call it.
    pub fn file(&self) -> &str {
        self.source.file()
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// A manifest with another text, in the same folder and under the same name.
    ///
    /// # Errors
    ///
    /// As [`Manifest::load`].
    pub fn with_text(&self, text: String) -> Result<Self, ManifestError> {
        let failed = |source| ManifestError::Read { path: self.file().into(), source };
        Self::parse(Source::new(self.file(), text), self.directory.try_clone().map_err(failed)?)
    }

    /// The manifest with another policy for a guest.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownGuest`], with the names that there are.
    pub fn with_policy(mut self, name: &str, policy: Policy) -> Result<Self, Error> {
        let section = GuestSection { policy, ..self.guest(name)?.clone() };
        self.guests.insert(name.to_owned(), section);
        Ok(self)
    }

    /// The manifest with another value of a guest's `config`, in place of what it says or beside it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownGuest`], with the names that there are.
    pub fn with_config(
        mut self,
        name: &str,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, Error> {
        let mut section = self.guest(name)?.clone();
        section.config.insert(key.into(), value.into());
        self.guests.insert(name.to_owned(), section);
        Ok(self)
    }

    /// The section `[aws]`.
    pub fn aws(&self) -> &AwsSection {
        &self.aws
    }

    /// The guests' names, sorted.
    pub fn guest_names(&self) -> impl Iterator<Item = &str> {
        self.guests.keys().map(String::as_str)
    }

    /// The section `[guest.NAME]`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownGuest`], with the names that there are.
    pub fn guest(&self, name: &str) -> Result<&GuestSection, Error> {
        self.guests.get(name).ok_or_else(|| Error::UnknownGuest {
            name: name.to_owned(),
            manifest: self.file().to_owned(),
            known: self.guests.keys().cloned().collect(),
        })
    }

    /// The account that the manifest says a guest's identity is in. It speaks of the identity of `[aws]` alone.
    pub(crate) fn account_of(&self, guest: &GuestSection) -> Option<&AccountId> {
        self.aws.account.as_ref().filter(|_| guest.identity == self.aws.identity)
    }

    /// A factory of clients as `[aws]` describes it, to be finished: a test gives it an HTTP client, a clock, an environment.
    pub fn client_factory(&self) -> ClientFactoryBuilder {
        let factory = ClientFactory::builder().compute(self.aws.compute).classes(self.aws.classes.clone());
        match &self.aws.allowed_regions {
            Some(regions) => factory.allowed_regions(regions.clone()),
            None => factory,
        }
    }

    pub(crate) fn directory(&self) -> &Dir {
        &self.directory
    }
}

/// The files below the manifest's folder that say what guests may do and what they are: the manifest, policy documents, components.
fn protected(raw: &Raw, source: &Source) -> Vec<PathBuf> {
    let manifest = Path::new(source.file()).file_name().map(PathBuf::from);
    manifest.into_iter().chain(raw.guest.values().flat_map(guest::Raw::files).map(PathBuf::from)).collect()
}

/// Collects what is wrong while sections are read, so that one run shows every mistake.
struct Reader<'a> {
    source: &'a Source,
    /// The manifest's folder.
    directory: &'a Dir,
    found: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    /// The value, or `None` and a diagnostic at the place of what was written.
    fn check<T, V, E: std::fmt::Display>(
        &mut self,
        written: &Spanned<T>,
        check: impl FnOnce(&T) -> Result<V, E>,
    ) -> Option<V> {
        match check(written.get_ref()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.wrong(written, error.to_string(), None);
                None
            }
        }
    }

    fn wrong<T>(&mut self, written: &Spanned<T>, message: String, help: Option<&str>) {
        let diagnostic = Diagnostic::at(self.source, written.span(), message);
        self.found.push(match help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        });
    }
}

#[cfg(test)]
mod tests;

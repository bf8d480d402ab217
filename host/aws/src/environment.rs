//! The environment variables and files that credentials and regions are read from.

use aws_types::os_shim_internal::{Env, Fs};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The environment variables and files that a factory reads.
///
/// [`Environment::process`] is the process's own. [`Environment::fixed`] holds nothing but what it is given, so that a
/// test, or a host with several tenants, depends neither on the process environment nor on anyone's home directory.
#[derive(Clone)]
pub struct Environment {
    variables: Env,
    files: Fs,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Process,
    Fixed(Arc<HashMap<String, String>>),
}

impl Environment {
    /// The variables of the process and the files of the machine.
    pub fn process() -> Self {
        Self { variables: Env::real(), files: Fs::real(), kind: Kind::Process }
    }

    /// These variables and these files (path and content), and no others.
    ///
    /// ```
    /// use innkeeper_aws::Environment;
    ///
    /// let environment = Environment::fixed(
    ///     [("HOME", "/home/ada"), ("AWS_PROFILE", "dev")],
    ///     [("/home/ada/.aws/config", "[profile dev]\nregion = eu-west-1")],
    /// );
    /// # drop(environment);
    /// ```
    pub fn fixed<K, V, P, C>(
        variables: impl IntoIterator<Item = (K, V)>,
        files: impl IntoIterator<Item = (P, C)>,
    ) -> Self
    where
        K: Into<String>,
        V: Into<String>,
        P: Into<OsString>,
        C: Into<Vec<u8>>,
    {
        let variables: HashMap<String, String> =
            variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let files = files.into_iter().map(|(path, content)| (path.into(), content.into())).collect();
        Self {
            variables: Env::from(variables.clone()),
            files: Fs::from_raw_map(files),
            kind: Kind::Fixed(Arc::new(variables)),
        }
    }

    /// A variable that is set and not blank.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).ok().filter(|value| !value.trim().is_empty())
    }

    pub(crate) async fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.files.read_to_end(path).await
    }

    pub(crate) async fn write(&self, path: &Path, content: &[u8]) -> std::io::Result<()> {
        self.files.write(path, content).await
    }

    /// A path in which a leading `~` stands for the home directory.
    pub(crate) fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }

    fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").or_else(|| self.variable("USERPROFILE")).map(PathBuf::from)
    }

    pub(crate) fn variables(&self) -> &Env {
        &self.variables
    }

    pub(crate) fn files(&self) -> &Fs {
        &self.files
    }

    /// The variables that a child process gets in place of the ones that it would inherit.
    pub(crate) fn of_child(&self) -> Option<&HashMap<String, String>> {
        match &self.kind {
            Kind::Process => None,
            Kind::Fixed(variables) => Some(variables),
        }
    }
}

impl Default for Environment {
    /// [`Environment::process`].
    fn default() -> Self {
        Self::process()
    }
}

/// Shows nothing of what it holds: among the variables and files are secret keys.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Process => "Environment::process(…)",
            Kind::Fixed(_) => "Environment::fixed(…)",
        })
    }
}

/// Whether the host runs on AWS compute.
///
/// Instance metadata is an address on the local network: away from AWS there is nobody, or somebody else, and asking
/// takes seconds. So it is asked only by a factory that was told that it may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compute {
    /// Instance metadata is never asked.
    #[default]
    NotOnAws,
    /// Instance metadata is the last link of the default chain and of the search for a region, unless
    /// `AWS_EC2_METADATA_DISABLED` is `true`.
    OnAws,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_environment_has_only_what_it_was_given() {
        let files: [(&str, &str); 0] = [];
        let environment = Environment::fixed([("HOME", "/home/ada"), ("BLANK", " ")], files);
        assert_eq!(environment.variable("HOME").as_deref(), Some("/home/ada"));
        assert_eq!(environment.variable("BLANK"), None);
        assert_eq!(environment.variable("PATH"), None);
        assert_eq!(environment.expand("~/.aws/config"), Path::new("/home/ada/.aws/config"));
        assert_eq!(environment.expand("/etc/config"), Path::new("/etc/config"));
    }

    #[test]
    fn an_environment_shows_nothing_of_what_it_holds() {
        let environment = Environment::fixed([("AWS_SECRET_ACCESS_KEY", "hunter2")], [("/f", "hunter3")]);
        assert!(!format!("{environment:?}").contains("hunter"));
    }
}

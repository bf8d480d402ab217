//! The shared configuration files: `~/.aws/config` and `~/.aws/credentials`.

use crate::credentials::answer::{Message, innermost};
use crate::environment::Environment;
use crate::error::{CredentialsError, ProfileFile, ProfileFileState};
use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use std::sync::Arc;

/// Every profile of the shared configuration files, as they are now.
pub(crate) struct Profiles {
    set: ProfileSet,
    files: Vec<ProfileFile>,
}

impl Profiles {
    /// Reads `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE`, or where they are by default. A file that does not
    /// exist has no profiles.
    pub(crate) async fn load(environment: &Environment) -> Result<Self, CredentialsError> {
        let files = files(environment).await;
        match aws_config::profile::load(
            environment.files(),
            environment.variables(),
            &EnvConfigFiles::default(),
            None,
        )
        .await
        {
            Ok(set) => Ok(Self { set, files }),
            Err(error) => {
                let message = innermost(&error).split_whitespace().collect::<Vec<_>>().join(" ");
                Err(CredentialsError::ProfileFiles { files, source: Arc::new(Message(message)) })
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Profile> {
        self.set.get_profile(name)
    }

    pub(crate) fn set(&self) -> &ProfileSet {
        &self.set
    }

    /// The error for a profile that does not exist.
    pub(crate) fn missing(&self, profile: &str, referenced_by: Option<&str>) -> CredentialsError {
        let mut profiles: Vec<String> = self.set.profiles().map(str::to_owned).collect();
        profiles.sort_unstable();
        let nearest = profiles
            .iter()
            .map(|known| (strsim::damerau_levenshtein(known, profile), known))
            // A third of the letters may differ, and at least two: more is another name.
            .filter(|(distance, known)| *distance <= 2.max(known.chars().count() / 3))
            .min()
            .map(|(_, known)| known.clone());
        CredentialsError::NoSuchProfile {
            profile: profile.to_owned(),
            referenced_by: referenced_by.map(str::to_owned),
            files: self.files.clone(),
            profiles,
            nearest,
        }
    }

    /// What is said of a place where there is nothing.
    pub(crate) fn files(&self) -> &[ProfileFile] {
        &self.files
    }
}

/// The profile that is used where none is named, and whether a variable names it.
pub(crate) fn selected(environment: &Environment) -> SelectedProfile {
    match environment.variable("AWS_PROFILE") {
        Some(name) => SelectedProfile::Named(name),
        None => SelectedProfile::Default,
    }
}

/// The profile that is used where none is named.
pub(crate) enum SelectedProfile {
    /// `AWS_PROFILE`, which has to exist.
    Named(String),
    /// `default`, which need not.
    Default,
}

impl SelectedProfile {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::Default => "default",
        }
    }
}

async fn files(environment: &Environment) -> Vec<ProfileFile> {
    let mut files = Vec::new();
    for (variable, default) in
        [("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")]
    {
        let path = environment.expand(environment.variable(variable).as_deref().unwrap_or(default));
        let state = match environment.read(&path).await {
            Ok(_) => ProfileFileState::Read,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => ProfileFileState::Missing,
            Err(_) => ProfileFileState::Unreadable,
        };
        files.push(ProfileFile { path, state });
    }
    files
}

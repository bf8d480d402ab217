//! `credential_process`: credentials that a program prints.

use super::json::{self, Speaker};
use super::load::Context;
use crate::error::{CredentialsError, Error};
use aws_credential_types::Credentials;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use zeroize::Zeroizing;

/// How long a program may take; one that asks a person for a code needs a while.
const LIMIT: Duration = Duration::from_mins(1);

/// Runs `command` in a shell, as the AWS CLI does. Neither the command, which may hold a password, nor what the program
/// prints is logged or becomes part of an error.
pub(crate) async fn load(context: Context<'_>, profile: &str, command: &str) -> Result<Credentials, Error> {
    let failed =
        |reason: String| context.error(CredentialsError::Process { profile: profile.to_owned(), reason });
    let mut process = if cfg!(windows) { Command::new("cmd.exe") } else { Command::new("sh") };
    process.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(command);
    process.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    if let Some(variables) = context.host.environment.of_child() {
        process.env_clear().envs(variables);
    }
    let output = tokio::time::timeout(LIMIT, process.output())
        .await
        .map_err(|_| failed(format!("took longer than {} s", LIMIT.as_secs())))?
        .map_err(|error| failed(format!("cannot be run: {}", error.kind())))?;
    let printed = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(format!("failed with {}", output.status)));
    }
    json::parse(Speaker::Process, &printed).map_err(|source| match source {
        CredentialsError::Malformed { reason, .. } => failed(format!("gave no credentials: {reason}")),
        source => context.error(source),
    })
}

//! Running commands, from the top of the repository.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A command that did not end as it should.
pub(crate) struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failed {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// Runs a command with the terminal that this program has.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<(), Failed> {
    let shown = format!("{program} {}", arguments.join(" "));
    let status =
        command(program, arguments).status().map_err(|error| Failed(format!("`{shown}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failed(format!("`{shown}` failed ({status})"))) }
}

/// Runs a command and returns what it prints on its standard output.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    let shown = format!("{program} {}", arguments.join(" "));
    let output = command(program, arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failed(format!("`{shown}`: {error}")))?;
    if !output.status.success() {
        return Err(Failed(format!("`{shown}` failed ({})", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failed(format!("`{shown}` printed what is not UTF-8")))
}

/// Runs a command and returns all that it prints, which is shown only if the command fails.
pub(crate) fn both_outputs(program: &str, arguments: &[&str]) -> Result<String, Failed> {
    let shown = format!("{program} {}", arguments.join(" "));
    let output =
        command(program, arguments).output().map_err(|error| Failed(format!("`{shown}`: {error}")))?;
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    if output.status.success() {
        Ok(told)
    } else {
        Err(Failed(format!("`{shown}` failed ({})\n{told}", output.status)))
    }
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    // Set for this program by cargo; other packages would take them for their own.
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO_CRATE_NAME"
        {
            command.env_remove(name);
        }
    }
    command
}

//! `innkeeper policy iam`: the smallest IAM policy that a guest's role needs.

use std::io::Write as _;
use std::path::PathBuf;

use innkeeper::Manifest;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::style::{WARNING, styled};
use crate::text::visible;

const EXAMPLES: &str = "\
Examples:
    innkeeper policy iam thumbnailer > role-policy.json
    innkeeper policy iam thumbnailer --session

The policy allows what the guest's `allow` and `deny` come to, each action by its name. Attach it to the guest's role, or
give it to AssumeRole as the session policy (`session-policy`), and AWS holds the guest to it as well. What AWS cannot know,
a condition on a key `innkeeper:...`, is left out and told on standard error.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(super) struct Args {
    /// The guest: the NAME of a section `[guest.NAME]` of the manifest
    #[arg(value_name = "GUEST")]
    guest: String,

    /// Print it as a session policy: on one line, of at most 2,048 characters
    #[arg(long)]
    session: bool,

    /// The manifest
    #[arg(long, value_name = "PATH", default_value = "innkeeper.toml")]
    manifest: PathBuf,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit, Failure> {
        let manifest = Manifest::load(&self.manifest)?;
        let document = manifest.guest(&self.guest)?.policy.to_role();
        if document.is_empty() {
            return Err(Failure::new(Exit::Manifest, format!("guest `{}` may do nothing", self.guest))
                .with_help(
                    "AWS takes no policy without a statement; a role without a policy can do nothing",
                ));
        }
        let text = if self.session {
            document.to_session_policy().map_err(|error| {
                Failure::because(Exit::Manifest, &error)
                    .with_help("name fewer resources, with a wildcard for several, or attach the policy to the role instead")
            })?
        } else {
            format!("{document:#}")
        };
        for note in document.notes() {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(anstream::stderr(), "{} {}", styled(WARNING, "warning:"), visible(note));
        }
        output::print_text(&format!("{text}\n"))?;
        Ok(Exit::Success)
    }
}

//! A run that is there to see what a guest asks for: on a fake, with nothing denied.

use std::time::Instant;

use innkeeper::Manifest;
use innkeeper::audit::Decision;
use innkeeper::policy::{Policy, Source};

use super::report::Report;
use super::world::World;
use super::{Args, Call, Enforcement};
use crate::exit::Exit;
use crate::failure::Failure;

/// Allows everything.
const EVERYTHING: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// What a guest asked for.
pub(crate) struct Observed {
    /// The manifest, as it is written.
    pub(crate) manifest: Manifest,
    /// The guest's name.
    pub(crate) guest: String,
    /// What it asked for, each thing once. All of it was allowed.
    pub(crate) decisions: Vec<Decision>,
    /// How often it asked for more than there is room for.
    pub(crate) omitted: usize,
    /// Why the guest's call failed, if it did.
    pub(crate) failure: Option<Failure>,
}

impl Args {
    /// Calls the guest on the fake, whatever its policy says.
    pub(crate) fn observe(mut self) -> Result<Observed, Failure> {
        if self.fake.is_none() && self.aws.is_about_aws() {
            return Err(Failure::new(
                Exit::Usage,
                "a guest is learnt from on the fake alone, where nothing is denied",
            )
            .with_help("leave out `--endpoint-url` and `--profile`"));
        }
        let folder = self.fake.take().flatten();
        let overrides = self.aws.clone().check()?;
        let call = Call {
            world: World::fake(folder, overrides)?,
            enforcement: Enforcement::Nothing,
            ..self.resolve()?
        };
        let manifest = Manifest::load(&call.manifest)?;
        let Report { guest, seen, failure, .. } = crate::block_on(call.run(Instant::now()))??;
        let (omitted, mut decisions) = (seen.decisions.omitted(), seen.decisions.kept);
        // Guests that it invokes as functions have policies of their own.
        decisions.retain(|decision| *decision.guest == *guest);
        Ok(Observed { manifest, guest, decisions, omitted, failure })
    }
}

/// The manifest with a policy for the guest that denies nothing.
pub(super) fn permit_everything(manifest: Manifest, guest: &str) -> Result<Manifest, Failure> {
    let mut policy = Policy::builder(guest);
    policy.document(&Source::new("everything", EVERYTHING));
    let policy = policy.build().map_err(|error| {
        Failure::doing(Exit::Machine, "there is no policy that allows everything", &error)
    })?;
    Ok(manifest.with_policy(guest, policy)?)
}

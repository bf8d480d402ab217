//! `--record`, and the run of what has been recorded.

use std::path::PathBuf;
use std::time::Instant;

use super::input::Input;
use super::report::Report;
use super::world::World;
use super::{Call, Enforcement};
use crate::aws_options::AwsOptions;
use crate::compiled_cache::Caching;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::record::Record;

impl Record {
    /// Of a run that is over.
    pub(super) fn of(report: &Report, input: &[u8]) -> Self {
        let result = match &report.failure {
            None => Ok(report.output.as_deref().unwrap_or_default()),
            Some(failure) => Err(failure.exit().kind()),
        };
        Self::new(&report.guest, input, &report.decisions, &report.calls, result)
    }

    /// Runs the recorded guest with the recorded input on a fake, and records that.
    pub(crate) fn again(&self, manifest: PathBuf, folder: Option<PathBuf>) -> Result<Self, Failure> {
        let input = self
            .input()
            .map_err(|error| Failure::doing(Exit::Io, "the input of the record is no base64", &error))?;
        let call = Call {
            manifest,
            guest: self.guest.clone(),
            input: Input::Bytes(input.clone()),
            world: World::fake(folder, AwsOptions::default().check()?)?,
            save: None,
            audit: None,
            record: None,
            caching: Caching::On,
            enforcement: Enforcement::Policy,
        };
        let report = crate::block_on(call.run(Instant::now()))??;
        if report.failure.as_ref().is_some_and(|failure| failure.exit() == Exit::Interrupted) {
            return Err(Failure::interrupted());
        }
        Ok(Self::of(&report, &input))
    }
}

//! A recorded call, again: for `innkeeper replay`.

use std::path::PathBuf;
use std::time::Instant;

use innkeeper::{CallError, Manifest};
use innkeeper_testing::recording::{
    Bodies, Ending, NotFed, Player, Recorder, Recording, Times, bodies_folder, host_on_recording,
};

use super::input::Input;
use super::record::recording;
use super::world::World;
use super::{Call, Enforcement};
use crate::aws_options::AwsOptions;
use crate::compiled_cache::{self, Caching};
use crate::exit::Exit;
use crate::failure::{self, Failure};

/// What came of a recorded call when it was made again.
pub(crate) struct Again {
    pub(crate) recording: Recording,
    /// What the recording had no answer to.
    pub(crate) not_fed: Vec<NotFed>,
    /// How the times in its answers are to be compared with those that were recorded.
    pub(crate) times: Times,
}

/// Calls the recorded guest with the recorded answers. `file` is the recording's own, beside which its bodies are.
pub(crate) fn play(
    recorded: &Recording,
    file: &std::path::Path,
    manifest: &std::path::Path,
    input: &[u8],
) -> Result<Again, Failure> {
    // The clock stands still but for what the guest and the SDK wait for.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime
        .map_err(|error| Failure::doing(Exit::Machine, "the async runtime cannot be started", &error))?;
    runtime.block_on(async {
        let player = Player::new(recorded, Bodies::in_folder(bodies_folder(file)));
        let name = &recorded.start.guest;
        // What is read again is there already.
        let recorder = Recorder::new(name.as_str(), Bodies::none());
        let host = host_on_recording(&recorded.start, &player, &recorder, Manifest::load(manifest)?)?;
        let host = host.engine(compiled_cache::engine(Caching::On)?).build()?;
        let guest = host.guest(name).await.map_err(|error| Failure::of_guest(error, manifest))?;
        let result = match guest.call(input).await.result {
            Ok(output) | Err(CallError::Exit { status: 0, output }) => Ending::returned(&output),
            Err(error) => Ending::failed(failure::of_call(name, &error).exit().kind()),
        };
        let recording = recorder
            .finish(recorded.start.clone(), result)
            .map_err(|error| Failure::doing(Exit::Io, "the call cannot be compared", &error))?;
        Ok(Again { recording, not_fed: player.not_fed(), times: Times::Exact })
    })
}

/// Calls the recorded guest on a fake, of which the clock begins when the recorded call did.
pub(crate) fn on_fake(
    recorded: &Recording,
    manifest: PathBuf,
    folder: Option<PathBuf>,
    input: Vec<u8>,
) -> Result<Again, Failure> {
    let recorder = Recorder::new(recorded.start.guest.as_str(), Bodies::none());
    let call = Call {
        manifest,
        guest: recorded.start.guest.clone(),
        input: Input::Bytes(input),
        world: World::fake(folder, AwsOptions::default().check()?)?.beginning(recorded.start.began()),
        save: None,
        audit: None,
        record: None,
        watched: Some(recorder.clone()),
        caching: Caching::On,
        enforcement: Enforcement::Policy,
    };
    let report = crate::block_on(call.run(Instant::now()))??;
    if report.failure.as_ref().is_some_and(|failure| failure.exit() == Exit::Interrupted) {
        return Err(Failure::interrupted());
    }
    let recording = recording(&recorder, recorded.start.clone(), &report)?;
    Ok(Again { recording, not_fed: Vec::new(), times: Times::Near })
}

//! `--record`: a run, written down for `innkeeper replay`.

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use innkeeper::Host;
use innkeeper_testing::recording::{
    Bodies, Ending, Input, KeptBodies, Recorder, Recording, Start, WriteError, bodies_folder,
};

use super::report::Report;
use crate::exit::Exit;
use crate::failure::Failure;

/// What `innkeeper run --help` says of recordings.
pub(super) const HELP: &str = r"The lines of --record (version 2 of the schema), which `innkeeper replay` reads:
  start     {version, guest, input, region, endpoint, began, bodies}
  exchange  {id, function, on, arguments, answer, body}: what the guest called, in WIT's words;
            answer is {ok}, {err} or null (the guest was ended before)
  request   {operation, action, resource, context, allowed}: what the policy was asked for the
            exchange before it
  answer    {service, request, response}: what AWS was sent, and what came
  end       {result}: {bytes, sha256}, or {failed}
The file holds no credential, signature, session token, receipt handle, request id and no body: bytes are
{bytes, sha256}. The bodies of answers, which a replay gives the guest, are in the folder FILE.bodies.
A recording has at most 64 MiB, some 50,000 calls of AWS, and its bodies 1 GiB. A run that comes to more
goes on, but nothing is written to FILE, and the exit code is 9.";

/// Whether the bodies of answers are kept beside a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum RecordBodies {
    /// In the folder FILE.bodies, so that the run can be replayed
    #[default]
    Kept,
    /// Not at all
    None,
}

/// Where a run is recorded.
#[derive(Debug)]
pub(super) struct RecordTo {
    path: PathBuf,
    bodies: RecordBodies,
}

/// A recording of a run that goes on.
pub(super) struct Recorded {
    to: RecordTo,
    recorder: Recorder,
}

impl RecordTo {
    pub(super) fn new(path: PathBuf, bodies: RecordBodies) -> Self {
        Self { path, bodies }
    }

    pub(super) fn begin(self, guest: &str) -> Recorded {
        let bodies = match self.bodies {
            RecordBodies::Kept => Bodies::in_folder(bodies_folder(&self.path)),
            RecordBodies::None => Bodies::none(),
        };
        Recorded { to: self, recorder: Recorder::new(guest, bodies) }
    }
}

impl Recorded {
    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Writes the file.
    pub(super) fn write(&self, start: Start, report: &Report) -> Result<(), Failure> {
        let path = &self.to.path;
        self.recorder.write(path, start, &ending(report)).map_err(|error| {
            let failure = Failure::doing(
                Exit::Io,
                format!("the recording cannot be written to `{}`", path.display()),
                &error,
            );
            let folder = bodies_folder(path);
            let failure = match &error {
                WriteError::TooLarge => failure.with_help("`--audit FILE` has no bound"),
                WriteError::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    failure.with_help("`--record-bodies none` records without them")
                }
                _ => failure,
            };
            if folder.exists() {
                let folder = folder.display();
                return failure.with_help(format!(
                    "the bodies that were kept until then are in `{folder}`; nothing needs them"
                ));
            }
            failure
        })
    }
}

/// What was seen of a run that is over.
pub(super) fn recording(recorder: &Recorder, start: Start, report: &Report) -> Result<Recording, Failure> {
    recorder
        .finish(start, ending(report))
        .map_err(|error| Failure::doing(Exit::Io, "the call cannot be compared", &error))
}

fn ending(report: &Report) -> Ending {
    match &report.failure {
        None => Ending::returned(report.output.as_deref().unwrap_or_default()),
        Some(failure) => Ending::failed(failure.exit().kind()),
    }
}

/// How a call of a guest begins.
pub(super) async fn start(host: &Host, guest: &str, input: &[u8]) -> Result<Start, Failure> {
    let scope = host.scope(guest)?;
    // A guest that does not use AWS has none, and needs none.
    let region = host.factory().region(&scope).await.ok();
    let began = host.factory().now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(Start {
        guest: guest.to_owned(),
        input: Input::new(input),
        region: region.map(|region| region.as_str().to_owned()),
        endpoint: scope.endpoint().map(|endpoint| endpoint.as_str().to_owned()),
        began: began.as_secs_f64(),
        bodies: KeptBodies::Kept,
    })
}

//! Where the guest's calls go: to AWS, or to a fake.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use innkeeper::aws::ClientFactoryBuilder;
use innkeeper::{Host, HostBuilder, Manifest};
use innkeeper_fake::{Changes, Clock, FakeAws, Snapshot};
use innkeeper_testing::recording::Recorder;
use innkeeper_testing::{ResolveError, fake_for, host_on_with, resolve_functions};

use crate::aws_options::AwsOverrides;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::{count, size};

/// How long a run waits for what is left behind in a fake.
const EVENTS: Duration = Duration::from_secs(10);

/// Where the guest's calls go.
pub(super) enum World {
    /// To AWS, or to an endpoint that is given.
    Aws(AwsOverrides),
    /// To a fake in this process.
    Fake {
        /// The folder it is filled from. `None`: it begins empty.
        folder: Option<PathBuf>,
        overrides: AwsOverrides,
        /// What its clock shows when it is filled. `None`: the machine's time.
        beginning: Option<SystemTime>,
    },
}

/// A fake that has been filled, and what it was filled with.
pub(super) struct Fake {
    aws: FakeAws,
    before: Snapshot,
}

impl World {
    /// A fake, filled from a folder that has to be there.
    pub(super) fn fake(folder: Option<PathBuf>, overrides: AwsOverrides) -> Result<Self, Failure> {
        if let Some(path) = &folder
            && !path.is_dir()
        {
            let problem = if path.exists() { "is not a folder" } else { "does not exist" };
            return Err(Failure::new(Exit::Fake, format!("the folder `{}` of `--fake` {problem}", path.display()))
                .with_help(
                    "the argument behind `--fake` is a folder, as in `--fake aws`; to begin with an empty AWS, put `--fake` last: \
                     `innkeeper run GUEST INPUT --fake`",
                ));
        }
        Ok(Self::Fake { folder, overrides, beginning: None })
    }

    /// The fake, with a clock that runs from this time on when it is filled.
    pub(super) fn beginning(mut self, time: SystemTime) -> Self {
        if let Self::Fake { beginning, .. } = &mut self {
            *beginning = Some(time);
        }
        self
    }

    /// The fake, if it is to be one, for the guests of a manifest, with all that its folder holds.
    pub(super) fn fill(&self, manifest: &Manifest) -> Result<Option<Fake>, Failure> {
        let Self::Fake { folder, beginning, .. } = self else { return Ok(None) };
        let aws = fake_for(manifest).clock(beginning.map_or_else(Clock::real, Clock::tokio_from)).build();
        if let Some(folder) = folder {
            aws.seed(folder).map_err(|error| {
                Failure::because(Exit::Fake, &error).with_help(
                    "an object is a file `DIR/s3/BUCKET/KEY...`, a queue `DIR/sqs/QUEUE.json`, a function `DIR/lambda/FUNCTION.json`",
                )
            })?;
        }
        let before = aws.snapshot();
        Ok(Some(Fake { aws, before }))
    }

    /// A host for the guests of a manifest, whose calls go there.
    pub(super) fn host(
        &self,
        manifest: Manifest,
        fake: Option<&Fake>,
        recorder: Option<&Recorder>,
    ) -> Result<HostBuilder, Failure> {
        let watched = |factory: ClientFactoryBuilder| match recorder {
            Some(recorder) => factory.service_http(recorder.before()),
            None => factory,
        };
        let (Self::Fake { overrides, .. } | Self::Aws(overrides)) = self;
        let host = if let Some(fake) = fake {
            host_on_with(&fake.aws, manifest, watched)?
        } else {
            let factory = watched(manifest.client_factory()).build().map_err(innkeeper::aws::Error::from)?;
            Host::builder(manifest).factory(factory)
        };
        let host = overrides.clone().apply(host);
        Ok(match recorder {
            Some(recorder) => host.exchanges(Arc::new(recorder.clone())),
            None => host,
        })
    }
}

impl Fake {
    /// Makes those functions of the seed that are guests of the manifest what they are.
    pub(super) async fn resolve_functions(&self, host: &Host) -> Result<(), ResolveError> {
        resolve_functions(&self.aws, host).await
    }

    /// Waits for the functions that the guest has invoked asynchronously, and no longer than is worth it: one that fails is tried again
    /// after a minute, and nobody waits for that.
    pub(super) async fn settle(&self) {
        let _ = tokio::time::timeout(EVENTS, self.aws.lambda().idle()).await;
    }

    /// What is different from what it was filled with.
    pub(super) fn changes(&self) -> Changes {
        self.before.changes_to(&self.aws.snapshot())
    }
}

/// Writes what is different to a folder, and says what was written.
pub(super) fn save(changes: &Changes, folder: &Path) -> Result<String, Failure> {
    let saved = changes.save(folder).map_err(|error| Failure::because(Exit::Io, &error))?;
    let (objects, bytes) = (count(saved.objects.len(), "object"), size(saved.bytes));
    let queues = match saved.queues.len() {
        0 => String::new(),
        queues => format!(" and {}", count(queues, "queue")),
    };
    Ok(format!("{objects} ({bytes}){queues} saved in `{}`", folder.display()))
}

//! A host in a test.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::policy::Source;
use innkeeper::{Engine, Manifest};
use innkeeper_fake::{FakeAws, Fault, FunctionError, FunctionEvent, FunctionResponse, NewMessage, NewObject};
use serde_json::Value;

use crate::called::Called;
use crate::engine::engine;
use crate::fake_host::FakeHost;
use crate::stand_in::fake_for;

/// The guests of a manifest, on an AWS of the test's own.
///
/// What cannot be is the test's own mistake (a manifest that is wrong, a bucket of an impossible name), and ends the test where it is
/// written. Make it inside of the test, so that its AWS has the test's clock.
pub struct TestHost {
    aws: FakeAws,
    manifest: Manifest,
    engine: Engine,
}

impl TestHost {
    /// The guests of a manifest's file, under the policies that stand there, on an empty AWS. `path` is relative to the folder of the
    /// test's package, where cargo runs tests.
    ///
    /// # Panics
    ///
    /// If the manifest cannot be read or is wrong, or the machine cannot run WebAssembly.
    #[track_caller]
    pub fn from_manifest(path: impl AsRef<Path>) -> Self {
        match Manifest::load(path.as_ref()) {
            Ok(manifest) => Self::of(manifest),
            Err(error) => stop(&error),
        }
    }

    /// The guests of a manifest that stands in the test, with components from the folder in which tests run.
    ///
    /// # Panics
    ///
    /// If the manifest is wrong.
    #[track_caller]
    pub fn from_text(manifest: &str) -> Self {
        Self::from_text_in(".", manifest)
    }

    /// The guests of a manifest that stands in the test, with components from another folder.
    ///
    /// # Panics
    ///
    /// If the manifest is wrong, or there is no such folder.
    #[track_caller]
    pub fn from_text_in(folder: impl AsRef<Path>, manifest: &str) -> Self {
        let folder = match Dir::open_ambient_dir(folder.as_ref(), ambient_authority()) {
            Ok(folder) => folder,
            Err(error) => stop(&format!("`{}`: {error}", folder.as_ref().display())),
        };
        match Manifest::parse(Source::new("innkeeper.toml", manifest), folder) {
            Ok(manifest) => Self::of(manifest),
            Err(error) => stop(&error),
        }
    }

    /// The guests of a manifest that has been read, on an empty fake of the account that it names, if it does.
    ///
    /// # Panics
    ///
    /// If the machine cannot run WebAssembly.
    #[track_caller]
    pub fn of(manifest: Manifest) -> Self {
        match engine() {
            Ok(engine) => Self { aws: fake_for(&manifest).build(), manifest, engine },
            Err(error) => stop(&error),
        }
    }

    /// On this AWS, in place of an empty one of its own.
    #[must_use]
    pub fn on(mut self, aws: FakeAws) -> Self {
        self.aws = aws;
        self
    }

    /// With an engine of one's own, in place of the one that all tests of the process share.
    #[must_use]
    pub fn with_engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// With all that a folder holds (`s3/BUCKET/KEY...`, `sqs/QUEUE.json`, `lambda/FUNCTION.json`), as `innkeeper run --fake` takes it.
    ///
    /// # Panics
    ///
    /// If the folder is no seed.
    #[must_use]
    #[track_caller]
    pub fn with_seed(self, folder: impl AsRef<Path>) -> Self {
        match self.aws.seed(folder) {
            Ok(_) => self,
            Err(error) => stop(&causes(&error)),
        }
    }

    /// With a bucket.
    ///
    /// # Panics
    ///
    /// If no bucket can have that name.
    #[must_use]
    #[track_caller]
    pub fn with_bucket(self, bucket: &str) -> Self {
        match self.aws.s3().create_bucket(bucket) {
            Ok(()) => self,
            Err(error) => stop(&error),
        }
    }

    /// With an object, in a bucket that is made if it is not there.
    ///
    /// # Panics
    ///
    /// If no bucket or no object can have that name.
    #[must_use]
    #[track_caller]
    pub fn with_object(self, bucket: &str, key: &str, object: impl Into<NewObject>) -> Self {
        let host = self.with_bucket(bucket);
        match host.aws.s3().put(bucket, key, object) {
            Ok(_) => host,
            Err(error) => stop(&error),
        }
    }

    /// With a queue; a FIFO queue if its name ends with `.fifo`.
    ///
    /// # Panics
    ///
    /// If no queue can have that name.
    #[must_use]
    #[track_caller]
    pub fn with_queue(self, queue: &str) -> Self {
        match self.aws.sqs().create_queue(queue) {
            Ok(()) => self,
            Err(error) => stop(&error),
        }
    }

    /// With a message, in a queue that is made if it is not there.
    ///
    /// # Panics
    ///
    /// If no queue can have that name, or SQS refuses the message.
    #[must_use]
    #[track_caller]
    pub fn with_message(self, queue: &str, message: impl Into<NewMessage>) -> Self {
        let there = self.aws.sqs().queues().iter().any(|name| name == queue);
        let host = if there { self } else { self.with_queue(queue) };
        match host.aws.sqs().send(queue, message) {
            Ok(_) => host,
            Err(error) => stop(&error),
        }
    }

    /// With a function. Events, versions, aliases and throttling: [`TestHost::aws`] and [`innkeeper_fake::Lambda`].
    ///
    /// # Panics
    ///
    /// If no function can have that name.
    #[must_use]
    #[track_caller]
    pub fn with_function<F, Fut, T>(self, function: &str, code: F) -> Self
    where
        F: Fn(FunctionEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, FunctionError>> + Send + 'static,
        T: Into<FunctionResponse> + Send + 'static,
    {
        match self.aws.lambda().function(function, code) {
            Ok(_) => self,
            Err(error) => stop(&error),
        }
    }

    /// With something that goes wrong. Faults happen in the order in which they are given.
    #[must_use]
    pub fn with_fault(self, fault: Fault) -> Self {
        self.aws.faults().push(fault);
        self
    }

    /// With another value of a guest's `config`, which it reads through `wasi:config/store`.
    ///
    /// # Panics
    ///
    /// If the manifest has no such guest.
    #[must_use]
    #[track_caller]
    pub fn with_config(mut self, guest: &str, key: &str, value: impl Into<String>) -> Self {
        match self.manifest.clone().with_config(guest, key, value) {
            Ok(manifest) => self.manifest = manifest,
            Err(error) => stop(&error),
        }
        self
    }

    /// Lets time go by, for what is delayed, in flight or to be tried again, before the next call. With a paused clock
    /// (`#[tokio::test(start_paused = true)]`) nobody waits for it.
    pub async fn advance(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// The AWS, to put more into it than the sentences can, between calls too.
    pub fn aws(&self) -> &FakeAws {
        &self.aws
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Calls a guest with bytes or text. That it fails is a result like another: see [`Called::returned`] and [`Called::failed`].
    ///
    /// # Panics
    ///
    /// If the guest cannot be made ready: there is none of that name, or its component cannot be run here.
    pub async fn call(&self, guest: &str, input: impl AsRef<[u8]>) -> Called {
        let host = FakeHost::new(self.aws.clone(), self.manifest.clone(), self.engine.clone());
        let called = match host {
            Ok(host) => host.call(guest, input.as_ref()).await,
            Err(error) => Err(error.into()),
        };
        called.unwrap_or_else(|error| stop(&causes(&error)))
    }

    /// Calls a guest with a JSON document.
    ///
    /// # Panics
    ///
    /// As [`TestHost::call`].
    pub async fn call_json(&self, guest: &str, input: &Value) -> Called {
        self.call(guest, input.to_string()).await
    }
}

impl fmt::Debug for TestHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestHost").field("manifest", &self.manifest.file()).finish_non_exhaustive()
    }
}

/// An error with its sources, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

#[track_caller]
#[expect(clippy::panic, reason = "a test that cannot be is ended")]
fn stop(why: &dyn fmt::Display) -> ! {
    panic!("{why}");
}

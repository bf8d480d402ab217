//! A case: running it, and holding what came of it against what is expected.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use innkeeper::policy::Location;
use innkeeper::{Engine, Manifest};
use innkeeper_fake::{Clock, FakeAws, Fault};
use innkeeper_testing::check::{self, Mismatch};
use innkeeper_testing::{Called, FakeHost, fake_for};

use super::Snapshots;
use super::content::Expected;
use super::expect::{Ending, Expect, ExpectedObject, Presence};
use super::file::TestFile;
use super::seed::Seed;
use super::snapshot::{self, Claim};
use crate::exit::Exit;
use crate::failure::Failure;

/// A case, checked.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// Where its name stands.
    pub(super) location: Location,
    pub(super) manifest: Arc<Manifest>,
    pub(super) guest: String,
    pub(super) config: BTreeMap<String, String>,
    /// The file's and its own.
    pub(super) seeds: Vec<Seed>,
    /// The file's and its own.
    pub(super) faults: Vec<Fault>,
    /// One after the other, on one AWS. There is a first.
    pub(super) calls: Vec<Call>,
}

/// One call of a case, and what has to come of it.
#[derive(Debug)]
pub(super) struct Call {
    /// The time that goes by before.
    pub(super) advance: Duration,
    pub(super) guest: String,
    pub(super) input: Vec<u8>,
    pub(super) expect: Expect,
}

/// What a case came to.
#[derive(Debug)]
pub(super) enum Verdict {
    /// All is as expected.
    Passed,
    /// Something is not.
    Failed {
        mismatches: Vec<Mismatch>,
        /// What the guest asked of AWS.
        asked: String,
        /// What it wrote beside its result. Untrusted text.
        log: String,
    },
    /// It did not come to a call.
    Broken(Failure),
}

/// What a case came to, and what it wants its snapshots to be, if they are to be accepted.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) verdict: Verdict,
    pub(super) claims: Vec<Claim>,
}

impl Case {
    /// Runs the case on the thread that asks, on an AWS and with a clock of its own.
    pub(super) fn run(&self, file: &TestFile, engine: &Engine, snapshots: Snapshots) -> Ran {
        // The clock stands still but for what the case waits for.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let mut checks = Checks::new(file, snapshots);
        let ran = match runtime {
            Ok(runtime) => runtime.block_on(self.calls(file, engine, &mut checks)),
            Err(error) => Err(Failure::doing(Exit::Machine, "the async runtime cannot be started", &error)),
        };
        let verdict = match (ran.err().or(checks.broken), checks.mismatches) {
            (Some(failure), _) => Verdict::Broken(failure),
            (None, mismatches) if mismatches.is_empty() => Verdict::Passed,
            (None, mismatches) => {
                Verdict::Failed { mismatches, asked: checks.asked.join("\n"), log: checks.log }
            }
        };
        Ran { verdict, claims: checks.claims }
    }

    /// Makes the calls, and checks after each: what the next one finds is another's doing.
    async fn calls(&self, file: &TestFile, engine: &Engine, checks: &mut Checks<'_>) -> Result<(), Failure> {
        let (aws, host) = self.host(file, engine)?;
        let path = host.host().manifest().file().to_owned();
        let mut failed = Ok(());
        for (number, call) in self.calls.iter().enumerate() {
            if !call.advance.is_zero() {
                tokio::time::sleep(call.advance).await;
            }
            match host.call(&call.guest, &call.input).await {
                Ok(called) => {
                    let place = (self.calls.len() > 1).then(|| format!("call {}", number + 1));
                    checks.call(&called, &call.expect, place.as_deref());
                }
                Err(error) => {
                    failed = Err(Failure::not_ready(error, path.as_ref()));
                    break;
                }
            }
        }
        checks.note(check::faults_happened(&aws));
        // A guest that is a function of the fake, and the fake, would keep each other.
        aws.reset();
        failed
    }

    fn host(&self, file: &TestFile, engine: &Engine) -> Result<(FakeAws, FakeHost), Failure> {
        let aws = fake_for(&self.manifest).clock(Clock::tokio()).build();
        for seed in &self.seeds {
            seed.fill(&aws, &file.path)?;
        }
        for fault in &self.faults {
            aws.faults().push(fault.clone());
        }
        let mut manifest = Manifest::clone(&self.manifest);
        for (key, value) in &self.config {
            manifest = manifest.with_config(&self.guest, key, value)?;
        }
        let host = FakeHost::new(aws.clone(), manifest, engine.clone())?;
        Ok((aws, host))
    }
}

/// Collects what is not as expected: all of it, since the first is not always the one that explains the others.
struct Checks<'a> {
    file: &'a TestFile,
    snapshots: Snapshots,
    mismatches: Vec<Mismatch>,
    claims: Vec<Claim>,
    /// Which call is checked, where there are several.
    place: Option<String>,
    /// What was asked of AWS, call by call.
    asked: Vec<String>,
    /// What the guests wrote beside their results.
    log: String,
    /// A snapshot that cannot be read or written.
    broken: Option<Failure>,
}

impl<'a> Checks<'a> {
    fn new(file: &'a TestFile, snapshots: Snapshots) -> Self {
        Self {
            file,
            snapshots,
            mismatches: Vec::new(),
            claims: Vec::new(),
            place: None,
            asked: Vec::new(),
            log: String::new(),
            broken: None,
        }
    }

    /// Checks what came of a call, at a place if there are several.
    fn call(&mut self, called: &Called, expect: &Expect, place: Option<&str>) {
        self.place = place.map(str::to_owned);
        self.all(called, expect);
        self.place = None;
        let asked = called.asked();
        self.asked.push(place.map_or_else(|| asked.to_string(), |place| format!("{place}: {asked}")));
        self.log.push_str(&called.log());
    }

    fn all(&mut self, called: &Called, expect: &Expect) {
        match &expect.ending {
            Ending::Success => self.note(check::succeeded(called).map(drop)),
            Ending::Result(Expected::Content(content)) => self.note(check::result(called, content)),
            Ending::Result(Expected::Snapshot(path)) => match check::succeeded(called) {
                Ok(output) => self.snapshot(&format!("the result of `{}`", called.guest()), path, output),
                Err(mismatch) => self.note(Err(mismatch)),
            },
            Ending::Error { kind, message } => self.note(check::error(called, *kind, message.as_ref())),
        }
        for expected in &expect.log {
            match expected {
                Expected::Content(content) => self.note(check::log(called, content)),
                Expected::Snapshot(path) => {
                    self.snapshot(&format!("the log of `{}`", called.guest()), path, called.log().as_bytes());
                }
            }
        }
        for object in &expect.objects {
            self.object(called.aws(), object);
        }
        for (queue, messages) in &expect.messages {
            self.note(check::messages(called.aws(), queue, messages));
        }
        for (function, payloads) in &expect.invocations {
            self.note(check::invocations(called.aws(), function, payloads));
        }
        for (pattern, times) in &expect.calls {
            self.note(check::calls(called, pattern, *times));
        }
        if let Some(denied) = &expect.denied {
            for (pattern, times) in denied {
                self.note(check::denials(called, pattern, *times));
            }
            let patterns: Vec<_> = denied.iter().map(|(pattern, _)| pattern.clone()).collect();
            self.note(check::no_other_denials(called, &patterns));
        }
    }

    fn object(&mut self, aws: &FakeAws, object: &ExpectedObject) {
        let (bucket, key) = (&object.bucket, &object.key);
        let (content, content_type, metadata, tags) = match &object.is {
            Presence::Absent => return self.note(check::no_object(aws, bucket, key)),
            Presence::Present { content, content_type, metadata, tags } => {
                (content, content_type, metadata, tags)
            }
        };
        let found = match check::object(aws, bucket, key) {
            Ok(found) => found,
            // Once is enough.
            Err(mismatch) => return self.note(Err(mismatch)),
        };
        match content {
            Some(Expected::Content(content)) => self.note(check::object_content(aws, bucket, key, content)),
            Some(Expected::Snapshot(path)) => {
                self.snapshot(&format!("the object s3://{bucket}/{key}"), path, &found.body);
            }
            None => {}
        }
        if let Some(content_type) = content_type {
            self.note(check::object_content_type(aws, bucket, key, content_type));
        }
        for (name, value) in metadata {
            self.note(check::object_metadata(aws, bucket, key, name, value));
        }
        for (name, value) in tags {
            self.note(check::object_tag(aws, bucket, key, name, value));
        }
    }

    fn snapshot(&mut self, what: &str, path: &std::path::Path, actual: &[u8]) {
        match (snapshot::check(&self.file.directory, path, actual), self.snapshots) {
            (Ok(difference), Snapshots::Accept) => {
                let what = self.place.as_ref().map_or_else(|| what.to_owned(), |at| format!("{at}: {what}"));
                let (path, actual) = (path.to_owned(), actual.to_vec());
                self.claims.push(Claim { what, path, actual, difference });
            }
            (Ok(None), Snapshots::Compare) => {}
            (Ok(Some(difference)), Snapshots::Compare) => {
                self.note(Err(snapshot::mismatch(what, path, "`--accept` takes it", difference)));
            }
            (Err(error), _) => {
                self.broken.get_or_insert_with(|| snapshot::unusable(path, &error));
            }
        }
    }

    fn note(&mut self, checked: Result<(), Mismatch>) {
        let place = self.place.as_deref();
        self.mismatches.extend(checked.err().map(|mismatch| match place {
            Some(place) => mismatch.at(place),
            None => mismatch,
        }));
    }
}

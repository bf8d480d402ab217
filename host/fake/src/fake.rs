use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::account::Accounts;
use crate::calls::{Call, CallLog};
use crate::clock::Clock;
use crate::fault::Faults;
use crate::folder::{self, InlineSeed, InlineSeedError, SaveError, Saved, SeedError, Seeded};
use crate::identity::Identities;
use crate::ids::Ids;
use crate::lambda::{Lambda, LambdaState};
use crate::layer::{Client, Layer};
use crate::s3::{ObjectOwnership, S3, Store};
use crate::snapshot::Snapshot;
use crate::sqs::{Sqs, SqsState};
use crate::sts::{Sts, StsState};

/// The account that a fake is, unless it is told another one.
pub const DEFAULT_ACCOUNT_ID: &str = "000000000000";

/// An AWS in memory. Clones are the same AWS; two made apart share nothing.
#[derive(Clone)]
pub struct FakeAws {
    shared: Arc<Shared>,
    layer: Layer,
}

/// What a [`FakeAws`] can be made with; see [`FakeAws::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct FakeAwsBuilder {
    clock: Clock,
    account_id: String,
    region: Option<String>,
    seed: u64,
    identities: Identities,
    object_ownership: ObjectOwnership,
}

/// The state of a fake, which all of its services and handles look at.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) account_id: String,
    pub(crate) region: Option<String>,
    pub(crate) object_ownership: ObjectOwnership,
    pub(crate) store: Store,
    pub(crate) sqs: SqsState,
    pub(crate) lambda: LambdaState,
    pub(crate) sts: StsState,
    pub(crate) identities: Identities,
    pub(crate) accounts: Accounts,
    pub(crate) faults: Faults,
    pub(crate) log: CallLog,
}

impl Shared {
    /// An account as what belongs to it says it: none if it is that of the fake itself.
    pub(crate) fn other_account<A: AsRef<str>>(&self, account_id: Option<A>) -> Option<A> {
        account_id.filter(|id| id.as_ref() != self.account_id)
    }
}

impl FakeAws {
    /// An empty AWS with every default of [`FakeAws::builder`].
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A fake to be configured. Defaults: the clock [`Clock::tokio`], the account [`DEFAULT_ACCOUNT_ID`], no region of
    /// its own, seed 0, no identities: any credentials are accepted, and new buckets with
    /// [`ObjectOwnership::BucketOwnerEnforced`].
    pub fn builder() -> FakeAwsBuilder {
        FakeAwsBuilder {
            clock: Clock::tokio(),
            account_id: DEFAULT_ACCOUNT_ID.to_owned(),
            region: None,
            seed: 0,
            identities: Identities::default(),
            object_ownership: ObjectOwnership::default(),
        }
    }

    /// The fake as the HTTP client of an AWS SDK's configuration (`.http_client(..)`): every request, to whatever host,
    /// ends here, and none reaches a network.
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(Client { layer: self.layer.clone() })
    }

    /// The fake's clock for an AWS SDK's configuration (`.time_source(..)`).
    pub fn time_source(&self) -> SharedTimeSource {
        SharedTimeSource::new(self.shared.clock.clone())
    }

    /// Tokio's sleep for an AWS SDK's configuration (`.sleep_impl(..)`), which follows a paused clock as [`Clock::tokio`]
    /// does.
    pub fn sleep(&self) -> SharedAsyncSleep {
        SharedAsyncSleep::new(TokioSleep::new())
    }

    /// The current time of the fake.
    pub fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    /// The account of the fake. It owns everything in here, but for what the accounts of further identities make.
    pub fn account_id(&self) -> &str {
        &self.shared.account_id
    }

    /// S3, past the wire: to put and look at objects without a client.
    pub fn s3(&self) -> S3 {
        S3::new(Arc::clone(&self.shared))
    }

    /// SQS, past the wire: to make queues, send messages and look at them without a client.
    pub fn sqs(&self) -> Sqs {
        Sqs::new(Arc::clone(&self.shared))
    }

    /// Lambda, past the wire: functions, and the invocations of them.
    pub fn lambda(&self) -> Lambda {
        Lambda::new(Arc::clone(&self.shared))
    }

    /// STS, past the wire: roles with conditions, and the sessions that were issued.
    pub fn sts(&self) -> Sts {
        Sts::new(Arc::clone(&self.shared))
    }

    /// The faults that are to happen.
    pub fn faults(&self) -> Faults {
        self.shared.faults.clone()
    }

    /// The requests received so far, in order of arrival; the last [`CALL_LOG_LIMIT`](crate::CALL_LOG_LIMIT).
    pub fn calls(&self) -> Vec<Call> {
        self.shared.log.calls()
    }

    /// Empties the call log. Numbers go on.
    pub fn clear_calls(&self) {
        self.shared.log.clear();
    }

    /// Fills the fake from a folder, in the layout of [`folder`]: `DIR/s3/BUCKET/KEY...`, `DIR/sqs/QUEUE.json`,
    /// `DIR/lambda/FUNCTION.json`.
    ///
    /// # Errors
    ///
    /// Each names the path: a folder that cannot be read, a top-level name that is no service, an invalid bucket name, a
    /// name that is not UTF-8 or not a key's, a symbolic link that leads out of the folder. What was read before the
    /// error is not kept.
    pub fn seed(&self, dir: impl AsRef<Path>) -> Result<Seeded, SeedError> {
        folder::seed(self, dir.as_ref())
    }

    /// Makes queues, functions and event source mappings of documents that are not in a folder. `origin` is the file that they come from, for messages
    /// ([`GuestFunction::file`](crate::GuestFunction::file)); it is not opened.
    ///
    /// # Errors
    ///
    /// [`InlineSeedError`], which names the queue or function. What was made before it stays.
    pub fn seed_inline(&self, seed: &InlineSeed, origin: impl AsRef<Path>) -> Result<(), InlineSeedError> {
        folder::seed_inline(self, seed, origin.as_ref())
    }

    /// Writes everything that is in S3, SQS and Lambda to a folder, in the layout of [`folder`], in place of the folders `s3`, `lambda` and
    /// `sqs` that are there, whoever has written them: see [`check_save`](Self::check_save). [`seed`](Self::seed) reads it back. Unfinished
    /// multipart uploads are left out. Hidden files in those folders, which a seed passes over, stay; those of which the bucket is gone are
    /// below `.orphans` then.
    ///
    /// # Errors
    ///
    /// [`SaveError`], which names the path.
    pub fn save(&self, dir: impl AsRef<Path>) -> Result<Saved, SaveError> {
        folder::save_whole(self, dir.as_ref())
    }

    /// Whether [`save`](Self::save) to a folder would take nothing away but what an earlier one has written there: the folder is not
    /// there, is empty (but for hidden names), or has the mark that a save leaves.
    ///
    /// # Errors
    ///
    /// [`SaveError::NotSavedBefore`], or that the folder cannot be read.
    pub fn check_save(dir: impl AsRef<Path>) -> Result<(), SaveError> {
        folder::check_save(dir.as_ref())
    }

    /// Empties the fake: every service, the faults, the call log. Whoever waits for a message of a queue is told that the
    /// queue is gone. The clock goes on, and so do numbers and ids.
    pub fn reset(&self) {
        self.shared.faults.clear();
        self.shared.store.clear();
        self.shared.sqs.clear();
        self.shared.lambda.clear();
        self.shared.sts.clear();
        self.shared.log.clear();
    }

    /// The state as it is now. Of S3 it shares what does not change later; messages in queues and invocations of
    /// functions are copied.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.shared.store, self.sqs().snapshot(), self.lambda().invocations())
    }
}

impl FakeAws {
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn layer(&self) -> &Layer {
        &self.layer
    }
}

impl Default for FakeAws {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeAws").field("account_id", &self.shared.account_id).finish_non_exhaustive()
    }
}

impl FakeAwsBuilder {
    /// Sets the clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the account id: twelve digits, as in every ARN. Not checked.
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = account_id.into();
        self
    }

    /// Sets the region of the buckets and queues that are seeded or made through [`FakeAws::s3`] and [`FakeAws::sqs`],
    /// and of all functions.
    ///
    /// A request for such a bucket at another region's endpoint is answered with `PermanentRedirect`, as on AWS. Without
    /// it these buckets answer at every region's endpoint. A bucket made over the wire always has the region that it was
    /// made in.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets what request ids, credentials and tokens are derived from. The same seed gives the same ones.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Adds an access key, by its id and its secret.
    ///
    /// From the first one on the fake verifies every signature, in the header or in a presigned URL: one of a key that it
    /// does not know is `InvalidAccessKeyId`, one that is wrong `SignatureDoesNotMatch`. The sessions that its STS issues
    /// are known.
    ///
    /// Each is an account of its own, which in S3 owns what it makes: the first is the account of the fake, the others have
    /// the account ids that follow it. A bucket of another account can be reached only as far as its ACL or policy lets it.
    pub fn identity(mut self, access_key_id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.identities.add(access_key_id.into(), secret.into());
        self
    }

    /// Sets what new buckets are like in which nothing about it is said when they are made.
    pub fn object_ownership(mut self, object_ownership: ObjectOwnership) -> Self {
        self.object_ownership = object_ownership;
        self
    }

    /// Makes the fake.
    pub fn build(self) -> FakeAws {
        let shared = Arc::new(Shared {
            clock: self.clock,
            ids: Ids::new(self.seed),
            accounts: Accounts::new(&self.account_id, &self.identities),
            account_id: self.account_id,
            region: self.region,
            object_ownership: self.object_ownership,
            store: Store::default(),
            sqs: SqsState::default(),
            lambda: LambdaState::default(),
            sts: StsState::default(),
            identities: self.identities,
            faults: Faults::default(),
            log: CallLog::default(),
        });
        FakeAws { layer: Layer::new(Arc::clone(&shared)), shared }
    }
}

//! `innkeeper fake`: the fake AWS for clients in other processes.

mod save;

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use innkeeper::Manifest;
use innkeeper::aws::{Identity, StaticKeys};
use innkeeper_fake::{Clock, DEFAULT_ACCOUNT_ID, FakeAws, ObjectOwnership, Server};
use innkeeper_testing::{host_on, resolve_functions};

use crate::compiled_cache::{self, Caching};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::progress::{WithoutTerminal, while_waiting};
use crate::style::{WARNING, styled};
use crate::text::{count, visible};

const EXAMPLES: &str = "\
Examples:
  An empty AWS on port 4566 of this machine, and a client of it:
    innkeeper fake
    AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws --endpoint-url http://127.0.0.1:4566 s3 mb s3://photos

  On any free port, which the first line of standard output tells:
    innkeeper fake --listen 127.0.0.1:0

  Filled from a folder, and with everything that is in it at the end written back:
    innkeeper fake --seed aws --save aws

  With functions that are guests, as `aws/lambda/FUNCTION.json` says with `{\"guest\": \"NAME\"}`:
    innkeeper fake --seed aws --manifest innkeeper.toml

  What is in it, for a program and (in a browser) for a person; one fault; nothing in it any more:
    curl http://127.0.0.1:4566/_innkeeper/state
    curl http://127.0.0.1:4566/_innkeeper/faults -d '{\"error\": \"SlowDown\", \"operation\": \"PutObject\", \"times\": 2}'
    curl -X POST http://127.0.0.1:4566/_innkeeper/reset

Faults, as documents for `POST /_innkeeper/faults`, one or a list:
  what happens   error (an AWS code; with message, status), throttle, status, cut-before, lose-answer, cut-at (a byte of the
                 answer's body), truncate (after a byte), corrupt-body, bytes-per-second (a slow body), delay-millis,
                 connect-delay-millis, headers
  to what        service (s3, sqs, lambda, sts, iam), operation (PutObject, by its whole name), bucket, key, queue, function;
                 `*` and `?` in the last four stand for any characters and for one
  which of them  nth (from 1), or skip and times (1, unless given; \"always\"); probability (up to 1), drawn from seed, so that
                 the same calls meet the same faults in every run
  `GET` lists those that are still to come, `DELETE` removes them.
    {\"throttle\": true, \"service\": \"sqs\", \"queue\": \"orders-*\", \"probability\": 0.3, \"seed\": 7, \"times\": \"always\"}
    {\"cut-at\": 1024, \"operation\": \"GetObject\", \"key\": \"*.bin\", \"nth\": 3}

S3, SQS, Lambda and STS are on the one port. Any credentials will do, unless there are identities. Ctrl-C or SIGTERM ends it.";

/// The arguments as they are given.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "`innkeeper fake --help` has examples and the exit codes.",
    after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help())
)]
pub(crate) struct Args {
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4566")]
    listen: String,

    /// Listen on an address that other machines can reach
    ///
    /// There is no TLS and no permission to ask for: whoever can reach the port can read and change everything in the fake.
    #[arg(long)]
    allow_remote: bool,

    /// Fill it from a folder (DIR/s3/BUCKET/KEY..., DIR/sqs/QUEUE.json, DIR/lambda/FUNCTION.json)
    #[arg(long, value_name = "DIR")]
    seed: Option<PathBuf>,

    /// Run the guests of this manifest that functions of the seed are
    ///
    /// A function whose `DIR/lambda/FUNCTION.json` says `{"guest": "NAME"}` is the guest of that name: it runs with its own policy and
    /// limits, and what it asks of AWS it asks of this fake. Without a manifest such a function fails with `NoCode`.
    #[arg(long, value_name = "PATH", requires = "seed")]
    manifest: Option<PathBuf>,

    /// At the end, write what is in S3, SQS and Lambda to a folder, in place of what was saved there before
    ///
    /// Hidden files that are there stay; those in the folder of a bucket that is gone are put below `.orphans`.
    ///
    /// The folder is one that is new, empty, or has been saved to before (which a file `.innkeeper.json` in it says), or it is that of
    /// `--seed`. In any other nothing is touched, and the fake does not start: what is in its `s3`, `sqs` and `lambda` would be gone.
    /// Multipart uploads that are neither completed nor aborted are left out, and a warning says how many.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,

    /// Accept only this access key, and verify what it signs; may be given several times
    ///
    /// Each is an account of its own, which owns what it makes: the first is that of `--account-id`, the others follow it.
    /// Owners, ACLs and policies decide who may use a bucket, a queue, a function or a layer.
    /// Without any, all credentials are accepted, and are of one account. The secret is one of the fake's own: give it none of AWS.
    #[arg(long = "identity", value_name = "ID:SECRET", value_parser = access_key)]
    identities: Vec<AccessKey>,

    /// The account, twelve digits
    #[arg(long, value_name = "ID", default_value = DEFAULT_ACCOUNT_ID, value_parser = account_id)]
    account_id: String,

    /// Who owns the objects of new buckets whose creation does not say
    ///
    /// `ObjectWriter` is how AWS made buckets until April 2023: whoever writes an object owns it, and ACLs count. With
    /// `BucketOwnerEnforced` they are as AWS makes them since: ACLs are refused, and public access is blocked.
    #[arg(long, value_name = "OWNERSHIP", default_value = "ObjectWriter", value_enum)]
    object_ownership: Ownership,
}

/// `x-amz-object-ownership`, spelled as S3 does.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Ownership {
    #[value(name = "ObjectWriter")]
    ObjectWriter,
    #[value(name = "BucketOwnerEnforced")]
    BucketOwnerEnforced,
}

impl From<Ownership> for ObjectOwnership {
    fn from(ownership: Ownership) -> Self {
        match ownership {
            Ownership::ObjectWriter => Self::ObjectWriter,
            Ownership::BucketOwnerEnforced => Self::BucketOwnerEnforced,
        }
    }
}

/// An access key.
#[derive(Clone)]
struct AccessKey {
    id: String,
    secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        match crate::block_on(self.serve()).and_then(|served| served) {
            Ok(()) => Exit::Success,
            Err(failure) => {
                failure.print();
                failure.exit()
            }
        }
    }

    async fn serve(self) -> Result<(), Failure> {
        // From here on, so that a signal that comes early is not lost.
        let ended = end_of_process()?;
        self.check_identities()?;
        if let Some(folder) = &self.save {
            save::check(folder, self.seed.as_deref())?;
        }
        let fake = self.empty();
        if let Some(folder) = &self.seed {
            fill(&fake, folder)?;
            self.resolve_functions(&fake).await?;
        }
        let address = self.address().await?;
        let server = Server::bind(&fake, address).await.map_err(|error| {
            let failure = Failure::doing(Exit::Io, format!("cannot listen on `{}`", self.listen), &error);
            if error.kind() == std::io::ErrorKind::AddrInUse {
                failure
                    .with_help("another program has the port; `--listen 127.0.0.1:0` takes any that is free")
            } else {
                failure
            }
        })?;
        output::print_text(&format!("{}\n", server.url()))?;
        if !address.ip().is_loopback() {
            warn(format_args!(
                "other machines can reach `{}`, and may read and change everything in the fake",
                server.address()
            ));
        }
        server.run(ended).await;
        if let Some(folder) = &self.save {
            let saved = fake.save(folder).map_err(|error| Failure::because(Exit::Io, &error))?;
            say(save::told(&saved, folder));
            warn_of_unfinished(&fake);
        }
        Ok(())
    }

    /// Gives the functions of the seed that are guests their code, where there is a manifest that has them.
    async fn resolve_functions(&self, fake: &FakeAws) -> Result<(), Failure> {
        let Some(path) = &self.manifest else {
            for function in fake.lambda().guest_functions() {
                warn(format_args!(
                    "the function `{}` is the guest `{}`, as `{}` says: without `--manifest` invoking it fails with `NoCode`",
                    function.name(),
                    visible(function.guest()),
                    function.file().display()
                ));
            }
            return Ok(());
        };
        let mut host = host_on(fake, Manifest::load(path)?)?.engine(compiled_cache::engine(Caching::On)?);
        if let Some(AccessKey { id, secret }) = self.identities.first() {
            host = host.credentials(Identity::Static(StaticKeys::new(id, secret)));
        }
        let host = host.build()?;
        let what = "compiling the guests that are functions";
        let resolved = while_waiting(what, WithoutTerminal::Line, resolve_functions(fake, &host)).await;
        resolved.map_err(|error| Failure::of_function(error, path))
    }

    /// Of two identities with one id only one could be what the id stands for.
    fn check_identities(&self) -> Result<(), Failure> {
        let mut ids = BTreeSet::new();
        match self.identities.iter().find(|key| !ids.insert(key.id.as_str())) {
            None => Ok(()),
            Some(AccessKey { id, .. }) => {
                let message = format!("`--identity` is given twice for the access key `{}`", visible(id));
                Err(Failure::new(Exit::Usage, message)
                    .with_help("each is an account of its own, and has an id of its own"))
            }
        }
    }

    fn empty(&self) -> FakeAws {
        let mut fake = FakeAws::builder()
            .clock(Clock::real())
            .account_id(self.account_id.as_str())
            .object_ownership(self.object_ownership.into());
        for AccessKey { id, secret } in &self.identities {
            fake = fake.identity(id, secret);
        }
        fake.build()
    }

    /// The address to listen on: this machine's own, unless others are asked for.
    async fn address(&self) -> Result<SocketAddr, Failure> {
        let help = "an address is an IP address or a name, and a port, as in `127.0.0.1:4566`";
        let found = tokio::net::lookup_host(&self.listen).await.map_err(|error| {
            Failure::doing(Exit::Usage, format!("`{}` is no address to listen on", self.listen), &error)
                .with_help(help)
        })?;
        let found: Vec<_> = found.collect();
        // A name of this machine may have addresses of both families; that of the older one is what clients expect.
        let address = found.iter().find(|address| address.is_ipv4()).or(found.first()).copied();
        let address = address.ok_or_else(|| {
            Failure::new(Exit::Usage, format!("`{}` is no address to listen on", self.listen)).with_help(help)
        })?;
        if !address.ip().is_loopback() && !self.allow_remote {
            return Err(Failure::new(
                Exit::Usage,
                format!("`{}` is an address that other machines can reach", self.listen),
            )
            .with_help("the fake asks for no permission; to let other machines in all the same, add `--allow-remote`"));
        }
        Ok(address)
    }
}

fn fill(fake: &FakeAws, folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() {
        let problem = if folder.exists() { "is not a folder" } else { "does not exist" };
        return Err(Failure::new(
            Exit::Fake,
            format!("the folder `{}` of `--seed` {problem}", folder.display()),
        ));
    }
    fake.seed(folder).map_err(|error| Failure::because(Exit::Fake, &error))?;
    Ok(())
}

/// What the folder has not.
fn warn_of_unfinished(fake: &FakeAws) {
    let s3 = fake.s3();
    let uploads: usize = s3.buckets().iter().map(|bucket| s3.unfinished_uploads(bucket).len()).sum();
    if uploads > 0 {
        warn(format_args!("not saved: {}", count(uploads, "unfinished multipart upload")));
    }
}

fn warn(what: impl Display) {
    say(format_args!("{} {what}", styled(WARNING, "warning:")));
}

fn say(what: impl Display) {
    use std::io::Write as _;
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{what}");
}

/// The error does not repeat what may be half a secret.
fn access_key(text: &str) -> Result<AccessKey, String> {
    match text.split_once(':') {
        Some((id, secret)) if !id.is_empty() && !secret.is_empty() => {
            Ok(AccessKey { id: id.to_owned(), secret: secret.to_owned() })
        }
        _ => Err("an identity is an access key id, `:`, and a secret".to_owned()),
    }
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account is twelve digits".to_owned())
    }
}

/// Ready when the process is to end: Ctrl-C, or the signal that service managers and containers send. The second Ctrl-C
/// ends it at once.
fn end_of_process() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error| Failure::doing(Exit::Machine, "signals cannot be listened for", &error);
    let mut signals = Signals::listen().map_err(failed)?;
    let (told, end) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        let _ = told.send(());
        signals.next().await;
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    Ok(async move {
        let _ = end.await;
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[expect(clippy::unnecessary_wraps, reason = "on unix it can fail")]
    fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

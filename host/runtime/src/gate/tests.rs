//! The gate with the real SDK behind it, and an AWS that answers what it is told to.

use std::borrow::Cow;
use std::sync::atomic::AtomicU32;
use std::time::SystemTime;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use innkeeper_aws::{Environment, Identity, StaticKeys};
use innkeeper_policy::{ConditionKey, Effect, ObjectKey, Source, Statement, StoredAs};
use pretty_assertions::assert_eq;
use serde::Deserialize;
use toml::Spanned;

use super::*;
use crate::CONDITION_KEYS;
use crate::audit::AuditLog;
use crate::audit::Verdict;
use crate::quota::{OnExcess, Quota};
use crate::sdk_error::{self, Fault};

/// Answers every request with a status and a body, and counts them.
#[derive(Clone, Debug)]
struct Aws {
    status: u16,
    body: &'static str,
    requests: Arc<AtomicU32>,
}

impl Aws {
    fn new(status: u16, body: &'static str) -> Self {
        Self { status, body, requests: Arc::default() }
    }

    fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }
}

impl HttpConnector for Aws {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let status = StatusCode::try_from(self.status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.body))))
    }
}

struct World {
    aws: Aws,
    audit: Arc<AuditLog>,
    gate: Gate,
    bucket: BucketArn,
    key: ObjectKey,
}

fn world(aws: Aws, statements: &str, quotas: Quotas) -> World {
    #[derive(Deserialize)]
    struct Manifest {
        #[serde(default)]
        allow: Vec<Spanned<Statement>>,
        #[serde(default)]
        deny: Vec<Spanned<Statement>>,
    }
    let source = Source::new("m.toml", statements);
    let manifest: Manifest = toml::from_str(statements).unwrap();
    let mut policy = Policy::builder("guest");
    policy.provides(CONDITION_KEYS.iter().copied()).quotas(quotas.named.keys().cloned());
    for (effect, statements) in [(Effect::Allow, &manifest.allow), (Effect::Deny, &manifest.deny)] {
        for statement in statements {
            policy.statement(effect, statement, &source);
        }
    }
    let no_files: [(&str, &str); 0] = [];
    let factory = ClientFactory::builder()
        .http_client(aws.client())
        .environment(Environment::fixed([("AWS_REGION", "eu-west-1")], no_files))
        .build()
        .unwrap();
    let identity = Identity::Static(StaticKeys::new("AKID", "secret"));
    let scope = Scope::builder().guest("guest").identity(identity).build().unwrap();
    let audit = Arc::new(AuditLog::new());
    let sink = Arc::<AuditLog>::clone(&audit);
    World {
        aws,
        audit,
        gate: Gate::new(
            factory,
            scope,
            policy.build().unwrap(),
            Surroundings::default(),
            (quotas, GateLimits::default()),
            sink,
        ),
        bucket: "arn:aws:s3:::uploads".parse().unwrap(),
        key: ObjectKey::new("a").unwrap(),
    }
}

const ALL: &str = "[[allow]]\nactions = [\"*\"]\nresources = [\"*\"]\n";

/// What a call ended with.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Refused(String),
    Failed(Option<Fault>),
    Done(Result<usize, Fault>),
}

impl World {
    /// Gets the object, whole.
    async fn get(&self) -> Ended {
        let operation = S3Operation::GetObject { bucket: &self.bucket, key: &self.key, version: None };
        let mut permit = match self.gate.s3(operation).await {
            Ok(permit) => permit,
            Err(refusal) => return Ended::Refused(format!("{refusal:?}")),
        };
        let request = permit.client.get_object().bucket("uploads").key("a").send();
        match permit.call.observe(request).await {
            Err(error) => {
                permit.call.fail("test", &error);
                Ended::Failed(sdk_error::fault(&error))
            }
            Ok(output) => {
                let body = output.body.collect().await;
                permit.call.succeed();
                Ended::Done(
                    body.map(|body| body.to_vec().len()).map_err(|error| sdk_error::body_fault(&error)),
                )
            }
        }
    }

    fn may(&self, operation: S3Operation<'_>) -> bool {
        self.gate.would_allow(&operation.into())
    }
}

fn quota(quota: Quota) -> Quotas {
    Quotas { guest: Some(quota), named: BTreeMap::new() }
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_ask_about_what_only_the_host_knows() {
    let with = |condition: &str| {
        world(Aws::new(200, ""), &format!("{ALL}condition.{condition}\n"), Quotas::default())
    };
    for (condition, expected) in [
        ("StringEquals.\"aws:RequestedRegion\" = \"eu-west-1\"", true),
        ("StringEquals.\"aws:RequestedRegion\" = \"us-east-1\"", false),
        ("StringEquals.\"innkeeper:Trigger\" = \"run\"", true),
        ("StringEquals.\"innkeeper:Trigger\" = \"schedule\"", false),
        ("DateGreaterThan.\"aws:CurrentTime\" = \"2024-01-01\"", true),
        ("DateLessThan.\"aws:CurrentTime\" = \"2024-01-01\"", false),
    ] {
        let world = with(condition);
        world.gate.region().await.unwrap();
        let get = S3Operation::GetObject { bucket: &world.bucket, key: &world.key, version: None };
        assert_eq!(world.may(get), expected, "{condition}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deny_on_the_region_holds_for_the_first_call() {
    let deny = "[[deny]]\nactions = [\"*\"]\nresources = [\"*\"]\ncondition.StringEquals.\"aws:RequestedRegion\" = \"eu-*\"\n";
    let world = world(
        Aws::new(200, ""),
        &format!("{ALL}{}", deny.replace("StringEquals", "StringLike")),
        Quotas::default(),
    );
    assert_eq!(world.get().await, Ended::Refused("Denied".to_owned()));
    assert_eq!(world.aws.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_put_is_decided_on_with_its_length() {
    let world = world(
        Aws::new(200, ""),
        &format!("{ALL}condition.NumericLessThanEquals.\"innkeeper:ContentLength\" = 10\n"),
        Quotas::default(),
    );
    let put = |bytes| S3Operation::PutObject {
        bucket: &world.bucket,
        key: &world.key,
        tags: &[],
        stored: StoredAs::default(),
        content_length: Some(bytes),
    };
    assert!(world.may(put(10)) && !world.may(put(11)));
}

#[tokio::test(start_paused = true)]
async fn retries_do_not_multiply_a_rate() {
    let rate = || Some("2/h".parse().unwrap());
    let limited = world(Aws::new(503, ""), ALL, quota(Quota { rate: rate(), ..Quota::default() }));
    assert_eq!(limited.get().await, Ended::Failed(Some(Fault::Quota("rate"))));
    assert_eq!(limited.aws.requests(), 2);
    assert_eq!(limited.audit.calls()[0].attempts, 2);
    assert_eq!(limited.get().await, Ended::Refused("Quota(\"rate\")".to_owned()));
    assert_eq!(limited.aws.requests(), 2);

    let free = world(Aws::new(503, ""), ALL, Quotas::default());
    assert_eq!(free.get().await, Ended::Failed(None));
    assert!(free.aws.requests() > 2, "a quota is what ended the retries");
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_a_quota_is_written_down_as_denied() {
    let world =
        world(Aws::new(200, "hello"), ALL, quota(Quota { calls_per_run: Some(1), ..Quota::default() }));
    assert_eq!(world.get().await, Ended::Done(Ok(5)));
    assert_eq!(world.get().await, Ended::Refused("Quota(\"calls-per-run\")".to_owned()));
    let [denial] = &world.audit.denials()[..] else { panic!("one denial") };
    let Verdict::Deny { reason, suggestion, .. } = &denial.verdict else { panic!("{denial:?}") };
    assert_eq!(&**reason, "the quota `calls-per-run` is used up");
    assert_eq!(&**suggestion, "raise `calls-per-run` of the guest's quotas");
    assert_eq!(world.gate.for_call(Trigger::Run, None).run.usage.used_calls(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_counted_and_cut() {
    let bytes_in = |rate: &str| quota(Quota { bytes_in: Some(rate.parse().unwrap()), ..Quota::default() });
    let enough = world(Aws::new(200, "hello"), ALL, bytes_in("5/h"));
    assert_eq!(enough.get().await, Ended::Done(Ok(5)));
    assert_eq!(enough.get().await, Ended::Refused("Quota(\"bytes-in\")".to_owned()));
    let short = world(Aws::new(200, "hello"), ALL, bytes_in("4/h"));
    assert_eq!(short.get().await, Ended::Done(Err(Fault::Quota("bytes-in"))));
    let small = world(Aws::new(200, "hello"), ALL, quota(Quota { object_size: Some(4), ..Quota::default() }));
    assert_eq!(small.get().await, Ended::Done(Err(Fault::Quota("object-size"))));
}

#[tokio::test(start_paused = true)]
async fn a_call_holds_its_place_until_its_body_is_dropped() {
    let concurrency = std::num::NonZeroU32::new(1);
    let world = world(Aws::new(200, "hello"), ALL, quota(Quota { concurrency, ..Quota::default() }));
    let operation = S3Operation::GetObject { bucket: &world.bucket, key: &world.key, version: None };
    let held = world.gate.s3(operation).await.unwrap();
    assert_eq!(world.get().await, Ended::Refused("Quota(\"concurrency\")".to_owned()));
    drop(held);
    assert_eq!(world.get().await, Ended::Done(Ok(5)));
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_tidied_up_is_bounded_too() {
    let concurrency = quota(Quota { concurrency: std::num::NonZeroU32::new(1), ..Quota::default() });
    let world = world(Aws::new(204, ""), ALL, concurrency);
    let later =
        || world.gate.s3_for_later(S3Operation::AbandonUpload { bucket: &world.bucket, key: &world.key });
    let mut begun = Vec::new();
    for _ in 0..GateLimits::default().in_flight_calls {
        begun.push(later().await.unwrap());
    }
    let refused = later().await.err();
    assert!(matches!(refused, Some(Refusal::Limit("in-flight-calls"))), "{refused:?}");
    // All else goes on, and so does this when one of them is over.
    assert_eq!(world.get().await, Ended::Done(Ok(0)));
    begun.pop().unwrap().call.forget();
    later().await.unwrap().call.forget();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_may_wait_is_sent_later() {
    let rate = Some("1/min".parse().unwrap());
    let quotas = quota(Quota { rate, on_excess: OnExcess::Wait, ..Quota::default() });
    let world = world(Aws::new(200, "hello"), ALL, quotas);
    let start = tokio::time::Instant::now();
    for _ in 0..3 {
        assert_eq!(world.get().await, Ended::Done(Ok(5)));
    }
    assert_eq!(start.elapsed(), Duration::from_mins(2));
}

#[tokio::test(start_paused = true)]
async fn a_quota_of_a_grant_is_on_what_the_grant_allows() {
    let named = [("slow".to_owned(), Quota { calls_per_run: Some(1), ..Quota::default() })].into();
    let statements = "[[allow]]\nactions = [\"s3:GetObject\"]\nresources = [\"*\"]\nquota = \"slow\"\n";
    let world = world(Aws::new(200, "hello"), statements, Quotas { guest: None, named });
    assert_eq!(world.get().await, Ended::Done(Ok(5)));
    assert_eq!(world.get().await, Ended::Refused("Quota(\"calls-per-run\")".to_owned()));
}

#[test]
fn the_host_fills_in_every_key_that_it_promises() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = world(Aws::new(200, ""), ALL, Quotas::default());
    runtime.block_on(world.gate.region()).unwrap();
    let place = AccountRegion::new("eu-west-1", "123456789012".parse().unwrap()).unwrap();
    let operation = Operation::from(SqsOperation::ListQueues { place: &place });
    let mut request = operation.requests().next().unwrap();
    world.gate.add_facts(&mut request, world.gate.now());
    let filled: Vec<_> = request.context.values().into_iter().map(|(key, _)| key).collect();
    for key in CONDITION_KEYS {
        // The tags of an object are looked up where they are asked about, and a list of queues is about no function.
        let is_filled = !matches!(key, ConditionKey::ExistingObjectTag | ConditionKey::FunctionArn);
        assert_eq!(filled.contains(&Cow::Borrowed(key.as_str())), is_filled, "{key}");
    }

    // Of what is about a function, its ARN, and of nothing else.
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:resize";
    let function = arn.parse::<innkeeper_policy::FunctionReference>().unwrap().resolve(&place);
    let facts = |operation: LambdaOperation<'_>| {
        let operation = Operation::from(operation);
        let mut request = operation.requests().next().unwrap();
        world.gate.add_facts(&mut request, world.gate.now());
        let values = request.context.values();
        values.into_iter().find(|(key, _)| key == ConditionKey::FunctionArn.as_str()).map(|(_, value)| value)
    };
    assert_eq!(facts(LambdaOperation::Invoke { function: &function }), Some(arn.to_owned()));
    assert_eq!(facts(LambdaOperation::ListFunctions { place: &place }), None);
    assert!(request.context.current_time.unwrap() <= SystemTime::now());
}

//! Recordings with real guests: what is in the file, that a replay does the same, and what is said where it does not.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::policy::Source;
use innkeeper::{Called, Manifest};
use innkeeper_fake::{FakeAws, Fault};
use innkeeper_testing::recording::{
    Bodies, ChangeKind, Ending, Input, KeptBodies, Player, Recorder, Recording, Start, Times, bodies_folder,
    differences, host_on_recording,
};
use innkeeper_testing::{engine, host_on_with};
use innkeeper_tests::{PROGRAMS, THUMBNAILER, program};
use serde_json::{Value, json};
use tempfile::TempDir;

const EVERYTHING: &str = "[[guest.guest.allow]]\nactions = [\"*\"]\nresources = [\"*\"]\n";

/// A recorded call, in a folder of its own.
struct Recorded {
    folder: TempDir,
    recording: Recording,
}

fn manifest(folder: &Path, text: &str) -> Manifest {
    let folder = Dir::open_ambient_dir(folder, ambient_authority()).unwrap();
    Manifest::parse(Source::new("innkeeper.toml", text.to_owned()), folder).unwrap()
}

fn of(program: &str, rest: &str) -> Manifest {
    let text =
        format!("[aws]\nregion = \"eu-west-1\"\n[guest.guest]\ncomponent = \"{program}.wasm\"\n{rest}");
    manifest(Path::new(PROGRAMS), &text)
}

fn ending(called: Called) -> Ending {
    match called.result {
        Ok(output) => Ending::returned(&output),
        Err(error) => Ending::failed(error.to_string()),
    }
}

/// Calls a guest on a fake, and writes down what happens.
async fn record(aws: &FakeAws, manifest: Manifest, guest: &str, input: &str, bodies: KeptBodies) -> Recorded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.jsonl");
    let kept = match bodies {
        KeptBodies::Kept => Bodies::in_folder(bodies_folder(&path)),
        KeptBodies::None => Bodies::none(),
    };
    let recorder = Recorder::new(guest, kept);
    let host = host_on_with(aws, manifest, |factory| factory.service_http(recorder.before()))
        .unwrap()
        .engine(engine().unwrap())
        .audit(Arc::new(recorder.clone()))
        .exchanges(Arc::new(recorder.clone()))
        .build()
        .unwrap();
    let region = host.factory().region(&host.scope(guest).unwrap()).await.unwrap();
    let began = host.factory().now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let start = Start {
        guest: guest.to_owned(),
        input: Input::new(input.as_bytes()),
        region: Some(region.as_str().to_owned()),
        endpoint: None,
        began: began.as_secs_f64(),
        bodies,
    };
    let called = host.guest(guest).await.unwrap().call(input.as_bytes()).await;
    recorder.finish(start, ending(called)).unwrap().write(&path).unwrap();
    let recording = Recording::read(&path).unwrap();
    Recorded { folder, recording }
}

impl Recorded {
    fn file(&self) -> PathBuf {
        self.folder.path().join("run.jsonl")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    /// Calls the guest with the recorded answers.
    async fn replay(&self, manifest: Manifest, input: &str) -> (Recording, Player) {
        let player = Player::new(&self.recording, Bodies::in_folder(bodies_folder(&self.file())));
        let start = &self.recording.start;
        let recorder = Recorder::new(start.guest.as_str(), Bodies::none());
        let host = host_on_recording(start, &player, &recorder, manifest).unwrap();
        let host = host.engine(engine().unwrap()).build().unwrap();
        let called = host.guest(&start.guest).await.unwrap().call(input.as_bytes()).await;
        (recorder.finish(start.clone(), ending(called)).unwrap(), player)
    }

    /// What a replay does otherwise.
    async fn kinds(&self, manifest: Manifest, input: &str) -> Vec<ChangeKind> {
        let (now, _) = self.replay(manifest, input).await;
        differences(&self.recording, &now, Times::Exact).iter().map(|change| change.kind).collect()
    }

    async fn is_replayed_equal(&self, manifest: Manifest) {
        let input = String::from_utf8(self.recording.start.input.bytes().unwrap()).unwrap();
        let (now, player) = self.replay(manifest, &input).await;
        assert_eq!(player.not_fed(), []);
        assert_eq!(differences(&self.recording, &now, Times::Exact), []);
        assert!(self.recording.exchanges().count() > 0, "something was recorded");
    }

    /// What was called, in order.
    fn functions(&self) -> Vec<&str> {
        self.recording.exchanges().map(|exchange| exchange.function.as_str()).collect()
    }
}

fn aws() -> FakeAws {
    let aws = FakeAws::new();
    aws.s3().create_bucket("uploads").unwrap();
    aws.sqs().create_queue("jobs").unwrap();
    aws
}

fn rounds() -> FakeAws {
    let aws = aws();
    aws.lambda()
        .function("price", |event| async move {
            let order: Value = event.json()?;
            Ok(json!({ "price": order["order"].as_u64().unwrap_or(0) * 10 }))
        })
        .unwrap();
    aws
}

#[tokio::test(start_paused = true)]
async fn three_services_are_replayed_equal() {
    let manifest = || of(program::TESTING_ROUNDS, EVERYTHING);
    let recorded = record(&rounds(), manifest(), "guest", r#"{"rounds": 2}"#, KeptBodies::Kept).await;
    assert_eq!(
        recorded.functions()[..7],
        [
            "s3.bucket.open",
            "sqs.queue.open",
            "lambda.function.open",
            "s3.bucket.put-object",
            "s3.bucket.read-object",
            "sqs.queue.send-message",
            "lambda.function.invoke"
        ]
    );
    let put = recorded.recording.exchanges().nth(3).unwrap();
    assert_eq!(put.on.as_deref(), Some("bucket uploads"));
    assert_eq!(put.arguments["key"], json!("orders/0.json"));
    assert_eq!(put.arguments["body"]["bytes"], json!(11));
    assert!(put.answer["ok"]["etag"].is_string(), "{put:?}");
    recorded.is_replayed_equal(manifest()).await;
    // With its answers in reach, it needs no AWS in which the objects are.
    let (now, _) = recorded.replay(manifest(), r#"{"rounds": 2}"#).await;
    assert_eq!(now.result, recorded.recording.result);
}

#[tokio::test(start_paused = true)]
async fn what_the_guest_does_otherwise_is_told() {
    let manifest = || of(program::TESTING_ROUNDS, EVERYTHING);
    let recorded = record(&rounds(), manifest(), "guest", r#"{"rounds": 2}"#, KeptBodies::Kept).await;
    let fewer = recorded.kinds(manifest(), r#"{"rounds": 1}"#).await;
    assert_eq!(fewer[..4], [ChangeKind::Missing; 4]);
    assert_eq!(fewer[4..], [ChangeKind::OtherResult]);
    let (now, player) = recorded.replay(manifest(), r#"{"rounds": 3}"#).await;
    let more = differences(&recorded.recording, &now, Times::Exact);
    assert_eq!(more[0].kind, ChangeKind::New, "{more:?}");
    assert_eq!(more[0].what, "s3.bucket.put-object on bucket uploads");
    assert_eq!(more[0].now.as_ref().unwrap()["key"], json!("orders/2.json"));
    let not_fed = player.not_fed();
    assert!(not_fed[0].request.starts_with("PUT ") && not_fed[0].why.contains("no answer"), "{not_fed:?}");

    // The policy of now is in force: what it denies is answered otherwise, and never asked of the recording.
    let deny = "[[guest.guest.deny]]\nactions = [\"lambda:*\"]\nresources = [\"*\"]\n";
    let stricter = of(program::TESTING_ROUNDS, &format!("{EVERYTHING}{deny}"));
    let (now, player) = recorded.replay(stricter, r#"{"rounds": 2}"#).await;
    let denied = differences(&recorded.recording, &now, Times::Exact);
    assert_eq!(denied[0].kind, ChangeKind::OtherAnswer);
    assert_eq!(denied[0].now, Some(json!({ "err": "access-denied" })));
    assert_eq!(player.not_fed(), []);
}

#[tokio::test(start_paused = true)]
async fn neither_secrets_nor_bodies_are_in_the_file() {
    let role = "role-arn = \"arn:aws:iam::000000000000:role/guest\"\n";
    let manifest = of(program::SQS_DRAIN, &format!("{role}{EVERYTHING}"));
    let aws = aws();
    aws.sqs().send("jobs", "what the message says").unwrap();
    let recorded = record(&aws, manifest, "guest", r#"{"queue": "jobs"}"#, KeptBodies::Kept).await;
    let signed = of(program::S3_PRESIGN_GET_OBJECT, EVERYTHING);
    let input = r#"{"bucket": "uploads", "key": "a.txt"}"#;
    let presigned = record(&aws, signed, "guest", input, KeptBodies::Kept).await;
    for text in [recorded.text(), presigned.text()] {
        for secret in [
            "what the message says",
            "the fake AWS takes any key",
            "AssumeRole",
            "SessionToken",
            "SecretAccessKey",
            "AKIA",
            "ASIA",
            "authorization",
            "AWS4-HMAC-SHA256",
            "X-Amz-Signature",
            "x-amz-security-token",
            "request-id",
        ] {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "`{secret}` is in\n{text}");
        }
        let handles: Vec<&str> = text.split("\"ReceiptHandle\":").skip(1).collect();
        assert!(handles.iter().all(|handle| handle.starts_with("\"receipt-")), "{text}");
    }
    assert!(recorded.text().contains("\"ReceiptHandle\":\"receipt-1\""), "{}", recorded.text());
    assert!(presigned.functions().contains(&"s3.bucket.presign-get-object"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let bodies = bodies_folder(&recorded.file());
        for path in [recorded.file(), bodies.clone()]
            .into_iter()
            .chain(std::fs::read_dir(&bodies).unwrap().map(|entry| entry.unwrap().path()))
        {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is nobody else's", path.display());
        }
    }
}

type Noted = Arc<Mutex<Vec<String>>>;

/// Notes what passes.
#[derive(Clone, Debug)]
struct Noting {
    noted: Noted,
    inner: SharedHttpClient,
}

impl HttpClient for Noting {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let (noted, inner) = (Arc::clone(&self.noted), self.inner.http_connector(settings, components));
        SharedHttpConnector::new(NotingConnector { noted, inner })
    }
}

#[derive(Debug)]
struct NotingConnector {
    noted: Noted,
    inner: SharedHttpConnector,
}

impl HttpConnector for NotingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        self.noted.lock().unwrap().push(format!("{} {body}", request.uri()));
        self.inner.call(request)
    }
}

#[tokio::test(start_paused = true)]
async fn loads_of_credentials_do_not_pass_where_a_recorder_looks_on() {
    let aws = aws();
    let role = "role-arn = \"arn:aws:iam::000000000000:role/guest\"\n";
    let manifest = of(program::S3_HEAD_OBJECT, &format!("{role}{EVERYTHING}"));
    aws.s3().put("uploads", "a.txt", "hello").unwrap();
    let (noted, guests) = (Noted::default(), Noted::default());
    let (notes, names) = (Arc::clone(&noted), Arc::clone(&guests));
    let host = host_on_with(&aws, manifest, |factory| {
        factory.service_http(move |service, guest, inner| {
            names.lock().unwrap().push(format!("{service} {guest:?}"));
            SharedHttpClient::new(Noting { noted: Arc::clone(&notes), inner })
        })
    });
    let host = host.unwrap().engine(engine().unwrap()).build().unwrap();
    let input = br#"{"bucket": "uploads", "key": "a.txt"}"#;
    host.guest("guest").await.unwrap().run(input).await.unwrap();
    let noted = noted.lock().unwrap().clone();
    assert_eq!(noted, ["https://uploads.s3.eu-west-1.amazonaws.com/a.txt "]);
    assert_eq!(*guests.lock().unwrap(), ["s3 Some(\"guest\")"]);
    // There was one: the role was assumed.
    let calls = aws.calls();
    assert!(calls.iter().any(|call| call.operation == "AssumeRole"), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn messages_handles_and_pages_are_replayed_equal() {
    let aws = aws();
    for number in 0..12 {
        aws.sqs().send("jobs", format!("message \"{number}\"")).unwrap();
        aws.s3().put("uploads", format!("{number}.txt"), "x").unwrap();
    }
    for (program, input) in [
        (program::SQS_DRAIN, json!({ "queue": "jobs", "max-messages": 10 })),
        (program::S3_LIST_OBJECTS, json!({ "bucket": "uploads", "page-size": 5 })),
    ] {
        let recorded =
            record(&aws, of(program, EVERYTHING), "guest", &input.to_string(), KeptBodies::Kept).await;
        // Tokens are no more secret in a replay than numbers are.
        assert!(!recorded.text().contains("continuation-token=") || recorded.text().contains("=token-1"));
        recorded.is_replayed_equal(of(program, EVERYTHING)).await;
    }
    // A URL that is signed with another key is another, and the guest returns it.
    let manifest = || of(program::S3_PRESIGN_GET_OBJECT, EVERYTHING);
    let input = r#"{"bucket": "uploads", "key": "1.txt"}"#;
    let recorded = record(&aws, manifest(), "guest", input, KeptBodies::Kept).await;
    assert_eq!(recorded.kinds(manifest(), input).await, [ChangeKind::OtherResult]);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_answers_in_pieces_is_replayed_equal() {
    let manifest = || of(program::LAMBDA_INVOKE_WITH_RESPONSE_STREAM, EVERYTHING);
    let input = json!({ "function": "price", "payload": "{\"order\": 4}" }).to_string();
    let recorded = record(&rounds(), manifest(), "guest", &input, KeptBodies::Kept).await;
    let invoked = recorded.recording.exchanges().last().unwrap();
    assert_eq!(invoked.function, "lambda.function.invoke-with-response-stream");
    assert!(invoked.body.as_ref().is_some_and(|body| body.whole && body.bytes == 12), "{invoked:?}");
    recorded.is_replayed_equal(manifest()).await;
}

#[tokio::test(start_paused = true)]
async fn bodies_that_stream_have_digests_and_are_replayed_equal() {
    let aws = aws();
    let large = vec![7_u8; 12 << 20];
    aws.s3().put("uploads", "large", large.clone()).unwrap();
    let whole = json!({ "bucket": "uploads", "key": "large", "digest": true });
    let part = json!({ "bucket": "uploads", "key": "large", "stop-after": 1000, "digest": true });
    for (input, is_whole) in [(whole, true), (part, false)] {
        let roomy = format!("limits.memory = \"256MiB\"\n{EVERYTHING}");
        let manifest = || of(program::S3_GET_OBJECT, &roomy);
        let recorded = record(&aws, manifest(), "guest", &input.to_string(), KeptBodies::Kept).await;
        let get = recorded.recording.exchanges().last().unwrap();
        let body = get.body.as_ref().unwrap();
        assert_eq!((body.whole, body.bytes == 12 << 20), (is_whole, is_whole), "{body:?}");
        recorded.is_replayed_equal(manifest()).await;
    }
    let input = json!({ "bucket": "uploads", "key": "up", "bytes": 12 << 20 }).to_string();
    let manifest = || of(program::S3_UPLOAD_OBJECT, EVERYTHING);
    let recorded = record(&aws, manifest(), "guest", &input, KeptBodies::Kept).await;
    let written = recorded.recording.exchanges().find(|exchange| exchange.function == "s3.upload.body");
    assert_eq!(written.unwrap().body.as_ref().unwrap().bytes, 12 << 20);
    recorded.is_replayed_equal(manifest()).await;
}

#[tokio::test(start_paused = true)]
async fn without_bodies_a_replay_says_what_it_cannot_feed() {
    let aws = aws();
    aws.s3().put("uploads", "a.txt", "hello").unwrap();
    let manifest = || of(program::S3_READ_OBJECT, EVERYTHING);
    let input = r#"{"bucket": "uploads", "key": "a.txt"}"#;
    let recorded = record(&aws, manifest(), "guest", input, KeptBodies::None).await;
    assert!(!bodies_folder(&recorded.file()).exists());
    let (now, player) = recorded.replay(manifest(), input).await;
    assert!(player.not_fed()[0].why.contains("the body of the recorded answer is not there"));
    assert_eq!(differences(&recorded.recording, &now, Times::Exact)[0].kind, ChangeKind::OtherAnswer);
    // A guest that reads none is not in need of any.
    let head = || of(program::S3_HEAD_OBJECT, EVERYTHING);
    record(&aws, head(), "guest", input, KeptBodies::None).await.is_replayed_equal(head()).await;
}

#[tokio::test(start_paused = true)]
async fn what_went_wrong_goes_wrong_again() {
    let aws = aws();
    aws.s3().put("uploads", "a.txt", "hello").unwrap();
    let manifest = || of(program::S3_READ_OBJECT, EVERYTHING);
    for (fault, key) in [
        (Some(Fault::error("SlowDown").on("GetObject").times(2)), "a.txt"),
        (Some(Fault::error("AccessDenied").on("GetObject").times(1)), "a.txt"),
        (Some(Fault::delay(Duration::from_hours(1)).on("GetObject").times(1)), "a.txt"),
        (None, "missing"),
    ] {
        aws.faults().clear();
        fault.into_iter().for_each(|fault| aws.faults().push(fault));
        let input = json!({ "bucket": "uploads", "key": key }).to_string();
        let recorded = record(&aws, manifest(), "guest", &input, KeptBodies::Kept).await;
        recorded.is_replayed_equal(manifest()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_thumbnailer_is_replayed_equal() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/rust/thumbnailer");
    let text = std::fs::read_to_string(example.join("innkeeper.toml")).unwrap();
    let folder = Path::new(THUMBNAILER).parent().unwrap();
    let aws = FakeAws::new();
    aws.seed(example.join("aws")).unwrap();
    let input = r#"{"bucket": "uploads", "prefix": "incoming/"}"#;
    let recorded = record(&aws, manifest(folder, &text), "thumbnailer", input, KeptBodies::Kept).await;
    recorded.is_replayed_equal(manifest(folder, &text)).await;
}

//! One suite for every S3 there is: each program of `tests/programs` named `s3_*` has a case in `cases.rs`, under its name, that knows
//! no more of S3 than its clients see. It runs on the built-in fake, on moto_server, and on whatever listens at
//! `INNKEEPER_TEST_ENDPOINT`, an S3 that takes any credentials.
//!
//! What only the fake can do (faults, calls counted, time that stands still) is in the suites beside this one.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod cases;
mod stage;

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use innkeeper_conformance::moto::Moto;

use self::stage::Stage;

/// What moto 5.2.5 does otherwise than S3, by the case that fails of it, in their order.
const MOTO_DIFFERS: [(&str, &str); 3] = [
    ("s3_copy_object", "`x-amz-copy-source-if-match` is ignored: the copy is made of any source"),
    ("s3_list_buckets", "a page is cut at `max-buckets`, but has no token to go on with"),
    ("s3_list_uploads", "`max-uploads` is ignored: all are on one page"),
];

/// Where the suite is to run beside the fake and moto.
const ENDPOINT: &str = "INNKEEPER_TEST_ENDPOINT";

type Case = for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, ()>;

/// Runs every case, and says which have failed. What has panicked has said why.
async fn failed_at(url: Option<&str>) -> Vec<&'static str> {
    let mut cases: Vec<(&str, Case)> = Vec::new();
    macro_rules! case {
        ($name:ident) => {
            cases.push((stringify!($name), |stage| cases::$name(stage).boxed_local()));
        };
    }
    // A program without a case of its name does not compile.
    innkeeper_tests::foreach_s3!(case);
    innkeeper_tests::foreach_s3_buckets!(case);
    innkeeper_tests::foreach_s3_listings!(case);
    innkeeper_tests::foreach_s3_presign!(case);
    innkeeper_tests::foreach_s3_transfers!(case);

    let mut failed = Vec::new();
    for (name, case) in cases {
        let stage = Stage::new(name, url).await;
        if AssertUnwindSafe(case(&stage)).catch_unwind().await.is_err() {
            failed.push(name);
        }
        stage.clear().await;
    }
    failed
}

#[tokio::test(start_paused = true)]
async fn the_suite_on_the_built_in_fake() {
    assert_eq!(failed_at(None).await, [""; 0]);
}

#[tokio::test]
async fn the_suite_on_moto_server() {
    let Some(moto) = Moto::start() else { return };
    let failed = failed_at(Some(moto.url())).await;
    // One that has been mended has to go from the list, too.
    let known = MOTO_DIFFERS.map(|(case, _)| case);
    assert_eq!(failed, known, "what moto does otherwise than S3 is listed: {MOTO_DIFFERS:#?}");
}

#[tokio::test]
async fn the_suite_on_the_endpoint_of_the_environment() {
    let Ok(url) = std::env::var(ENDPOINT) else {
        eprintln!("left out: {ENDPOINT} is not set");
        return;
    };
    assert_eq!(failed_at(Some(&url)).await, [""; 0]);
}

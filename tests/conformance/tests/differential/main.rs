//! The same random traces of operations on the fake and on moto_server, through the AWS SDK over loopback: the answers have to be the
//! same, but for what is listed in `known/differential.toml` with a reason.
//!
//! The default is the same few traces at every run, so that nobody's change fails for what it did not touch. Others, and as many as
//! wanted, come with `INNKEEPER_DIFFERENTIAL_TRACES=1000`. A trace that fails is made as short as it can be, and its seed is written to
//! `regressions/SERVICE.txt`, from where it is tried first at every later run.
//!
//! `cargo test --test differential -- --ignored --nocapture` lists every difference of many traces, with how often it was seen.

#![cfg(test)]

mod compare;
mod known;
mod lambda;
mod layers;
mod names;
mod s3;
mod side;
mod sqs;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::vec;
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree as _};
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestError, TestRunner};
use serde_json::Value;

use self::compare::{Difference, differences};
use self::known::Known;
use self::names::Names;
use self::side::{Pair, Side};

/// How many traces other than the default.
const TRACES: &str = "INNKEEPER_DIFFERENTIAL_TRACES";
const DEFAULT_TRACES: u32 = 64;
const SURVEYED_TRACES: usize = 300;
/// The longest trace.
const OPERATIONS: usize = 40;
/// What the default traces come of.
const SEED: u64 = 1;

/// Something that a client asks of a service.
trait Operation: Clone + Debug {
    /// As AWS spells it.
    fn name(&self) -> &'static str;

    /// Asks it of one of the two, and gives its answer as it can be compared.
    async fn run(&self, side: &Side, names: &mut Names) -> Value;
}

/// Runs a trace on both: what differs, and is not known, with its operation.
async fn unknown<O: Operation>(pair: &Pair, known: &Known, trace: &[O]) -> Vec<(O, Vec<Difference>)> {
    let mut unknown = Vec::new();
    pair.reset();
    let [mut of_fake, mut of_moto] = [Names::default(), Names::default()];
    for operation in trace {
        let (fake, moto) =
            tokio::join!(operation.run(&pair.fake, &mut of_fake), operation.run(&pair.moto, &mut of_moto));
        let found = differences(operation.name(), &fake, &moto);
        let apart = found.iter().any(|difference| known.ends(difference));
        let found: Vec<_> = found.into_iter().filter(|difference| !known.has(difference)).collect();
        // From where the two hold different things their answers differ for that reason alone.
        let apart = apart || found.iter().any(Difference::is_of_outcome);
        if !found.is_empty() {
            unknown.push((operation.clone(), found));
        }
        if apart {
            break;
        }
    }
    unknown
}

/// Traces that begin with what makes the things that most of their operations are about.
fn traces<O: Operation + 'static>(
    first: Vec<O>,
    operation: impl Strategy<Value = O> + 'static,
) -> BoxedStrategy<Vec<O>> {
    vec(operation, 1..=OPERATIONS).prop_map(move |rest| first.iter().cloned().chain(rest).collect()).boxed()
}

fn check<O: Operation>(service: &'static str, regressions: &'static str, traces: &BoxedStrategy<Vec<O>>) {
    let Some(pair) = Pair::start() else { return };
    let known = Known::read();
    let count = std::env::var(TRACES).ok().map(|text| text.parse().expect("a number of traces"));
    let config = Config {
        cases: count.unwrap_or(DEFAULT_TRACES),
        rng_seed: count.map_or(RngSeed::Fixed(SEED), |_| RngSeed::Random),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let ran = runner.run(traces, |trace| {
        let unknown = pair.block_on(unknown(&pair, &known, &trace));
        let found: Vec<_> =
            unknown.iter().flat_map(|(_, differences)| differences).map(ToString::to_string).collect();
        if found.is_empty() { Ok(()) } else { Err(TestCaseError::fail(found.join("\n"))) }
    });
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(found, trace)) => {
            let trace: String = trace.iter().map(|operation| format!("\n    {operation:?}")).collect();
            panic!(
                "{service}: not listed in {}: {found}\nThe seed is in {regressions}. The trace:{trace}",
                known::FILE
            );
        }
        Err(TestError::Abort(why)) => panic!("{service}: {why}"),
    }
}

fn survey<O: Operation>(traces: &BoxedStrategy<Vec<O>>) {
    let Some(pair) = Pair::start() else { return };
    let known = Known::read();
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(SEED + 1), ..Config::default() });
    let found: RefCell<BTreeMap<String, (usize, String)>> = RefCell::default();
    for _ in 0..SURVEYED_TRACES {
        let trace = traces.new_tree(&mut runner).unwrap().current();
        for (operation, differences) in pair.block_on(unknown(&pair, &known, &trace)) {
            for difference in differences {
                let mut found = found.borrow_mut();
                let count =
                    found.entry(difference.to_string()).or_insert_with(|| (0, format!("{operation:?}")));
                count.0 += 1;
            }
        }
    }
    for (difference, (count, operation)) in found.into_inner() {
        println!("{count:>5} {difference}\n      {operation}");
    }
    println!("never seen: {:#?}", known.unseen());
}

macro_rules! service {
    ($name:ident) => {
        #[test]
        fn $name() {
            let regressions = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions/", stringify!($name), ".txt");
            check(stringify!($name), regressions, &traces(self::$name::first(), self::$name::operation()));
        }
    };
}

service!(s3);
service!(sqs);
service!(lambda);

#[test]
#[ignore = "lists differences, for whoever looks for them"]
fn survey_s3() {
    survey(&traces(s3::first(), s3::operation()));
}

#[test]
#[ignore = "lists differences, for whoever looks for them"]
fn survey_sqs() {
    survey(&traces(sqs::first(), sqs::operation()));
}

#[test]
#[ignore = "lists differences, for whoever looks for them"]
fn survey_lambda() {
    survey(&traces(lambda::first(), lambda::operation()));
}

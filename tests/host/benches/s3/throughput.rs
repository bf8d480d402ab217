//! Small objects and large ones, on the built-in fake in this process, and on the same fake over HTTP in another.
//!
//! The turns are measured by the clock, and by what this process computed, which other processes hardly change. In the first case the
//! fake's work is in it, the same on both sides. For a profiler, `ONLY=put` in the environment leaves the other operations out, and
//! `SIDE=guest` and `SIDE=bare` the other side.

use std::time::Duration;

use aws_sdk_s3::Client;
use bytes::Bytes;
use innkeeper::Guest;
use innkeeper_fake::FakeAws;

use crate::process::Server;
use crate::side::{BUCKET, MIB, cpu_time, guest, host, load, median, rate, runtime, spread, time};
use crate::{Scale, client};

/// What is measured: the operation of the guest, the length of the object, how often in a turn, and how many turns.
const FULL: [(&str, u64, u64, usize); 5] = [
    ("read", 1_024, 1_000, 15),
    ("put", 1_024, 1_000, 15),
    // Often enough that the guest's own memory, which grows once in a call, does not count.
    ("get", 64 * MIB, 8, 7),
    ("put", 64 * MIB, 8, 5),
    ("upload", 64 * MIB, 8, 5),
];

pub(crate) fn measure(scale: Scale) {
    runtime().block_on(async {
        let host = host();
        host.aws().s3().create_bucket(BUCKET).unwrap();
        let (bare, through) = (client::of(host.aws()), guest(&host).await);
        println!("the built-in fake, in this process:");
        compare(scale, &bare, &through, Some(host.aws())).await;

        let server = Server::start("fake");
        let host = host.at(server.url());
        let (bare, through) = (client::at(server.url()), guest(&host).await);
        println!("the same fake over HTTP, in another process:");
        compare(scale, &bare, &through, None).await;
    });
}

/// What a turn took: by the clock, and of this process's computing.
struct Turn {
    clock: Duration,
    cpu: Duration,
}

async fn turn(work: impl Future) -> Turn {
    let before = cpu_time();
    let clock = time(work).await;
    Turn { clock, cpu: cpu_time().saturating_sub(before) }
}

async fn compare(scale: Scale, bare: &Client, guest: &Guest, fake: Option<&FakeAws>) {
    let [only, side] = ["ONLY", "SIDE"].map(|name| std::env::var(name).ok());
    for (operation, bytes, times, turns) in FULL {
        if only.as_ref().is_some_and(|only| only != operation) {
            continue;
        }
        let (times, turns) = if scale == Scale::Full { (times, turns) } else { (1, 1) };
        let body = Bytes::from(vec![b'x'; usize::try_from(bytes).unwrap()]);
        client::put(bare, "object", body.clone()).await;
        let (mut through, mut alone) = (Vec::new(), Vec::new());
        // The first turn of each warms up.
        for number in 0..=turns {
            let of_side = |name| if side.as_ref().is_none_or(|side| side == name) { times } else { 0 };
            let guest_took = turn(load(guest, operation, "object", of_side("guest"), bytes)).await;
            let bare_took = turn(async {
                for _ in 0..of_side("bare") {
                    match operation {
                        "read" => assert_eq!(client::read(bare, "object").await, bytes),
                        "get" => assert_eq!(client::get(bare, "object").await, bytes),
                        _ => client::put(bare, "object", body.clone()).await,
                    }
                }
            })
            .await;
            // The log of the calls is the fake's, and would grow and grow.
            if let Some(fake) = fake {
                fake.clear_calls();
            }
            if number > 0 {
                through.push(guest_took);
                alone.push(bare_took);
            }
        }
        report(operation, bytes, times, &through, &alone);
    }
}

fn report(operation: &str, bytes: u64, times: u64, through: &[Turn], alone: &[Turn]) {
    let clock = |turns: &[Turn]| turns.iter().map(|turn| turn.clock).collect::<Vec<_>>();
    let cpu = |turns: &[Turn]| median(turns.iter().map(|turn| turn.cpu).collect()).as_secs_f64();
    let noise = spread(&clock(through)).max(spread(&clock(alone))) * 100.0;
    let computing = cpu(alone) / cpu(through);
    let (through, alone) = (median(clock(through)), median(clock(alone)));
    let figure = |time: Duration| {
        if bytes < MIB {
            format!("{:>7.0} a second", times as f64 / time.as_secs_f64())
        } else {
            format!("{:>7.0} MB/s", rate(bytes * times, time))
        }
    };
    println!(
        "  {operation:<7} {:>6} KiB   guest {}   bare SDK {}   ratio {:.2}   of computing {computing:.2}   spread {noise:.0}%",
        bytes / 1_024,
        figure(through),
        figure(alone),
        alone.as_secs_f64() / through.as_secs_f64(),
    );
}

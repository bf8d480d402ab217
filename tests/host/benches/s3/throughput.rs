//! Small objects and large ones, on the built-in fake in this process, and on the same fake over HTTP in another.

use aws_sdk_s3::Client;
use bytes::Bytes;
use innkeeper::Guest;
use innkeeper_fake::FakeAws;

use crate::server::Server;
use crate::side::{BUCKET, MIB, guest, host, load, median, rate, runtime, spread, time};
use crate::{Scale, client};

/// What is measured: the operation of the guest, the length of the object, how often in a turn, and how many turns.
const FULL: [(&str, u64, u64, usize); 5] = [
    ("read", 1_024, 1_000, 15),
    ("put", 1_024, 1_000, 15),
    ("get", 64 * MIB, 2, 7),
    ("put", 64 * MIB, 2, 7),
    ("upload", 64 * MIB, 2, 7),
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

async fn compare(scale: Scale, bare: &Client, guest: &Guest, fake: Option<&FakeAws>) {
    for (operation, bytes, times, turns) in FULL {
        let (times, turns) = if scale == Scale::Full { (times, turns) } else { (1, 1) };
        let body = Bytes::from(vec![b'x'; usize::try_from(bytes).unwrap()]);
        client::put(bare, "object", body.clone()).await;
        let (mut through, mut alone) = (Vec::new(), Vec::new());
        // The first turn of each warms up.
        for turn in 0..=turns {
            let guest_took = time(load(guest, operation, "object", times, bytes)).await;
            let bare_took = time(async {
                for _ in 0..times {
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
            if turn > 0 || scale == Scale::Short {
                through.push(guest_took);
                alone.push(bare_took);
            }
        }
        report(operation, bytes, times, through, alone);
    }
}

fn report(
    operation: &str,
    bytes: u64,
    times: u64,
    through: Vec<std::time::Duration>,
    alone: Vec<std::time::Duration>,
) {
    let noise = spread(&through).max(spread(&alone)) * 100.0;
    let (through, alone) = (median(through), median(alone));
    let figure = |time: std::time::Duration| {
        if bytes < MIB {
            format!("{:>7.0} a second", times as f64 / time.as_secs_f64())
        } else {
            format!("{:>7.0} MB/s", rate(bytes * times, time))
        }
    };
    println!(
        "  {operation:<7} {:>6} KiB   guest {}   bare SDK {}   ratio {:.2}   spread {noise:.0}%",
        bytes / 1_024,
        figure(through),
        figure(alone),
        alone.as_secs_f64() / through.as_secs_f64()
    );
}

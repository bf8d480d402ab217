//! A listing of a million keys, page by page.

use crate::Scale;
use crate::process::Server;
use crate::side::{MIB, forget_peak, guest, host, load, resident, runtime, time};

pub(crate) fn measure(scale: Scale) {
    let lengths: &[u64] =
        if scale == Scale::Full { &[125_000, 250_000, 500_000, 1_000_000] } else { &[2_000] };
    runtime().block_on(async {
        let server = Server::start("uncapped");
        let guest = guest(&host().at(server.url())).await;
        load(&guest, "list", "keys-10000/", 1, 0).await;
        let (idle, _) = resident();
        println!("a listing, at rest {} MiB:", idle / MIB);
        for &keys in lengths {
            forget_peak();
            let prefix = format!("keys-{keys}/");
            let took = time(async { assert_eq!(load(&guest, "list", &prefix, 1, 0).await, keys) }).await;
            let (_, peak) = resident();
            println!(
                "  {keys:>7} keys   {:>6.2} s   {:.2} µs a key   at most {} MiB more than at rest",
                took.as_secs_f64(),
                took.as_secs_f64() * 1e6 / keys as f64,
                peak.saturating_sub(idle) / MIB
            );
        }
    });
}

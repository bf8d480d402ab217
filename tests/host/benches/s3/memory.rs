//! The memory of the process while more comes and goes than it could hold.

use crate::process::Server;
use crate::side::{MIB, forget_peak, guest, host, load, rate, resident, runtime, time};
use crate::{Scale, client};

pub(crate) fn measure_get(scale: Scale) {
    measure(scale, "get");
}

pub(crate) fn measure_upload(scale: Scale) {
    measure(scale, "upload");
}

fn measure(scale: Scale, operation: &str) {
    let bytes = if scale == Scale::Full { 10 * 1024 * MIB } else { 16 * MIB };
    runtime().block_on(async {
        let server = Server::start("uncapped");
        let guest = guest(&host().at(server.url())).await;
        let key = |bytes: u64| if operation == "get" { format!("bytes-{bytes}") } else { "up".to_owned() };
        // What is there once, such as compiled code and connections, is there at rest too.
        assert_eq!(load(&guest, operation, &key(1_000), 1, 1_000).await, 1_000);
        let (idle, _) = resident();
        forget_peak();
        let took =
            time(async { assert_eq!(load(&guest, operation, &key(bytes), 1, bytes).await, bytes) }).await;
        let (_, peak) = resident();
        assert_eq!(client::size(&client::at(server.url()), &key(bytes)).await, bytes);
        println!(
            "{operation} of {} MiB: at rest {} MiB, at most {} MiB, {} MiB more; {:.0} MB/s",
            bytes / MIB,
            idle / MIB,
            peak / MIB,
            peak.saturating_sub(idle) / MIB,
            rate(bytes, took)
        );
    });
}

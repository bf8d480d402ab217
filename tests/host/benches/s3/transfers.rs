//! One large object from and to a server that caps each connection.

use crate::process::Server;
use crate::side::{MIB, guest, host, load, median, rate, runtime, spread, time};
use crate::{Scale, client};

pub(crate) fn measure(scale: Scale) {
    let (bytes, turns) = if scale == Scale::Full { (1024 * MIB, 3) } else { (16 * MIB, 1) };
    runtime().block_on(async {
        let server = Server::start("capped");
        let bare = client::at(server.url());
        let guest = guest(&host().at(server.url())).await;
        let key = format!("bytes-{bytes}");
        let (mut get, mut bare_get, mut upload, mut put) = (vec![], vec![], vec![], vec![]);
        for _ in 0..turns {
            bare_get.push(time(async { assert_eq!(client::get(&bare, &key).await, bytes) }).await);
            get.push(time(async { assert_eq!(load(&guest, "get", &key, 1, 0).await, bytes) }).await);
            put.push(time(client::put_stream(&bare, "put", bytes)).await);
            upload.push(time(load(&guest, "upload", "upload", 1, bytes)).await);
            assert_eq!(client::size(&bare, "put").await, bytes);
            assert_eq!(client::size(&bare, "upload").await, bytes);
        }
        println!(
            "{} MiB, 80 MB/s for each connection, limits by default, median of {turns} turns:",
            bytes / MIB
        );
        for (what, guest, bare) in [("get", get, bare_get), ("upload", upload, put)] {
            let noise = spread(&guest).max(spread(&bare)) * 100.0;
            let (guest, bare) = (rate(bytes, median(guest)), rate(bytes, median(bare)));
            println!(
                "  {what:<7} guest {guest:>6.0} MB/s   bare SDK, one connection {bare:>6.0} MB/s   ratio {:>5.2}   spread {noise:.0}%",
                guest / bare
            );
        }
    });
}

//! Ends a test that no longer gives up the thread: nothing inside of its runtime can.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Far beyond any attack here, on any machine.
const PATIENCE: Duration = Duration::from_mins(5);

/// Ends the process unless it is dropped in time.
pub(crate) struct HangGuard {
    _alive: Sender<()>,
}

impl HangGuard {
    pub(crate) fn new() -> Self {
        let (alive, dropped) = channel();
        std::thread::spawn(move || wait(&dropped));
        Self { _alive: alive }
    }
}

fn wait(dropped: &Receiver<()>) {
    if dropped.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        eprintln!("an attack has held the host for {PATIENCE:?}");
        std::process::abort();
    }
}

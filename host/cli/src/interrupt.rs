//! Ctrl-C: the first ends the call, the second the process.

use std::future::Future;

use tokio::sync::watch;

use crate::exit::Exit;
use crate::failure::Failure;

/// Notices Ctrl-C from its making on.
pub(crate) struct Interrupt {
    pressed: watch::Receiver<bool>,
}

impl Interrupt {
    /// Takes Ctrl-C over from the system's default, which ends the process without a word.
    pub(crate) fn listen() -> Self {
        let (sender, pressed) = watch::channel(false);
        tokio::spawn(async move {
            // Where the signal cannot be listened for, the system's default stays.
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            let _ = sender.send(true);
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        });
        Self { pressed }
    }

    /// Awaits a future, or drops it when Ctrl-C comes first.
    pub(crate) async fn or<F: Future>(&self, future: F) -> Result<F::Output, Failure> {
        let mut pressed = self.pressed.clone();
        let interrupted = async move {
            if pressed.wait_for(|pressed| *pressed).await.is_err() {
                // Nobody listens any more, so nothing can come.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            biased;
            () = interrupted => Err(Failure::interrupted()),
            output = future => Ok(output),
        }
    }
}

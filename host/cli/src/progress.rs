//! What is shown while one waits: a spinner on a terminal, a line elsewhere, and nothing where it is quick.

use std::future::Future;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Quicker than this, and nobody waited.
const PATIENCE: Duration = Duration::from_millis(300);

/// A line of a log is only worth it for a longer time.
const PATIENCE_WITHOUT_TERMINAL: Duration = Duration::from_secs(1);

/// Whether anything is said where there is no terminal to show a spinner on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutTerminal {
    /// One line.
    Line,
    /// Nothing.
    Silence,
}

/// Awaits a future, and says `what` is going on if it takes its time.
pub(crate) async fn while_waiting<F: Future>(what: &str, without: WithoutTerminal, future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let terminal = std::io::stderr().is_terminal();
    let patience = if terminal { PATIENCE } else { PATIENCE_WITHOUT_TERMINAL };
    if let Ok(output) = tokio::time::timeout(patience, &mut future).await {
        return output;
    }
    if !terminal {
        if without == WithoutTerminal::Line {
            let _ = writeln!(std::io::stderr(), "{what} ...");
        }
        return future.await;
    }
    let _spinner = Spinner::start(what);
    future.await
}

/// A spinner, taken away when it is dropped.
struct Spinner(ProgressBar);

impl Spinner {
    fn start(what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

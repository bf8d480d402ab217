//! Runs cases at the same time, each on a thread of its own.

use std::io::IsTerminal as _;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use innkeeper::Engine;

use super::Snapshots;
use super::case::{Case, Ran, Verdict};
use super::file::TestFile;
use super::report::CaseReport;
use super::snapshot::{self, Claim};
use crate::text::visible;

/// Runs all cases, and gives what each came to, in their order.
pub(super) fn run(
    cases: &[(&TestFile, &Case)],
    engine: &Engine,
    snapshots: Snapshots,
    jobs: Option<usize>,
) -> Vec<CaseReport> {
    let processors = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = jobs.unwrap_or_else(processors).clamp(1, cases.len().max(1));
    let progress = Progress::start(cases.len());
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, CaseReport, Vec<Claim>)>> = Mutex::default();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, case)) = cases.get(number) else { return };
            let started = Instant::now();
            let Ran { verdict, claims } = case.run(file, engine, snapshots);
            progress.step(&case.name, &verdict);
            let report = CaseReport {
                file: file.path.display().to_string(),
                location: case.location.clone(),
                name: case.name.clone(),
                verdict,
                accepted: Vec::new(),
                elapsed: started.elapsed(),
            };
            done.lock().unwrap_or_else(PoisonError::into_inner).push((number, report, claims));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(work);
        }
        // This thread is one of them.
        work();
    });
    progress.finish();
    let mut reports = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    reports.sort_by_key(|(number, ..)| *number);
    snapshot::accept(cases, reports.into_iter().map(|(_, report, claims)| (report, claims)))
}

/// A bar on a terminal; elsewhere nothing.
struct Progress(Option<ProgressBar>);

impl Progress {
    fn start(total: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    fn step(&self, name: &str, verdict: &Verdict) {
        let Some(bar) = &self.0 else { return };
        bar.inc(1);
        let failed = if matches!(verdict, Verdict::Passed) { "" } else { "FAILED " };
        bar.set_message(format!("{failed}{}", visible(name)));
    }

    fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}

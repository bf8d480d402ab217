//! Running a program, with its lines as they come and a limit on its time.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;

/// How many of the last lines on stderr are kept for an error message.
const KEPT_LINES: usize = 200;

/// A line that a program wrote, without its end.
pub(crate) enum Line {
    Stdout(String),
    Stderr(String),
}

/// How a program ended.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    /// The last lines on stderr.
    pub(crate) details: String,
}

/// Why there is no [`Outcome`].
#[derive(Debug)]
pub(crate) enum RunError {
    Start(io::Error),
    /// It ran longer than this and was killed.
    TimedOut(Duration),
}

impl RunError {
    /// The error for a program that has to run.
    pub(crate) fn of(self, program: &Path) -> Error {
        let source = match self {
            Self::Start(source) => source,
            Self::TimedOut(_) => io::ErrorKind::TimedOut.into(),
        };
        Error::Program { program: program.display().to_string(), source }
    }
}

/// Runs a program to its end, without input. `on_line` gets each line of its stdout and stderr.
pub(crate) fn run(
    command: &mut Command,
    limit: Option<Duration>,
    on_line: &mut dyn FnMut(&Line),
) -> Result<Outcome, RunError> {
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit).map(|at| (at, limit)));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(RunError::Start)?;
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone(), Line::Stdout);
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender.clone(), Line::Stderr);
    }
    // The readers hold the only senders, so that the channel closes when both pipes are at their end.
    drop(sender);

    let mut kept = VecDeque::with_capacity(KEPT_LINES);
    loop {
        let received = match deadline {
            None => lines.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some((at, _)) => lines.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        match (received, deadline) {
            (Ok(line), _) => {
                on_line(&line);
                if let Line::Stderr(text) = line {
                    if kept.len() == KEPT_LINES {
                        kept.pop_front();
                    }
                    kept.push_back(text);
                }
            }
            (Err(RecvTimeoutError::Timeout), Some((_, limit))) => {
                // Either may fail only because the program has ended by itself at this moment.
                let _ = child.kill();
                let _ = child.wait();
                return Err(RunError::TimedOut(limit));
            }
            (Err(_), _) => break,
        }
    }
    let status = child.wait().map_err(RunError::Start)?;
    Ok(Outcome { status, details: Vec::from(kept).join("\n") })
}

/// Sends what arrives on a pipe as lines, from a thread of its own. The thread ends with the pipe: not with [`run`], since after a
/// kill a grandchild may still hold the other end.
fn forward(pipe: impl Read + Send + 'static, sender: Sender<Line>, line: fn(String) -> Line) {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while let Ok(1..) = reader.read_until(b'\n', &mut bytes) {
            let text = String::from_utf8_lossy(&bytes);
            if sender.send(line(text.trim_end_matches(['\n', '\r']).to_owned())).is_err() {
                break;
            }
            bytes.clear();
        }
    });
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn passes_on_both_streams_line_by_line_and_keeps_stderr() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let outcome =
            run(&mut shell("echo a; echo b >&2; printf c >&2; exit 3"), None, &mut |line| match line {
                Line::Stdout(text) => out.push(text.clone()),
                Line::Stderr(text) => err.push(text.clone()),
            })
            .unwrap();
        assert_eq!(outcome.status.code(), Some(3));
        assert_eq!(out, ["a"]);
        assert_eq!(err, ["b", "c"]);
        assert_eq!(outcome.details, "b\nc");
    }

    #[test]
    fn keeps_only_the_last_lines() {
        let script = format!("i=0; while [ $i -le {KEPT_LINES} ]; do echo $i >&2; i=$((i+1)); done");
        let outcome = run(&mut shell(&script), None, &mut |_| {}).unwrap();
        assert_eq!(outcome.details.lines().count(), KEPT_LINES);
        assert_eq!(outcome.details.lines().next(), Some("1"));
    }

    #[test]
    fn kills_what_runs_too_long() {
        let limit = Duration::from_millis(50);
        let result = run(&mut shell("exec sleep 600"), Some(limit), &mut |_| {});
        assert!(matches!(result, Err(RunError::TimedOut(after)) if after == limit));
    }

    #[test]
    fn says_when_there_is_no_such_program() {
        let result = run(&mut Command::new("/nonexistent/program"), None, &mut |_| {});
        assert!(matches!(result, Err(RunError::Start(error)) if error.kind() == io::ErrorKind::NotFound));
    }
}

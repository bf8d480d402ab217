//! `--audit`: the audit trail as lines of JSON.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use innkeeper::audit::{AuditLog, AuditSink, JsonLines};

use crate::exit::Exit;
use crate::failure::Failure;

/// What `innkeeper run --help` says of the trail.
pub(super) const HELP: &str = r#"The lines of --audit, in the order in which it happened (version 1 of the schema):
  all       {version, sequence, event}; event is "start" (first, with {time, host}), "decision",
            "call", "http-decision", "http-request" or "end" (last; a trail without it was cut short)
  decision  {time, guest, id, operation, action, resource, context, decision}, where decision is
            "allow" with {rule} or "deny" with {rule, reason, suggestion}
  call      {time, guest, id, service, operation, resource, attempts, bytes-sent,
            bytes-received, duration, request-id, outcome}
  http-decision  {time, guest, id, method, url, address, decision}, of a request that the guest would send
  http-request   {time, guest, id, method, url, address, status, bytes-sent, bytes-received, duration, outcome}
The decisions and the call or request of one operation have the same `id`."#;

/// The audit trail of a run: in memory for the report, and in a file if there is to be one.
pub(super) struct Trail {
    log: Arc<AuditLog>,
    lines: Option<(PathBuf, Arc<JsonLines>)>,
}

impl Trail {
    /// Opens the file, or standard output for `-`. What a file holds is kept: lines are appended.
    pub(super) fn open(target: Option<PathBuf>) -> Result<Self, Failure> {
        let log = Arc::new(AuditLog::new());
        let Some(path) = target else { return Ok(Self { log, lines: None }) };
        let lines = open(&path).map_err(|error| failed(&path, &error))?;
        Ok(Self { log, lines: Some((path, Arc::new(lines))) })
    }

    pub(super) fn log(&self) -> &AuditLog {
        &self.log
    }

    pub(super) fn sink(&self) -> Arc<dyn AuditSink> {
        let mut sinks: Vec<Arc<dyn AuditSink>> = vec![Arc::<AuditLog>::clone(&self.log)];
        if let Some((_, lines)) = &self.lines {
            sinks.push(Arc::<JsonLines>::clone(lines));
        }
        Arc::new(sinks)
    }

    /// Ends the trail, when all of it is written.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        match &self.lines {
            Some((path, lines)) => lines.finish().map_err(|error| failed(path, &error)),
            None => Ok(()),
        }
    }
}

fn open(path: &Path) -> io::Result<JsonLines> {
    if path == Path::new("-") {
        return JsonLines::new(io::stdout());
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    // It holds the names of what is in AWS.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    JsonLines::new(options.open(path)?)
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::doing(Exit::Io, format!("the audit trail cannot be written to `{}`", path.display()), error)
}

//! `--audit`: the audit trail as lines of JSON.

#[cfg(unix)]
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use innkeeper::audit::{AuditSink, JsonLines};

use super::tally::Tally;
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
The decisions and the call or request of one operation have the same `id`.
A file that is new is its owner's alone. One that is there keeps its rights, and is refused if it belongs
to another user or others may write to it."#;

/// The audit trail of a run: counted for the report, and in a file if there is to be one.
pub(super) struct Trail {
    tally: Arc<Tally>,
    lines: Option<(PathBuf, Arc<JsonLines>)>,
}

impl Trail {
    /// Opens the file, or standard output for `-`. What a file holds is kept: lines are appended.
    pub(super) fn open(target: Option<PathBuf>, tally: Tally) -> Result<Self, Failure> {
        let tally = Arc::new(tally);
        let Some(path) = target else { return Ok(Self { tally, lines: None }) };
        let lines = open(&path).map_err(|error| failed(&path, &error))?;
        Ok(Self { tally, lines: Some((path, Arc::new(lines))) })
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn sink(&self) -> Arc<dyn AuditSink> {
        let mut sinks: Vec<Arc<dyn AuditSink>> = vec![Arc::<Tally>::clone(&self.tally)];
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
    let file = options.open(path)?;
    #[cfg(unix)]
    check_owner(&file.metadata()?)?;
    JsonLines::new(file)
}

/// Refuses a file that others could write to: they could take out of the trail what they did, and put in what somebody else did not. Who
/// may read one that was there is its owner's business. A pipe or a device is what it is.
#[cfg(unix)]
fn check_owner(metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if !metadata.is_file() {
        return Ok(());
    }
    let ours = [rustix::process::geteuid().as_raw(), 0];
    if !ours.contains(&metadata.uid()) {
        return Err(io::Error::other("the file belongs to another user, who could change the trail"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(io::Error::other(
            "others may write to the file, and so could change the trail; take that right away with `chmod go-w`",
        ));
    }
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::doing(Exit::Io, format!("the audit trail cannot be written to `{}`", path.display()), error)
}

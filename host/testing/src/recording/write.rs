//! Writing a file that can be read again.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use super::file::{EndLine, Ending, Line, Recording, Start, StartLine, VERSION};

/// Why a recording could not be made, or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file, or a body, cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It would have more than [`Recording::MAX_BYTES`].
    #[error(
        "it would have more than {} MiB, which is the most that `innkeeper replay` reads",
        Recording::MAX_BYTES >> 20
    )]
    TooLarge,
    /// A line could not be read again: AWS has sent a document that is nested too deep.
    #[error("line {line} of it could not be read again: {source}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// Reads the lines between the start and the end, as they are held while a recording is made.
pub(super) fn lines(texts: &[String]) -> impl Iterator<Item = Result<Line, WriteError>> {
    texts.iter().enumerate().map(|(number, text)| {
        // Behind the start.
        serde_json::from_str(text).map_err(|source| WriteError::Line { line: number + 2, source })
    })
}

/// Writes a file in place of what is there, if it is one that can be read again.
pub(super) fn write(path: &Path, start: &Start, texts: &[String], result: &Ending) -> Result<(), WriteError> {
    let start = StartLine::Start { version: VERSION, start: start.clone() };
    let start = serde_json::to_string(&start).map_err(io::Error::from)?;
    let end = serde_json::to_string(&EndLine::End { result: result.clone() }).map_err(io::Error::from)?;
    let all = || std::iter::once(&start).chain(texts).chain([&end]);
    if all().map(|text| text.len() as u64 + 1).sum::<u64>() > Recording::MAX_BYTES {
        return Err(WriteError::TooLarge);
    }
    lines(texts).try_for_each(|line| line.map(drop))?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // It holds the names of what is in AWS, and the input.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that was there keeps the rights that it had.
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    let mut file = BufWriter::new(file);
    for text in all() {
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
    }
    Ok(file.flush()?)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::file::{Answer, Input, KeptBodies, Response, ResponseBody, WireRequest};
    use super::*;

    fn recording(guest: &str, document: Value) -> Recording {
        let request = WireRequest {
            method: "GET".to_owned(),
            url: "https://b/k".to_owned(),
            headers: [].into(),
            body: Value::Null,
        };
        let body = ResponseBody::Json(document);
        let response = Some(Response::Came { status: 200, headers: [].into(), body });
        Recording {
            start: Start {
                guest: guest.to_owned(),
                input: Input::new(b""),
                region: None,
                endpoint: None,
                began: 1.5,
                bodies: KeptBodies::None,
            },
            lines: vec![Line::Answer(Answer { service: "sqs".to_owned(), request, response })],
            result: Ending::failed("trap"),
        }
    }

    fn nested(depth: usize) -> Value {
        (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        recording("g", nested(100)).write(&path).unwrap();
        let before = std::fs::read_to_string(&path).unwrap();
        assert_eq!(Recording::read(&path).unwrap(), recording("g", nested(100)));

        // AWS's answer was read, but stands three levels deeper in a line.
        let deep = recording("g", nested(126)).write(&path).unwrap_err();
        assert!(matches!(deep, WriteError::Line { line: 2, .. }), "{deep}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), before);
    }

    #[test]
    fn the_longest_file_that_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        recording("", Value::Null).write(&path).unwrap();
        let room = Recording::MAX_BYTES - std::fs::metadata(&path).unwrap().len();
        let mut name = "g".repeat(usize::try_from(room).unwrap());
        recording(&name, Value::Null).write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), Recording::MAX_BYTES);
        assert_eq!(Recording::read(&path).unwrap().start.guest.len(), name.len());
        name.push('g');
        assert!(matches!(recording(&name, Value::Null).write(&path), Err(WriteError::TooLarge)));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), Recording::MAX_BYTES, "it replaces nothing");
    }
}

//! Uploads as writers.

use std::io::{self, Write};

use super::{OutputStream, stream_error};
use crate::bindings::wasi::io::streams::StreamError;

/// Waits until the host has room. An error of the transfer is an [`io::Error`] that holds the [`Error`](super::Error); `?` turns it
/// back into that. Nothing is stored before [`Upload::finish`](super::Upload::finish).
///
/// ```no_run
/// use std::io::Write;
/// # use innkeeper_guest::s3::{Bucket, Error, Upload};
/// # fn f(bucket: &Bucket) -> Result<(), Error> {
/// let upload = bucket.upload_object("report.csv", None, &Default::default())?;
/// let mut body = upload.body()?;
/// for line in 0..1_000_000 {
///     writeln!(body, "{line}")?;
/// }
/// Upload::finish(upload)?;
/// # Ok(()) }
/// ```
///
/// A writer of many small pieces is best wrapped into a [`BufWriter`](io::BufWriter): each write is a call of the host.
impl Write for OutputStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            let room = self.check_write().map_err(explain)?;
            let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
            let (bytes, _) = bytes.split_at(room);
            if !bytes.is_empty() {
                Self::write(self, bytes).map_err(explain)?;
                return Ok(bytes.len());
            }
            self.subscribe().block();
        }
    }

    /// The host has what was written; S3 has it when the upload is finished.
    fn flush(&mut self) -> io::Result<()> {
        Self::flush(self).map_err(explain)
    }
}

fn explain(error: StreamError) -> io::Error {
    match error {
        StreamError::Closed => io::ErrorKind::BrokenPipe.into(),
        StreamError::LastOperationFailed(error) => match stream_error(&error) {
            Some(error) => error.into(),
            None => io::Error::other(error.to_debug_string()),
        },
    }
}

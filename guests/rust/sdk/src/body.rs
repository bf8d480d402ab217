//! Bodies as readers.

use std::io::{self, Read};

use crate::bindings::wasi::io::error::Error as StreamFailure;
use crate::bindings::wasi::io::streams::StreamError;
use crate::s3::{self, InputStream};

/// How much is asked of the host at once. It answers with what has arrived, up to so much.
const CHUNK: u64 = 64 * 1024;

/// Waits until something has arrived. An error of the transfer is an [`io::Error`] that holds the [`s3::Error`]; `?` turns it back
/// into that. What was read before an error is not to be relied on.
impl Read for InputStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read(self, buffer, |error| s3::stream_error(error).map(io::Error::from))
    }
}

/// Reads from a stream of the service that `explain` knows the errors of. A guest imports what it calls, so that each service has a
/// reader of its own.
pub(crate) fn read(
    stream: &InputStream,
    buffer: &mut [u8],
    explain: impl Fn(&StreamFailure) -> Option<io::Error>,
) -> io::Result<usize> {
    if buffer.is_empty() {
        return Ok(0);
    }
    let length = u64::try_from(buffer.len()).unwrap_or(CHUNK).min(CHUNK);
    loop {
        match stream.blocking_read(length) {
            // Nothing has arrived, yet the stream is open.
            Ok(bytes) if bytes.is_empty() => {}
            Ok(bytes) => {
                let (read, _) = buffer.split_at_mut_checked(bytes.len()).ok_or_else(|| {
                    io::Error::other("the host answered with more bytes than were asked for")
                })?;
                read.copy_from_slice(&bytes);
                return Ok(bytes.len());
            }
            Err(StreamError::Closed) => return Ok(0),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(explain(&error).unwrap_or_else(|| io::Error::other(error.to_debug_string())));
            }
        }
    }
}

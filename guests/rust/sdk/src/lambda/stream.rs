//! Response streams as readers.

use std::io::{self, Read};

use super::{StreamedInvocation, stream_error};
use crate::bindings::wasi::io::streams::InputStream;
use crate::body;

impl StreamedInvocation {
    /// The answer as a reader. An error of it is an [`io::Error`] that holds the [`Error`](super::Error).
    pub fn into_reader(self) -> ResponseStream {
        ResponseStream(self.body)
    }
}

/// What a function answers, while it answers. Made by [`StreamedInvocation::into_reader`].
#[derive(Debug)]
pub struct ResponseStream(InputStream);

/// Waits until something has arrived. An error of the function or of the transfer is an [`io::Error`] that holds the
/// [`Error`](super::Error); `?` turns it back into that. What was read before an error is not all of the answer.
impl Read for ResponseStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        body::read(&self.0, buffer, |error| stream_error(error).map(io::Error::from))
    }
}

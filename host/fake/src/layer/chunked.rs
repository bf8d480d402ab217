use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The longest line between chunks. The longest that AWS's clients send is a signature of about 90 bytes.
const MAX_LINE: usize = 8 * 1024;
/// The most trailers that are kept. Clients send one or two.
const MAX_TRAILERS: usize = 16;

/// A decoder of `aws-chunked` bodies (`x-amz-content-sha256: STREAMING-*`): chunks of a size in hexadecimal, which may
/// carry a signature, then trailers. Fed bytes as they arrive, in pieces of any length.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buffer: BytesMut,
    state: State,
    trailers: HeaderMap,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Data(u64),
    DataEnd,
    Trailers,
    Done,
}

/// Why a body is not `aws-chunked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChunkedError {
    #[error("the chunked body is malformed")]
    Malformed,
    #[error("the chunked body ends in the middle")]
    Incomplete,
}

impl Decoder {
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece of data, or none if more bytes are needed or the body is complete.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, ChunkedError> {
        loop {
            match self.state {
                State::Size => {
                    let Some(line) = self.line()? else { return Ok(None) };
                    let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
                    let size = std::str::from_utf8(size).map_err(|_| ChunkedError::Malformed)?;
                    // `from_str_radix` would take a sign.
                    if !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                        return Err(ChunkedError::Malformed);
                    }
                    let size = u64::from_str_radix(size, 16).map_err(|_| ChunkedError::Malformed)?;
                    self.state = if size == 0 { State::Trailers } else { State::Data(size) };
                }
                State::Data(left) => {
                    if self.buffer.is_empty() {
                        return Ok(None);
                    }
                    let take = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
                    let left = left - take as u64;
                    self.state = if left == 0 { State::DataEnd } else { State::Data(left) };
                    return Ok(Some(self.buffer.split_to(take).freeze()));
                }
                State::DataEnd => {
                    if self.buffer.len() < 2 {
                        return Ok(None);
                    }
                    if !self.buffer.starts_with(b"\r\n") {
                        return Err(ChunkedError::Malformed);
                    }
                    self.buffer.advance(2);
                    self.state = State::Size;
                }
                State::Trailers => {
                    let Some(line) = self.line()? else { return Ok(None) };
                    if line.is_empty() {
                        self.state = State::Done;
                        continue;
                    }
                    self.trailer(&line)?;
                }
                // Bytes after the end are no part of the body.
                State::Done => return Ok(None),
            }
        }
    }

    /// What came after the last chunk, once the sender has no more bytes.
    pub(crate) fn finish(mut self) -> Result<HeaderMap, ChunkedError> {
        if self.state == State::Trailers {
            // Some clients leave out the last empty line.
            let line = std::mem::take(&mut self.buffer);
            if !line.is_empty() {
                self.trailer(&line)?;
            }
            return Ok(self.trailers);
        }
        if self.state == State::Done { Ok(self.trailers) } else { Err(ChunkedError::Incomplete) }
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), ChunkedError> {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(ChunkedError::Malformed)?;
        let (name, value) = line.split_at(colon);
        let name = HeaderName::from_bytes(name).map_err(|_| ChunkedError::Malformed)?;
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let value = HeaderValue::from_bytes(value).map_err(|_| ChunkedError::Malformed)?;
        if self.trailers.len() == MAX_TRAILERS {
            return Err(ChunkedError::Malformed);
        }
        self.trailers.append(name, value);
        Ok(())
    }

    fn line(&mut self) -> Result<Option<Bytes>, ChunkedError> {
        let Some(end) = self.buffer.windows(2).take(MAX_LINE).position(|pair| pair == b"\r\n") else {
            return if self.buffer.len() > MAX_LINE { Err(ChunkedError::Malformed) } else { Ok(None) };
        };
        let line = self.buffer.split_to(end).freeze();
        self.buffer.advance(2);
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(body: &[u8], piece: usize) -> Result<(Vec<u8>, HeaderMap), ChunkedError> {
        let mut decoder = Decoder::default();
        let mut data = Vec::new();
        for bytes in body.chunks(piece) {
            decoder.feed(bytes);
            while let Some(piece) = decoder.next()? {
                data.extend_from_slice(&piece);
            }
        }
        Ok((data, decoder.finish()?))
    }

    #[test]
    fn decodes_signed_chunks_and_trailers() {
        let body = b"5;chunk-signature=abc\r\nhello\r\n1\r\n!\r\n0;chunk-signature=def\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n";
        let (data, trailers) = decode(body, 3).unwrap();
        assert_eq!(data, b"hello!");
        assert_eq!(trailers.get("x-amz-checksum-crc32").unwrap(), "AAAAAA==");
    }

    #[test]
    fn refuses_what_is_cut_or_malformed() {
        assert_eq!(decode(b"5\r\nhel", 2).unwrap_err(), ChunkedError::Incomplete);
        assert_eq!(decode(b"5\r\nhello", 2).unwrap_err(), ChunkedError::Incomplete);
        assert_eq!(decode(b"", 2).unwrap_err(), ChunkedError::Incomplete);
        assert_eq!(decode(b"+5\r\nhello\r\n0\r\n\r\n", 2).unwrap_err(), ChunkedError::Malformed);
        assert_eq!(decode(b"5\r\nhelloXX0\r\n\r\n", 2).unwrap_err(), ChunkedError::Malformed);
        assert_eq!(decode(&[b'1'; MAX_LINE + 10], 64).unwrap_err(), ChunkedError::Malformed);
        assert_eq!(decode(b"fffffffffffffffff\r\n", 64).unwrap_err(), ChunkedError::Malformed);
    }

    proptest! {
        #[test]
        fn decodes_what_was_encoded_in_pieces_of_any_length(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..6),
            piece in 1usize..40,
        ) {
            let mut body = Vec::new();
            for chunk in &chunks {
                body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                body.extend_from_slice(chunk);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(decode(&body, piece).unwrap().0, chunks.concat());
        }

        #[test]
        fn never_panics(body in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'0'), Just(b'a'), any::<u8>()], 0..80), piece in 1usize..9) {
            let _ = decode(&body, piece);
        }
    }
}

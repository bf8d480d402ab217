//! Bounds the messages of an event stream.
//!
//! The SDK holds a message until all of it has come, and believes what it says of its length: one that announces four gigabytes would
//! fill the memory of the host.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_types::body::{Error, SdkBody};
use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};

/// The longest message. AWS: a payload of 16 MiB, headers of 128 KiB, and what is around them.
const MAX_MESSAGE: u32 = (16 << 20) + (128 << 10) + 16;

/// The length that each message begins with, itself included.
const LENGTH: usize = 4;

/// The body of an event stream. It ends with an error where a message is longer than any.
pub(crate) struct EventStreamBody {
    answer: SdkBody,
    /// What has come of the length of the next message.
    length: Vec<u8>,
    /// What is still to come of a message.
    left: u32,
}

impl EventStreamBody {
    pub(crate) fn new(answer: SdkBody) -> Self {
        Self { answer, length: Vec::with_capacity(LENGTH), left: 0 }
    }

    /// Whether no message in these bytes, the next ones, is too long.
    fn holds(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.left > 0 {
                let taken = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                bytes.advance(taken);
                self.left = self.left.saturating_sub(u32::try_from(taken).unwrap_or(u32::MAX));
                continue;
            }
            self.length.push(bytes.get_u8());
            if let Ok(length) = <[u8; LENGTH]>::try_from(self.length.as_slice()) {
                self.length.clear();
                let length = u32::from_be_bytes(length);
                if length > MAX_MESSAGE {
                    return false;
                }
                // One that is shorter than its own length the SDK refuses.
                self.left = length.saturating_sub(u32::try_from(LENGTH).unwrap_or_default());
            }
        }
        true
    }
}

impl Body for EventStreamBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.answer).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && !this.holds(data)
        {
            this.answer = SdkBody::empty();
            return Poll::Ready(Some(Err("a message of an event stream that is longer than any".into())));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        Body::is_end_stream(&self.answer)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.answer)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use proptest::prelude::*;

    use super::*;

    /// Messages of these lengths, of which the bytes behind the length are the ones that a length would be read from too early.
    fn stream(lengths: &[u32]) -> Vec<u8> {
        let message = |length: &u32| {
            let rest = usize::try_from(*length).unwrap() - LENGTH;
            [length.to_be_bytes().to_vec(), vec![0xff; rest]].concat()
        };
        lengths.iter().flat_map(message).collect()
    }

    fn is_held(bytes: &[u8], pieces: usize) -> bool {
        let mut body = EventStreamBody::new(SdkBody::empty());
        bytes.chunks(pieces).all(|piece| body.holds(piece))
    }

    proptest! {
        #[test]
        fn messages_pass_in_whatever_pieces_they_come(
            lengths in proptest::collection::vec(4_u32..200, 0..8),
            pieces in 1_usize..50,
            longer in proptest::option::of(1_u32..=u32::MAX - MAX_MESSAGE),
        ) {
            let mut bytes = stream(&lengths);
            prop_assert!(is_held(&bytes, pieces));
            if let Some(longer) = longer {
                bytes.extend((MAX_MESSAGE + longer).to_be_bytes());
                prop_assert!(!is_held(&bytes, pieces));
            }
        }
    }

    #[tokio::test]
    async fn a_body_is_as_it_comes_until_a_message_is_too_long() {
        let good = stream(&[20, 4, 100]);
        let body = EventStreamBody::new(SdkBody::from(good.clone()));
        assert_eq!(body.collect().await.unwrap().to_bytes(), good);
        let bad = [good, vec![0xff; 4]].concat();
        let error = EventStreamBody::new(SdkBody::from(bad)).collect().await.unwrap_err();
        assert!(error.to_string().contains("longer than any"), "{error}");
    }
}

//! The body of an answer, counted as it comes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Tally;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that ends with an error where it goes beyond a quota.
pub(crate) struct MeteredBody {
    body: SdkBody,
    /// `None` behind the error.
    tally: Option<Tally>,
}

impl MeteredBody {
    pub(crate) fn new(body: SdkBody, tally: Tally) -> Self {
        Self { body, tally: Some(tally) }
    }
}

impl Body for MeteredBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(tally) = self.tally.clone() else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let bytes = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            _ => 0,
        };
        if let Err(exceeded) = tally.receive(bytes) {
            self.tally = None;
            return Poll::Ready(Some(Err(exceeded.into())));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.tally.is_none() || Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}

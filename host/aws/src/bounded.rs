//! Bounds what is read of an answer that the SDK holds in memory, and refuses one that ends too soon.
//!
//! A body that is streamed is taken piece by piece, by whoever reads it. All others the SDK reads to their end before it looks at them,
//! however long they are: a server that never stops sending would fill the memory of the host.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http_body::{Body, Frame};

use crate::event_stream::EventStreamBody;
use crate::service::Service;
use crate::xml_ends::XmlEnds;

/// The operation whose answer is streamed.
const STREAMED: &str = "GetObject";

/// The operation whose answer is a stream of messages, each of which the SDK holds in memory.
const EVENT_STREAM: &str = "InvokeWithResponseStream";

/// How many frames there may be for each kilobyte of the bound: a row of frames without bytes has no end either.
const FRAMES_PER_KILOBYTE: u64 = 4;

/// The longest answer of a service, in bytes, that is not streamed.
fn longest(service: Service) -> u64 {
    match service {
        // A page of a thousand keys of 1,024 bytes, each byte percent-encoded, is 4 MB; each byte of XML becomes several in memory.
        Service::S3 | Service::Sts => 8 << 20,
        // Ten messages of 1 MiB, as JSON escapes them, and what a function returns: 6 MB.
        Service::Sqs | Service::Lambda => 32 << 20,
    }
}

/// Whether a service answers in XML.
fn is_xml(service: Service) -> bool {
    matches!(service, Service::S3 | Service::Sts)
}

/// Ends an answer that is longer than any of its service, or that is the beginning of one.
#[derive(Debug)]
pub(crate) struct BoundInterceptor(pub(crate) Service);

#[dyn_dispatch_hint]
impl Intercept for BoundInterceptor {
    fn name(&self) -> &'static str {
        "BoundInterceptor"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let operation = config.load::<Metadata>().map(Metadata::name).unwrap_or_default();
        if response.status().is_success() {
            if operation == STREAMED {
                return Ok(());
            }
            if operation == EVENT_STREAM {
                let body = EventStreamBody::new(response.take_body());
                *response.body_mut() = SdkBody::from_body_1_x(body);
                return Ok(());
            }
        }
        let bytes = longest(self.0);
        // An error that is cut short is an error all the same.
        let document = (is_xml(self.0) && response.status().is_success()).then(XmlEnds::default);
        let frames = bytes / 1_024 * FRAMES_PER_KILOBYTE;
        let body = BoundedBody { answer: response.take_body(), bytes, frames, document };
        *response.body_mut() = SdkBody::from_body_1_x(body);
        Ok(())
    }
}

/// The body of an answer, of which only so many bytes and frames are taken.
struct BoundedBody {
    answer: SdkBody,
    bytes: u64,
    frames: u64,
    /// Of an answer that has to be a whole document.
    document: Option<XmlEnds>,
}

impl Body for BoundedBody {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let Some(frame) = ready!(Pin::new(&mut this.answer).poll_frame(context)) else {
            return Poll::Ready(match this.document.take() {
                Some(document) if !document.is_whole() => Some(Err("an answer that ends too soon".into())),
                _ => None,
            });
        };
        let frame = frame?;
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        if let (Some(bytes), Some(frames)) = (this.bytes.checked_sub(length), this.frames.checked_sub(1)) {
            (this.bytes, this.frames) = (bytes, frames);
            if let (Some(document), Some(data)) = (&mut this.document, frame.data_ref()) {
                document.push(data);
            }
            Poll::Ready(Some(Ok(frame)))
        } else {
            this.answer = SdkBody::empty();
            Poll::Ready(Some(Err("an answer that is longer than any of the service".into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, StreamBody};

    fn body(frames: usize, length: usize, bytes: u64) -> BoundedBody {
        let frame = move |_| Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![b'x'; length])));
        let answer = SdkBody::from_body_1_x(StreamBody::new(futures::stream::iter((0..frames).map(frame))));
        BoundedBody { answer, bytes, frames: 100, document: None }
    }

    #[tokio::test]
    async fn an_answer_within_the_bound_is_passed_on() {
        assert_eq!(body(10, 10, 100).collect().await.unwrap().to_bytes().len(), 100);
    }

    #[tokio::test]
    async fn errors_when_an_answer_is_too_long() {
        assert!(body(11, 10, 100).collect().await.is_err());
        assert!(body(1, 101, 100).collect().await.is_err());
    }

    #[tokio::test]
    async fn errors_when_a_document_ends_too_soon() {
        let document = |text: &'static str| BoundedBody {
            answer: SdkBody::from(text),
            bytes: 100,
            frames: 100,
            document: Some(XmlEnds::default()),
        };
        assert!(document("<Page><Key>k</Key></Page>").collect().await.is_ok());
        assert!(document("<Page><Key>k</Key>").collect().await.is_err());
    }

    #[tokio::test]
    async fn errors_when_an_answer_is_of_frames_without_bytes() {
        assert!(body(101, 0, 100).collect().await.is_err());
    }
}

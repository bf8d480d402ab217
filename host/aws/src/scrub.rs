//! Takes out of error answers what their requests were signed with.
//!
//! When a signature is wrong AWS quotes the canonical request with the session token in it, and S3 the signature too. The
//! SDK logs answers at trace level, and puts messages into errors, which hosts log at any level.

use crate::signed::Signed;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The longest error answer that is read. AWS's are a few kilobytes; the SDK itself would read one without end.
const MAX_ERROR: usize = 1024 * 1024;

/// What is written in place of a secret.
const SCRUBBED: &str = "(secret)";

/// Takes the session token and the signature of a request out of an answer that is an error. Keeps what the request was [`Signed`] with, for
/// others too.
#[derive(Debug)]
pub(crate) struct ScrubInterceptor;

#[dyn_dispatch_hint]
impl Intercept for ScrubInterceptor {
    fn name(&self) -> &'static str {
        "ScrubInterceptor"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(signed) = Signed::of(context.request()) {
            config.interceptor_state().store_put(signed);
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if !response.status().is_success() {
            let secrets = config.load::<Signed>().map(Signed::secrets).unwrap_or_default();
            let body = ErrorBody { answer: response.take_body(), read: BytesMut::new(), secrets };
            *response.body_mut() = SdkBody::from_body_1_x(body);
        }
        Ok(())
    }
}

/// The body of an error answer, which is passed on when all of it is there.
struct ErrorBody {
    answer: SdkBody,
    read: BytesMut,
    secrets: Vec<String>,
}

impl Body for ErrorBody {
    type Data = Bytes;
    type Error = aws_smithy_types::body::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        loop {
            match ready!(Pin::new(&mut this.answer).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    if this.read.len() + data.len() > MAX_ERROR {
                        this.answer = SdkBody::empty();
                        this.read.clear();
                        return Poll::Ready(Some(Err("an error answer of more than 1 MiB".into())));
                    }
                    this.read.extend_from_slice(&data);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None if this.read.is_empty() => return Poll::Ready(None),
                None => {
                    let read = this.read.split();
                    return Poll::Ready(Some(Ok(Frame::data(scrub(&read, &this.secrets)))));
                }
            }
        }
    }
}

fn scrub(answer: &[u8], secrets: &[String]) -> Bytes {
    let mut text = String::from_utf8_lossy(answer).into_owned();
    for secret in secrets {
        if text.contains(secret) {
            text = text.replace(secret, SCRUBBED);
        }
    }
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, StreamBody};

    fn body(chunks: Vec<&[u8]>, secrets: &[&str]) -> ErrorBody {
        let frame = |chunk| Ok::<_, std::io::Error>(Frame::data(Bytes::copy_from_slice(chunk)));
        let frames: Vec<_> = chunks.into_iter().map(frame).collect();
        let answer = SdkBody::from_body_1_x(StreamBody::new(futures::stream::iter(frames)));
        ErrorBody {
            answer,
            read: BytesMut::new(),
            secrets: secrets.iter().map(|&secret| secret.to_owned()).collect(),
        }
    }

    #[tokio::test]
    async fn a_secret_is_taken_out_although_it_is_cut_in_two() {
        let body = body(vec![b"token:TO", b"KEN and again TOKEN"], &["TOKEN"]);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "token:(secret) and again (secret)");
    }

    #[tokio::test]
    async fn an_empty_answer_stays_empty() {
        assert!(body(vec![], &["TOKEN"]).collect().await.unwrap().to_bytes().is_empty());
    }

    #[tokio::test]
    async fn errors_when_an_answer_is_too_long() {
        let megabyte = vec![b'x'; MAX_ERROR];
        assert_eq!(body(vec![&megabyte], &[]).collect().await.unwrap().to_bytes().len(), MAX_ERROR);
        assert!(body(vec![&megabyte, b"x"], &[]).collect().await.is_err());
    }
}

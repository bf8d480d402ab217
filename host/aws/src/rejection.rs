//! What happens when AWS rejects credentials as expired: they are loaded again, and the call is tried once more.

use crate::credentials::{CredentialsCell, Rejection};
use crate::signed::Signed;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    FinalizerInterceptorContextMut, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

/// The codes with which AWS's services say that credentials have expired.
pub(crate) fn is_expired_code(code: &str) -> bool {
    matches!(code, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired")
}

/// Sees each answer, and has the credentials that AWS rejected as expired loaded again.
#[derive(Debug)]
pub(crate) struct RejectionInterceptor {
    cell: Arc<CredentialsCell>,
}

impl RejectionInterceptor {
    pub(crate) fn new(cell: Arc<CredentialsCell>) -> Self {
        Self { cell }
    }
}

#[dyn_dispatch_hint]
impl Intercept for RejectionInterceptor {
    fn name(&self) -> &'static str {
        "RejectionInterceptor"
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let access_key_id = config.load::<Signed>().and_then(Signed::access_key_id);
        let (Some(response), Some(access_key_id)) = (context.response_mut(), access_key_id) else {
            return Ok(());
        };
        if response.status().is_success() {
            self.cell.accepted();
        } else if error_code(response).is_some_and(|code| is_expired_code(&code)) {
            let rejection = self.cell.rejected(access_key_id);
            response.add_extension(rejection);
        }
        Ok(())
    }
}

/// Whether a class tries anything again besides calls with rejected credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherRetries {
    /// As the other classifiers say.
    Allowed,
    /// The class has one attempt; the second that the SDK was given is for rejected credentials alone. AWS rejects them
    /// before it does anything, so that trying again does nothing twice.
    Forbidden,
}

/// Has the last word on whether a call is tried again.
#[derive(Debug)]
pub(crate) struct RejectionClassifier {
    others: OtherRetries,
}

impl RejectionClassifier {
    pub(crate) fn new(others: OtherRetries) -> Self {
        Self { others }
    }
}

impl ClassifyRetry for RejectionClassifier {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let rejection = context.response().and_then(|response| response.extension::<Rejection>());
        match (rejection, self.others) {
            (Some(Rejection::Reload), _) => RetryAction::retryable_error(ErrorKind::ClientError),
            (_, OtherRetries::Forbidden) => RetryAction::RetryForbidden,
            (_, OtherRetries::Allowed) => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "RejectionClassifier"
    }
}

/// AWS's error code. Of an error in an untyped answer, since one configuration serves every operation of a service.
fn error_code(response: &HttpResponse) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct JsonError<'a> {
        #[serde(rename = "__type", alias = "code", borrow)]
        code: Option<Cow<'a, str>>,
    }

    // Lambda: `ExpiredTokenException:http://internal.amazon.com/...`
    if let Some(code) = response.headers().get("x-amzn-errortype") {
        return Some(code.split(':').next().unwrap_or(code).into());
    }
    let body = response.body().bytes()?;
    match body.iter().find(|byte| !byte.is_ascii_whitespace())? {
        b'<' => xml_error_code(std::str::from_utf8(body).ok()?).map(Cow::Owned),
        b'{' => {
            // SQS: `com.amazonaws.sqs#ExpiredToken`
            let code = serde_json::from_slice::<JsonError<'_>>(body).ok()?.code?;
            let name = code.rsplit('#').next().unwrap_or(&code).to_owned();
            Some(Cow::Owned(name))
        }
        _ => None,
    }
}

/// The `Code` of S3's `<Error>` or of STS's `<ErrorResponse><Error>`.
fn xml_error_code(body: &str) -> Option<String> {
    let mut document = aws_smithy_xml::decode::Document::new(body);
    let mut root = document.root_element().ok()?;
    while let Some(mut tag) = root.next_tag() {
        match tag.start_el().local() {
            "Code" => return aws_smithy_xml::decode::try_data(&mut tag).ok().map(Cow::into_owned),
            "Error" => {
                while let Some(mut tag) = tag.next_tag() {
                    if tag.start_el().local() == "Code" {
                        return aws_smithy_xml::decode::try_data(&mut tag).ok().map(Cow::into_owned);
                    }
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;
    use proptest::prelude::*;

    fn response(body: &str) -> HttpResponse {
        HttpResponse::new(400.try_into().unwrap(), SdkBody::from(body))
    }

    #[test]
    fn every_service_has_its_own_way_to_say_expired() {
        for body in [
            "<?xml version=\"1.0\"?>\n<Error><Code>ExpiredToken</Code><Message>The token…</Message></Error>",
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>ExpiredToken</Code></Error><RequestId>x</RequestId></ErrorResponse>",
            r#"{"__type":"com.amazonaws.sqs#ExpiredToken","message":"x"}"#,
        ] {
            assert_eq!(error_code(&response(body)).as_deref(), Some("ExpiredToken"), "{body}");
        }
        let mut lambda = response(r#"{"message":"x"}"#);
        lambda.headers_mut().insert("x-amzn-errortype", "ExpiredTokenException:http://internal/");
        assert!(is_expired_code(&error_code(&lambda).unwrap()));
    }

    #[test]
    fn a_message_that_quotes_a_code_is_not_a_code() {
        for body in [
            "<Error><Code>AccessDenied</Code><Message>&lt;Code&gt;ExpiredToken&lt;/Code&gt;</Message></Error>",
            "<Error><Message><Code>ExpiredToken</Code></Message><Code>AccessDenied</Code></Error>",
            r#"{"__type":"AccessDenied","message":"\"__type\":\"ExpiredToken\""}"#,
        ] {
            assert_eq!(error_code(&response(body)).as_deref(), Some("AccessDenied"), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(body in "[<{ ]\\PC{0,60}") {
            drop(error_code(&response(&body)));
        }
    }
}

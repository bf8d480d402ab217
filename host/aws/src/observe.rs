//! Who is told of the attempts of a call.

use std::fmt::Debug;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextMut,
    BeforeTransmitInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::checksum_config::ResponseChecksumValidation;
use aws_smithy_types::config_bag::ConfigBag;

/// Is told of each attempt of the calls that are made under [`observed`].
pub trait AttemptObserver: Debug + Send + Sync {
    /// `request` is signed and about to be sent.
    ///
    /// # Errors
    ///
    /// Why it must not be sent. The call ends with it, and is not tried again.
    fn before_attempt(&self, request: &HttpRequest) -> Result<(), BoxError>;

    /// `response` has come, of whose body nothing has been read yet.
    fn after_attempt(&self, response: &mut HttpResponse);

    /// Whether who reads an object (GetObject) compares it with the checksum of the answer itself. The SDK then asks for the checksum, and
    /// does not compute it a second time.
    fn verifies_objects(&self) -> bool {
        false
    }
}

tokio::task_local! {
    static OBSERVER: Arc<dyn AttemptObserver>;
}

/// Makes the calls of `calls`, which clients of a factory send, under the eyes of `observer`.
///
/// An interceptor that is given to a single call, as `customize` does, costs it a configuration of its own, with all that the SDK
/// resolves from it. This costs a look at the task. What `calls` spawns as tasks of its own is not observed, and neither are the
/// calls that load credentials.
pub fn observed<F: Future>(observer: Arc<dyn AttemptObserver>, calls: F) -> impl Future<Output = F::Output> {
    // Not an `async fn`, which would hold `calls` twice: what the SDK makes of a request has kilobytes.
    OBSERVER.scope(observer, calls)
}

/// Passes on what happens to the task's observer.
#[derive(Debug)]
pub(crate) struct ObserveInterceptor;

#[dyn_dispatch_hint]
impl Intercept for ObserveInterceptor {
    fn name(&self) -> &'static str {
        "ObserveInterceptor"
    }

    fn modify_before_serialization(
        &self,
        _context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if is_verified_by_observer(config) {
            // Before the SDK looks at it, which is in this phase as well, and after the interceptors of the client.
            config.interceptor_state().store_put(ResponseChecksumValidation::WhenRequired);
        }
        Ok(())
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if is_verified_by_observer(config) {
            context.request_mut().headers_mut().insert("x-amz-checksum-mode", "ENABLED");
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let told = OBSERVER.try_with(|observer| observer.before_attempt(context.request()));
        told.unwrap_or(Ok(()))
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        // Without an observer there is nobody to tell.
        let _ = OBSERVER.try_with(|observer| observer.after_attempt(response));
        Ok(())
    }
}

/// Whether the operation reads an object, and the task's observer compares it with its checksum.
fn is_verified_by_observer(config: &ConfigBag) -> bool {
    let reads = config.load::<Metadata>().is_some_and(|operation| operation.name() == "GetObject");
    reads && OBSERVER.try_with(|observer| observer.verifies_objects()).unwrap_or(false)
}

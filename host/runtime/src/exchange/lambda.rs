//! The functions of `innkeeper:aws/lambda`, recorded. The table is the interface's: one that is missing does not compile.

use serde_json::{Value, json};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::p2::IoError;

use super::stream::{Digest, TeeInput};
use super::{Labels, Recorded, Written, argument, dropped, exchange, handles, value, written};
use crate::bindings::lambda::{self, Host, HostFunction};
use crate::bindings::lambda_types::{
    self, Error, FunctionAlias, FunctionConfiguration, FunctionStatus, Invocation, InvokeAsyncOptions,
    InvokeOptions, InvokeStreamOptions,
};
use crate::lambda::{AliasListing, Failure, Function, FunctionListing};

impl lambda_types::Host for Recorded<'_> {
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<Error> {
        failure.into_error()
    }
}

impl Host for Recorded<'_> {
    async fn stream_error(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<Error>> {
        Host::stream_error(&mut self.view, error).await
    }

    exchange!(function lambda::Host, "lambda.", list_functions(page_size: Option<u32>) -> Resource<FunctionListing>);
}

macro_rules! function {
    ($($name:ident($($argument:ident: $ty:ty),*) -> $out:ty;)*) => {
        impl HostFunction for Recorded<'_> {
            exchange!(function lambda::HostFunction, "lambda.function.", open(
                name: String, qualifier: Option<String>
            ) -> Resource<Function>);
            $(exchange!(method lambda::HostFunction, "lambda.", "function" Function, $name($($argument: $ty),*) -> $out);)*
            dropped!(lambda::HostFunction, Function);
        }
    };
}

function! {
    invoke(payload: Vec<u8>, options: InvokeOptions) -> Invocation;
    invoke_async(payload: Vec<u8>, options: InvokeAsyncOptions) -> ();
    dry_run() -> ();
    invoke_with_response_stream(payload: Vec<u8>, options: InvokeStreamOptions) -> lambda::StreamedInvocation;
    get_configuration() -> FunctionConfiguration;
    status() -> FunctionStatus;
    wait_until_active(seconds: u32) -> FunctionStatus;
    list_versions(page_size: Option<u32>) -> Resource<FunctionListing>;
    list_aliases(page_size: Option<u32>) -> Resource<AliasListing>;
}

impl lambda::HostFunctionListing for Recorded<'_> {
    exchange!(method lambda::HostFunctionListing, "lambda.", "function-listing" FunctionListing,
        next_page() -> Option<Vec<FunctionConfiguration>>);
    dropped!(lambda::HostFunctionListing, FunctionListing);
}

impl lambda::HostAliasListing for Recorded<'_> {
    exchange!(method lambda::HostAliasListing, "lambda.", "alias-listing" AliasListing,
        next_page() -> Option<Vec<FunctionAlias>>);
    dropped!(lambda::HostAliasListing, AliasListing);
}

handles! {
    "function" Function,
    "function-listing" FunctionListing,
    "alias-listing" AliasListing,
}

written! {
    InvokeOptions, InvokeAsyncOptions, InvokeStreamOptions, Invocation, FunctionConfiguration, FunctionStatus,
    Option<Vec<FunctionConfiguration>>, Option<Vec<FunctionAlias>>,
}

impl Written for lambda::StreamedInvocation {
    fn write(&self, _: &mut Labels) -> Value {
        json!({
            "executed-version": self.executed_version,
            "content-type": self.content_type,
            "body": "stream",
        })
    }

    fn tee(&mut self, table: &mut ResourceTable, digest: impl FnOnce() -> Digest) {
        TeeInput::put_before(table, &self.body, digest());
    }
}

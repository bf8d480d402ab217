//! The functions of `innkeeper:aws/lambda`, as wasmtime calls them: handles in, work elsewhere, handles out.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, IoError};

use crate::bindings::{lambda, lambda_types};
use crate::context::AwsCtxView;
use crate::lambda::body::BodyError;
use crate::lambda::{AliasListing, Failure, Function, FunctionListing, configuration, invoke};

impl lambda_types::Host for AwsCtxView<'_> {
    fn convert_error(&mut self, failure: Failure) -> wasmtime::Result<lambda_types::Error> {
        failure.into_error()
    }
}

impl lambda::Host for AwsCtxView<'_> {
    async fn stream_error(
        &mut self,
        error: Resource<IoError>,
    ) -> wasmtime::Result<Option<lambda_types::Error>> {
        let error = self.table.get(&error)?;
        Ok(error.downcast_ref::<BodyError>().map(|BodyError(error)| error.clone()))
    }

    async fn list_functions(&mut self, page_size: Option<u32>) -> Result<Resource<FunctionListing>, Failure> {
        let listing = FunctionListing::of_account(self.ctx, page_size).await?;
        Ok(self.table.push(listing)?)
    }
}

impl lambda::HostFunction for AwsCtxView<'_> {
    async fn open(&mut self, name: String, qualifier: Option<String>) -> Result<Resource<Function>, Failure> {
        let function = Function::open(self.ctx, &name, qualifier.as_deref()).await?;
        Ok(self.table.push(function)?)
    }

    async fn invoke(
        &mut self,
        function: Resource<Function>,
        payload: Vec<u8>,
        options: lambda_types::InvokeOptions,
    ) -> Result<lambda_types::Invocation, Failure> {
        let function = self.table.get(&function)?;
        Ok(invoke::invoke(self.ctx, function, payload, options).await?)
    }

    async fn invoke_async(
        &mut self,
        function: Resource<Function>,
        payload: Vec<u8>,
        options: lambda_types::InvokeAsyncOptions,
    ) -> Result<(), Failure> {
        let function = self.table.get(&function)?;
        Ok(invoke::invoke_async(self.ctx, function, payload, options).await?)
    }

    async fn dry_run(&mut self, function: Resource<Function>) -> Result<(), Failure> {
        let function = self.table.get(&function)?;
        Ok(invoke::dry_run(self.ctx, function).await?)
    }

    async fn invoke_with_response_stream(
        &mut self,
        function: Resource<Function>,
        payload: Vec<u8>,
        options: lambda_types::InvokeStreamOptions,
    ) -> Result<lambda::StreamedInvocation, Failure> {
        let function = self.table.get(&function)?;
        let streamed = invoke::invoke_with_response_stream(self.ctx, function, payload, options).await?;
        let body = self.table.push(Box::new(streamed.body) as DynInputStream)?;
        Ok(lambda::StreamedInvocation {
            executed_version: streamed.executed_version,
            content_type: streamed.content_type,
            body,
        })
    }

    async fn get_configuration(
        &mut self,
        function: Resource<Function>,
    ) -> Result<lambda_types::FunctionConfiguration, Failure> {
        let function = self.table.get(&function)?;
        Ok(configuration::get(self.ctx, function).await?)
    }

    async fn status(
        &mut self,
        function: Resource<Function>,
    ) -> Result<lambda_types::FunctionStatus, Failure> {
        let function = self.table.get(&function)?;
        Ok(configuration::status(self.ctx, function).await?)
    }

    async fn wait_until_active(
        &mut self,
        function: Resource<Function>,
        seconds: u32,
    ) -> Result<lambda_types::FunctionStatus, Failure> {
        let function = self.table.get(&function)?;
        Ok(configuration::wait_until_active(self.ctx, function, seconds).await?)
    }

    async fn list_versions(
        &mut self,
        function: Resource<Function>,
        page_size: Option<u32>,
    ) -> Result<Resource<FunctionListing>, Failure> {
        let listing = FunctionListing::of_versions(self.table.get(&function)?, page_size)?;
        Ok(self.table.push(listing)?)
    }

    async fn list_aliases(
        &mut self,
        function: Resource<Function>,
        page_size: Option<u32>,
    ) -> Result<Resource<AliasListing>, Failure> {
        let listing = AliasListing::new(self.table.get(&function)?, page_size)?;
        Ok(self.table.push(listing)?)
    }

    async fn drop(&mut self, function: Resource<Function>) -> wasmtime::Result<()> {
        self.table.delete(function)?;
        Ok(())
    }
}

impl lambda::HostFunctionListing for AwsCtxView<'_> {
    async fn next_page(
        &mut self,
        listing: Resource<FunctionListing>,
    ) -> Result<Option<Vec<lambda_types::FunctionConfiguration>>, Failure> {
        let listing = self.table.get_mut(&listing)?;
        Ok(listing.next_page(self.ctx).await?)
    }

    async fn drop(&mut self, listing: Resource<FunctionListing>) -> wasmtime::Result<()> {
        self.table.delete(listing)?;
        Ok(())
    }
}

impl lambda::HostAliasListing for AwsCtxView<'_> {
    async fn next_page(
        &mut self,
        listing: Resource<AliasListing>,
    ) -> Result<Option<Vec<lambda_types::FunctionAlias>>, Failure> {
        let listing = self.table.get_mut(&listing)?;
        Ok(listing.next_page(self.ctx).await?)
    }

    async fn drop(&mut self, listing: Resource<AliasListing>) -> wasmtime::Result<()> {
        self.table.delete(listing)?;
        Ok(())
    }
}

//! Listings: one page is one call of AWS, and the place between two pages is kept here, where no guest can reach it.

use innkeeper_policy::{AccountRegion, FunctionArn, LambdaOperation};

use crate::bindings::lambda_types::{Error, FunctionAlias, FunctionConfiguration};
use crate::context::AwsCtx;
use crate::gate::CallRecord;
use crate::lambda::function::Function;
use crate::lambda::{convert, error, settle};

/// The `function-listing` resource: functions, or the versions of one.
#[derive(Debug)]
pub struct FunctionListing {
    of: Of,
    page_size: i32,
    next: Next,
}

/// What is listed.
#[derive(Debug)]
enum Of {
    /// The functions of an account in a region.
    Account(AccountRegion),
    /// The versions of a function.
    Versions(FunctionArn),
}

/// The `alias-listing` resource.
#[derive(Debug)]
pub struct AliasListing {
    function: FunctionArn,
    page_size: i32,
    next: Next,
}

#[derive(Debug)]
enum Next {
    First,
    /// The page behind this marker, which is Lambda's and never the guest's.
    Behind(String),
    None,
}

/// The longest marker, in bytes. It goes into an address, and the SDK panics over one of 64 KiB.
const MAX_MARKER_BYTES: usize = 8 * 1_024;

/// Why a listing was given up.
#[derive(Debug, thiserror::Error)]
enum NoMarker {
    #[error("the page has the marker that it was asked for with")]
    Same,
    #[error("the page has a marker of more than {MAX_MARKER_BYTES} bytes")]
    TooLong,
}

impl Next {
    /// The marker of the page, or `None` if there is no page.
    #[expect(clippy::option_option, reason = "the first page has no marker")]
    fn marker(&self) -> Option<Option<String>> {
        match self {
            Self::First => Some(None),
            Self::Behind(marker) => Some(Some(marker.clone())),
            Self::None => None,
        }
    }

    /// Ends the call of a page, and goes behind it.
    fn advance(&mut self, call: &mut CallRecord, next: Option<String>) -> Result<(), Error> {
        let next = next.filter(|marker| !marker.is_empty());
        if let (Self::Behind(this), Some(next)) = (&*self, &next)
            && this == next
        {
            // A server that sends the same place again would keep the guest, and us, here for ever.
            let error = Error::Other("the listing does not advance".to_owned());
            call.fail(error::case(&error), &NoMarker::Same);
            return Err(error);
        }
        if next.as_ref().is_some_and(|marker| marker.len() > MAX_MARKER_BYTES) {
            let error = Error::Other("the listing cannot go on".to_owned());
            call.fail(error::case(&error), &NoMarker::TooLong);
            return Err(error);
        }
        call.succeed();
        *self = next.map_or(Self::None, Self::Behind);
        Ok(())
    }
}

impl FunctionListing {
    pub(crate) async fn of_account(ctx: &AwsCtx, page_size: Option<u32>) -> Result<Self, Error> {
        let page_size = convert::page_size(page_size)?;
        Ok(Self { of: Of::Account(ctx.gate().place().await?.clone()), page_size, next: Next::First })
    }

    pub(crate) fn of_versions(function: &Function, page_size: Option<u32>) -> Result<Self, Error> {
        let of = Of::Versions(function.arn().unqualified());
        Ok(Self { of, page_size: convert::page_size(page_size)?, next: Next::First })
    }

    pub(crate) async fn next_page(
        &mut self,
        ctx: &AwsCtx,
    ) -> Result<Option<Vec<FunctionConfiguration>>, Error> {
        let Some(marker) = self.next.marker() else { return Ok(None) };
        let (functions, next, mut call) = match &self.of {
            Of::Account(place) => {
                let mut permit = ctx.gate().lambda(LambdaOperation::ListFunctions { place }, None).await?;
                let request =
                    permit.client.list_functions().max_items(self.page_size).set_marker(marker).send();
                let answer = permit.call.observe(request).await;
                match answer {
                    Ok(output) => (output.functions, output.next_marker, permit.call),
                    Err(error) => return Err(settle(&mut permit.call, &error)),
                }
            }
            Of::Versions(function) => {
                let operation = LambdaOperation::ListVersionsByFunction { function };
                let mut permit = ctx.gate().lambda(operation, None).await?;
                let request = permit
                    .client
                    .list_versions_by_function()
                    .function_name(function.to_string())
                    .max_items(self.page_size)
                    .set_marker(marker)
                    .send();
                let answer = permit.call.observe(request).await;
                match answer {
                    Ok(output) => (output.versions, output.next_marker, permit.call),
                    Err(error) => return Err(settle(&mut permit.call, &error)),
                }
            }
        };
        self.next.advance(&mut call, next)?;
        Ok(Some(functions.iter().flatten().map(convert::configuration).collect()))
    }
}

impl AliasListing {
    pub(crate) fn new(function: &Function, page_size: Option<u32>) -> Result<Self, Error> {
        let page_size = convert::page_size(page_size)?;
        Ok(Self { function: function.arn().unqualified(), page_size, next: Next::First })
    }

    pub(crate) async fn next_page(&mut self, ctx: &AwsCtx) -> Result<Option<Vec<FunctionAlias>>, Error> {
        let Some(marker) = self.next.marker() else { return Ok(None) };
        let operation = LambdaOperation::ListAliases { function: &self.function };
        let mut permit = ctx.gate().lambda(operation, None).await?;
        let request = permit
            .client
            .list_aliases()
            .function_name(self.function.to_string())
            .max_items(self.page_size)
            .set_marker(marker)
            .send();
        let answer = permit.call.observe(request).await;
        let output = match answer {
            Ok(output) => output,
            Err(error) => return Err(settle(&mut permit.call, &error)),
        };
        self.next.advance(&mut permit.call, output.next_marker)?;
        Ok(Some(output.aliases.into_iter().flatten().map(convert::alias).collect()))
    }
}

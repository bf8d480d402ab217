//! What is known of a function, and whether it can be invoked.

use std::time::Duration;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use innkeeper_policy::LambdaOperation;
use tokio::time::Instant;

use crate::bindings::lambda_types::{Error, FunctionConfiguration, FunctionStatus};
use crate::context::AwsCtx;
use crate::lambda::function::Function;
use crate::lambda::{convert, settle};

/// How long a wait pauses between two questions.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) async fn get(ctx: &AwsCtx, function: &Function) -> Result<FunctionConfiguration, Error> {
    let output = send(ctx, function).await?;
    let status = convert::status(output.state.as_ref(), output.state_reason_code.as_ref());
    Ok(FunctionConfiguration { status: Some(status), ..convert::configuration_of_get(&output) })
}

pub(crate) async fn status(ctx: &AwsCtx, function: &Function) -> Result<FunctionStatus, Error> {
    let output = send(ctx, function).await?;
    Ok(convert::status(output.state.as_ref(), output.state_reason_code.as_ref()))
}

/// Asks until the function is no longer pending, for so many seconds at most. The guest's own time limit ends it too.
pub(crate) async fn wait_until_active(
    ctx: &AwsCtx,
    function: &Function,
    seconds: u32,
) -> Result<FunctionStatus, Error> {
    let started = Instant::now();
    let limit = Duration::from_secs(seconds.into());
    loop {
        match status(ctx, function).await? {
            FunctionStatus::Pending if started.elapsed() + PAUSE > limit => return Err(Error::NotReady),
            FunctionStatus::Pending => tokio::time::sleep(PAUSE).await,
            other => return Ok(other),
        }
    }
}

async fn send(ctx: &AwsCtx, function: &Function) -> Result<GetFunctionConfigurationOutput, Error> {
    let (name, qualifier) = function.parameters();
    let operation = LambdaOperation::GetFunctionConfiguration { function: function.arn() };
    let mut permit = ctx.gate().lambda(operation, None).await?;
    let request =
        permit.client.get_function_configuration().function_name(name).set_qualifier(qualifier).send();
    let answer = permit.call.observe(request).await;
    match answer {
        Ok(output) => {
            permit.call.succeed();
            Ok(output)
        }
        Err(error) => Err(settle(&mut permit.call, &error)),
    }
}

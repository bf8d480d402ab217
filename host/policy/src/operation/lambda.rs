use crate::{
    action::Action,
    arn::{AccountRegion, FunctionArn},
    request::{Context, Request, Resource},
};

/// A call of AWS Lambda.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum LambdaOperation<'a> {
    /// Runs a function, has it run some time soon, or asks whether it could be run.
    Invoke {
        /// The function, with its qualifier.
        function: &'a FunctionArn,
    },
    /// Runs a function and takes its answer as a stream.
    InvokeWithResponseStream {
        /// The function, with its qualifier.
        function: &'a FunctionArn,
    },
    /// Asks what is known of a function.
    GetFunctionConfiguration {
        /// The function, with its qualifier.
        function: &'a FunctionArn,
    },
    /// Lists one page of a function's versions.
    ListVersionsByFunction {
        /// The function, without qualifier.
        function: &'a FunctionArn,
    },
    /// Lists one page of a function's aliases.
    ListAliases {
        /// The function, without qualifier.
        function: &'a FunctionArn,
    },
    /// Lists one page of an account's functions in a region.
    ListFunctions {
        /// The account and the region.
        place: &'a AccountRegion,
    },
}

names! {
    LambdaOperation:
    Invoke => "Invoke",
    InvokeWithResponseStream => "InvokeWithResponseStream",
    GetFunctionConfiguration => "GetFunctionConfiguration",
    ListVersionsByFunction => "ListVersionsByFunction",
    ListAliases => "ListAliases",
    ListFunctions => "ListFunctions",
}

impl<'a> LambdaOperation<'a> {
    /// What the operation is done on.
    pub fn resource(&self) -> Resource<'a> {
        match *self {
            Self::Invoke { function }
            | Self::InvokeWithResponseStream { function }
            | Self::GetFunctionConfiguration { function }
            | Self::ListVersionsByFunction { function }
            | Self::ListAliases { function } => Resource::function(function),
            Self::ListFunctions { place } => Resource::all_of_lambda(place),
        }
    }

    /// The table of what each operation needs: its requests, counted from 0, up to the first `None`.
    pub(super) fn request(&self, index: usize) -> Option<Request<'a>> {
        if index > 0 {
            return None;
        }
        let action = match self {
            Self::Invoke { .. } | Self::InvokeWithResponseStream { .. } => Action::LambdaInvokeFunction,
            Self::GetFunctionConfiguration { .. } => Action::LambdaGetFunctionConfiguration,
            Self::ListVersionsByFunction { .. } => Action::LambdaListVersionsByFunction,
            Self::ListAliases { .. } => Action::LambdaListAliases,
            Self::ListFunctions { .. } => Action::LambdaListFunctions,
        };
        Some(Request { action, resource: self.resource(), context: Context::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Operation, Service, arn::FunctionReference};

    fn function(name: &str) -> FunctionArn {
        name.parse::<FunctionReference>().unwrap().resolve(&place())
    }

    fn place() -> AccountRegion {
        AccountRegion::new("eu-west-1", "123456789012".parse().unwrap()).unwrap()
    }

    fn needs(operation: LambdaOperation<'_>) -> Vec<String> {
        let operation = Operation::from(operation);
        assert_eq!(operation.service(), Service::Lambda);
        operation.requests().map(|request| format!("{} {}", request.action, request.resource)).collect()
    }

    #[test]
    fn whatever_is_done_needs_the_whole_qualified_arn() {
        for name in ["price", "price:live", "price:$LATEST"] {
            let function = &function(name);
            let arn = format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
            let invoke = [format!("lambda:InvokeFunction {arn}")];
            assert_eq!(needs(LambdaOperation::Invoke { function }), invoke);
            assert_eq!(needs(LambdaOperation::InvokeWithResponseStream { function }), invoke);
            for (operation, action) in [
                (LambdaOperation::GetFunctionConfiguration { function }, "lambda:GetFunctionConfiguration"),
                (LambdaOperation::ListVersionsByFunction { function }, "lambda:ListVersionsByFunction"),
                (LambdaOperation::ListAliases { function }, "lambda:ListAliases"),
            ] {
                assert_eq!(needs(operation), [format!("{action} {arn}")]);
            }
        }
    }

    #[test]
    fn a_listing_needs_its_action_on_all_functions() {
        let place = place();
        assert_eq!(
            needs(LambdaOperation::ListFunctions { place: &place }),
            ["lambda:ListFunctions arn:aws:lambda:eu-west-1:123456789012:*"]
        );
    }
}

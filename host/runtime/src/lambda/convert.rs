//! Between the records of the WIT interface and the SDK's. Nothing here decides or sends.

use std::collections::BTreeMap;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{
    AliasConfiguration, Architecture, FunctionConfiguration as SdkConfiguration, State, StateReasonCode,
};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::bindings::common_types::Timestamp;
use crate::bindings::lambda_types::{Error, FunctionAlias, FunctionConfiguration, FunctionStatus};

/// The most things that Lambda puts on a page.
const MAX_PAGE_SIZE: u32 = 50;

/// The page size of a listing.
pub(crate) fn page_size(page_size: Option<u32>) -> Result<i32, Error> {
    match page_size.unwrap_or(MAX_PAGE_SIZE) {
        size @ 1..=MAX_PAGE_SIZE => {
            i32::try_from(size).map_err(|error| Error::InvalidArgument(error.to_string()))
        }
        _ => Err(Error::InvalidArgument(format!("the page size has to be 1 to {MAX_PAGE_SIZE}"))),
    }
}

/// What a function's state says. One that says nothing is of an old kind that was active as soon as it was there.
pub(crate) fn status(state: Option<&State>, reason: Option<&StateReasonCode>) -> FunctionStatus {
    match state {
        None | Some(State::Active) => FunctionStatus::Active,
        Some(State::Pending) => FunctionStatus::Pending,
        Some(State::Inactive) => FunctionStatus::Inactive,
        Some(State::Failed) => FunctionStatus::Failed(reason.map_or("", StateReasonCode::as_str).to_owned()),
        Some(other) => FunctionStatus::Other(other.as_str().to_owned()),
    }
}

/// The answer of `GetFunctionConfiguration` and the lines of listings have the same fields and no trait for them.
macro_rules! configuration {
    ($from:expr) => {
        FunctionConfiguration {
            name: $from.function_name.clone().unwrap_or_default(),
            version: $from.version.clone().unwrap_or_default(),
            description: $from.description.clone().filter(|text| !text.is_empty()),
            runtime: $from.runtime.as_ref().map(|runtime| runtime.as_str().to_owned()),
            handler: $from.handler.clone(),
            memory_size: $from.memory_size.and_then(|size| u32::try_from(size).ok()),
            timeout: $from.timeout.and_then(|timeout| u32::try_from(timeout).ok()),
            code_size: u64::try_from($from.code_size).unwrap_or_default(),
            architectures: $from.architectures.iter().flatten().map(architecture).collect(),
            last_modified: $from.last_modified.as_deref().and_then(timestamp),
            status: None,
        }
    };
}

pub(crate) fn configuration_of_get(output: &GetFunctionConfigurationOutput) -> FunctionConfiguration {
    configuration!(output)
}

pub(crate) fn configuration(from: &SdkConfiguration) -> FunctionConfiguration {
    configuration!(from)
}

fn architecture(architecture: &Architecture) -> String {
    architecture.as_str().to_owned()
}

/// An alias. The additional versions are in the order of their names.
pub(crate) fn alias(from: AliasConfiguration) -> FunctionAlias {
    let weights = from.routing_config.and_then(|routing| routing.additional_version_weights);
    let weights: BTreeMap<String, f64> = weights.into_iter().flatten().collect();
    FunctionAlias {
        name: from.name.unwrap_or_default(),
        function_version: from.function_version.unwrap_or_default(),
        description: from.description.filter(|text| !text.is_empty()),
        additional_version_weights: weights.into_iter().collect(),
    }
}

/// Lambda writes times as `2026-01-01T00:00:00.000+0000`.
fn timestamp(text: &str) -> Option<Timestamp> {
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond][offset_hour sign:mandatory][offset_minute]"
    );
    let time = OffsetDateTime::parse(text, format).ok()?;
    Some(Timestamp { seconds: time.unix_timestamp(), nanoseconds: time.nanosecond() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_times_that_lambda_writes() {
        let time = timestamp("2026-01-01T00:00:00.250+0000").unwrap();
        assert_eq!((time.seconds, time.nanoseconds), (1_767_225_600, 250_000_000));
        assert!(timestamp("yesterday").is_none());
    }

    #[test]
    fn a_page_has_one_to_fifty() {
        for (size, good) in [(0, false), (1, true), (50, true), (51, false), (u32::MAX, false)] {
            assert_eq!(page_size(Some(size)).is_ok(), good, "{size}");
        }
        assert_eq!(page_size(None).unwrap(), 50);
    }

    #[test]
    fn what_may_hold_secrets_or_accounts_is_left_out() {
        let from = SdkConfiguration::builder()
            .function_name("price")
            .function_arn("arn:aws:lambda:eu-west-1:123456789012:function:price")
            .role("arn:aws:iam::123456789012:role/price")
            .kms_key_arn("arn:aws:kms:eu-west-1:123456789012:key/1")
            .version("7")
            .architectures(Architecture::Arm64)
            .build();
        let told = configuration(&from);
        assert_eq!((told.name.as_str(), told.version.as_str()), ("price", "7"));
        assert!(!format!("{told:?}").contains("123456789012"));
    }

    #[test]
    fn each_state_is_told() {
        let of =
            |state: &str| status(Some(&State::from(state)), Some(&StateReasonCode::from("InvalidSubnet")));
        assert!(matches!(of("Active"), FunctionStatus::Active));
        assert!(matches!(of("Pending"), FunctionStatus::Pending));
        assert!(matches!(of("Inactive"), FunctionStatus::Inactive));
        assert!(matches!(of("Failed"), FunctionStatus::Failed(reason) if reason == "InvalidSubnet"));
        assert!(matches!(of("Deleting"), FunctionStatus::Other(state) if state == "Deleting"));
        assert!(matches!(status(None, None), FunctionStatus::Active));
    }
}

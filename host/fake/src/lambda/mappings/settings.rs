//! How a queue is polled for a function.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::filter::Filter;
use crate::lambda::create::number;
use crate::lambda::error::{error, validation};
use crate::layer::AwsError;

/// The messages of a batch, if no other number is given.
const DEFAULT_BATCH: u64 = 10;
/// The most messages of a batch that is not gathered over a time.
const MAX_BATCH_AT_ONCE: u64 = 10;
const BATCHES: std::ops::RangeInclusive<u64> = 1..=10_000;
/// How long a batch may be gathered, in seconds.
const WINDOWS: std::ops::RangeInclusive<u64> = 0..=300;
const CONCURRENCIES: std::ops::RangeInclusive<u64> = 2..=1000;
/// The most patterns that a message may have to fit one of.
const MAX_FILTERS: usize = 5;
/// What is for other sources than queues.
const NOT_FOR_QUEUES: &[&str] = &[
    "AmazonManagedKafkaEventSourceConfig",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "DocumentDBEventSourceConfig",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "Queues",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "Topics",
    "TumblingWindowInSeconds",
];
/// What a client may set that has no effect here.
const SHOWN: &[&str] = &["KMSKeyArn", "MetricsConfig", "ProvisionedPollerConfig"];

/// What a client can set of a mapping.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Settings {
    pub(super) batch_size: u64,
    /// `MaximumBatchingWindowInSeconds`
    pub(super) batching_window: u64,
    /// `ReportBatchItemFailures` of `FunctionResponseTypes`.
    pub(super) report_batch_item_failures: bool,
    /// `MaximumConcurrency`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maximum_concurrency: Option<u64>,
    /// The patterns of `FilterCriteria`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) filters: Vec<String>,
    /// What has no effect.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) shown: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: DEFAULT_BATCH,
            batching_window: 0,
            report_batch_item_failures: false,
            maximum_concurrency: None,
            filters: Vec::new(),
            shown: Map::new(),
        }
    }
}

impl Settings {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over what a request says.
    pub(super) fn change(&mut self, input: &Value, is_fifo: bool) -> Result<(), AwsError> {
        if let Some(name) = NOT_FOR_QUEUES.iter().find(|name| has(input, name)) {
            return Err(invalid(format!(
                "Unsupported {name} parameter for given event source mapping type."
            )));
        }
        if let Some(size) = number(input, "BatchSize", "batchSize", BATCHES)? {
            self.batch_size = size;
        }
        let window = "maximumBatchingWindowInSeconds";
        if let Some(seconds) = number(input, "MaximumBatchingWindowInSeconds", window, WINDOWS)? {
            self.batching_window = seconds;
        }
        if let Some(types) = input.get("FunctionResponseTypes").and_then(Value::as_array) {
            let unknown = types.iter().find(|it| it.as_str() != Some("ReportBatchItemFailures"));
            if let Some(unknown) = unknown {
                let constraint = "Member must satisfy enum value set: [ReportBatchItemFailures]";
                return Err(validation(&unknown.to_string(), "functionResponseTypes", constraint));
            }
            self.report_batch_item_failures = !types.is_empty();
        }
        if let Some(scaling) = input.get("ScalingConfig").filter(|scaling| !scaling.is_null()) {
            // An empty one takes the limit away.
            let field = "scalingConfig.maximumConcurrency";
            self.maximum_concurrency = number(scaling, "MaximumConcurrency", field, CONCURRENCIES)?;
        }
        if let Some(criteria) = input.get("FilterCriteria").filter(|criteria| !criteria.is_null()) {
            let filters = criteria.get("Filters").and_then(Value::as_array).into_iter().flatten();
            let patterns = filters.map(|filter| filter.get("Pattern").and_then(Value::as_str));
            self.filters = patterns.map(|pattern| pattern.unwrap_or_default().to_owned()).collect();
        }
        for name in SHOWN {
            if let Some(value) = input.get(*name).filter(|value| !value.is_null()) {
                self.shown.insert((*name).to_owned(), value.clone());
            }
        }
        self.check(is_fifo)
    }

    /// What has to fit together.
    pub(super) fn check(&self, is_fifo: bool) -> Result<(), AwsError> {
        if is_fifo && self.batching_window > 0 {
            return Err(invalid("Batching window is not supported for FIFO queues"));
        }
        if self.batch_size > MAX_BATCH_AT_ONCE && self.batching_window == 0 {
            return Err(invalid(format!(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than \
                 {MAX_BATCH_AT_ONCE}"
            )));
        }
        if !BATCHES.contains(&self.batch_size) {
            return Err(invalid(format!("a batch has {} to {} messages", BATCHES.start(), BATCHES.end())));
        }
        if self.filters.len() > MAX_FILTERS {
            return Err(invalid(format!("Exceeded the limit of {MAX_FILTERS} filters.")));
        }
        if self.filters.iter().any(|pattern| Filter::parse(pattern).is_none()) {
            return Err(invalid("Invalid filter pattern definition."));
        }
        Ok(())
    }
}

fn has(input: &Value, name: &str) -> bool {
    input.get(name).is_some_and(|value| !value.is_null())
}

pub(super) fn invalid(message: impl Into<String>) -> AwsError {
    error("InvalidParameterValueException", message)
}

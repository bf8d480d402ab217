//! Configurations of which a bucket has several, each by an id of its own. They are only kept: nothing is counted, moved or written
//! because of them.

use std::collections::BTreeMap;

use http::StatusCode;
use s3s::dto::{
    AnalyticsConfiguration, DeleteBucketAnalyticsConfigurationInput,
    DeleteBucketAnalyticsConfigurationOutput, DeleteBucketIntelligentTieringConfigurationInput,
    DeleteBucketIntelligentTieringConfigurationOutput, DeleteBucketInventoryConfigurationInput,
    DeleteBucketInventoryConfigurationOutput, DeleteBucketMetricsConfigurationInput,
    DeleteBucketMetricsConfigurationOutput, GetBucketAnalyticsConfigurationInput,
    GetBucketAnalyticsConfigurationOutput, GetBucketIntelligentTieringConfigurationInput,
    GetBucketIntelligentTieringConfigurationOutput, GetBucketInventoryConfigurationInput,
    GetBucketInventoryConfigurationOutput, GetBucketMetricsConfigurationInput,
    GetBucketMetricsConfigurationOutput, IntelligentTieringConfiguration, InventoryConfiguration,
    ListBucketAnalyticsConfigurationsInput, ListBucketAnalyticsConfigurationsOutput,
    ListBucketIntelligentTieringConfigurationsInput, ListBucketIntelligentTieringConfigurationsOutput,
    ListBucketInventoryConfigurationsInput, ListBucketInventoryConfigurationsOutput,
    ListBucketMetricsConfigurationsInput, ListBucketMetricsConfigurationsOutput, MetricsConfiguration,
    PutBucketAnalyticsConfigurationInput, PutBucketAnalyticsConfigurationOutput,
    PutBucketIntelligentTieringConfigurationInput, PutBucketIntelligentTieringConfigurationOutput,
    PutBucketInventoryConfigurationInput, PutBucketInventoryConfigurationOutput,
    PutBucketMetricsConfigurationInput, PutBucketMetricsConfigurationOutput,
};
use s3s::{S3Error, S3Request, S3Response, S3Result};
use serde_json::Value;

use super::documents::{read, xml};
use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::custom_with;

/// The most configurations of one kind. A list has them all on one page.
const MAX: usize = 1000;

/// The configurations by their kinds and ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Identified {
    analytics: BTreeMap<String, AnalyticsConfiguration>,
    intelligent_tiering: BTreeMap<String, IntelligentTieringConfiguration>,
    inventory: BTreeMap<String, InventoryConfiguration>,
    metrics: BTreeMap<String, MetricsConfiguration>,
}

/// The four operations of a kind, all alike.
macro_rules! kind {
    (
        $field:ident, $configuration:ident, $list:ident:
        $put:ident($put_input:ident) -> $put_output:ident;
        $get:ident($get_input:ident) -> $get_output:ident;
        $list_all:ident($list_input:ident) -> $list_output:ident;
        $delete:ident($delete_input:ident) -> $delete_output:ident;
    ) => {
        pub(crate) fn $put(shared: &Shared, request: S3Request<$put_input>) -> Answer<$put_output> {
            let input = request.input;
            check_id(&input.id, &input.$configuration.id)?;
            change(shared, &input.bucket, |configuration| {
                set(&mut configuration.identified.$field, input.id, input.$configuration)
            })??;
            Ok(S3Response::new($put_output {}))
        }

        pub(crate) fn $get(shared: &Shared, request: &S3Request<$get_input>) -> Answer<$get_output> {
            let input = &request.input;
            let kept = look(shared, &input.bucket, |it| it.identified.$field.get(&input.id).cloned())?;
            Ok(S3Response::new($get_output { $configuration: Some(kept.ok_or_else(no_configuration)?) }))
        }

        pub(crate) fn $list_all(shared: &Shared, request: &S3Request<$list_input>) -> Answer<$list_output> {
            let bucket = &request.input.bucket;
            let kept = look(shared, bucket, |it| it.identified.$field.values().cloned().collect())?;
            Ok(S3Response::new($list_output {
                $list: Some(kept),
                is_truncated: Some(false),
                ..$list_output::default()
            }))
        }

        pub(crate) fn $delete(shared: &Shared, request: &S3Request<$delete_input>) -> Answer<$delete_output> {
            let input = &request.input;
            let removed = change(shared, &input.bucket, |it| it.identified.$field.remove(&input.id))?;
            removed.map(|_| S3Response::new($delete_output {})).ok_or_else(no_configuration)
        }
    };
}

kind! {
    analytics, analytics_configuration, analytics_configuration_list:
    put_analytics(PutBucketAnalyticsConfigurationInput) -> PutBucketAnalyticsConfigurationOutput;
    get_analytics(GetBucketAnalyticsConfigurationInput) -> GetBucketAnalyticsConfigurationOutput;
    list_analytics(ListBucketAnalyticsConfigurationsInput) -> ListBucketAnalyticsConfigurationsOutput;
    delete_analytics(DeleteBucketAnalyticsConfigurationInput) -> DeleteBucketAnalyticsConfigurationOutput;
}

kind! {
    intelligent_tiering, intelligent_tiering_configuration, intelligent_tiering_configuration_list:
    put_tiering(PutBucketIntelligentTieringConfigurationInput) -> PutBucketIntelligentTieringConfigurationOutput;
    get_tiering(GetBucketIntelligentTieringConfigurationInput) -> GetBucketIntelligentTieringConfigurationOutput;
    list_tiering(ListBucketIntelligentTieringConfigurationsInput) -> ListBucketIntelligentTieringConfigurationsOutput;
    delete_tiering(DeleteBucketIntelligentTieringConfigurationInput) -> DeleteBucketIntelligentTieringConfigurationOutput;
}

kind! {
    inventory, inventory_configuration, inventory_configuration_list:
    put_inventory(PutBucketInventoryConfigurationInput) -> PutBucketInventoryConfigurationOutput;
    get_inventory(GetBucketInventoryConfigurationInput) -> GetBucketInventoryConfigurationOutput;
    list_inventories(ListBucketInventoryConfigurationsInput) -> ListBucketInventoryConfigurationsOutput;
    delete_inventory(DeleteBucketInventoryConfigurationInput) -> DeleteBucketInventoryConfigurationOutput;
}

kind! {
    metrics, metrics_configuration, metrics_configuration_list:
    put_metrics(PutBucketMetricsConfigurationInput) -> PutBucketMetricsConfigurationOutput;
    get_metrics(GetBucketMetricsConfigurationInput) -> GetBucketMetricsConfigurationOutput;
    list_metrics(ListBucketMetricsConfigurationsInput) -> ListBucketMetricsConfigurationsOutput;
    delete_metrics(DeleteBucketMetricsConfigurationInput) -> DeleteBucketMetricsConfigurationOutput;
}

impl Identified {
    /// The configurations as documents: a list of each kind that there is one of.
    pub(super) fn documents(&self) -> impl Iterator<Item = (&'static str, Value)> {
        fn list<T: s3s::xml::Serialize>(kept: &BTreeMap<String, T>) -> Value {
            kept.values().filter_map(|configuration| xml(Some(configuration))).collect()
        }
        let kinds = [
            ("analytics", list(&self.analytics)),
            ("intelligent-tiering", list(&self.intelligent_tiering)),
            ("inventory", list(&self.inventory)),
            ("metrics", list(&self.metrics)),
        ];
        kinds.into_iter().filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()))
    }

    /// Takes the list of a kind over. None if there is no such kind.
    pub(super) fn set_documents(&mut self, kind: &str, list: &Value) -> Option<Result<(), String>> {
        fn read_all<T: for<'xml> s3s::xml::Deserialize<'xml>>(
            list: &Value,
            id: impl Fn(&T) -> &String,
        ) -> Result<BTreeMap<String, T>, String> {
            let list = list.as_array().ok_or_else(|| "it is no list".to_owned())?;
            let mut all = BTreeMap::new();
            for document in list {
                let configuration = read::<T>(document)?.ok_or_else(|| "it has a `null`".to_owned())?;
                all.insert(id(&configuration).clone(), configuration);
            }
            Ok(all)
        }
        Some(match kind {
            "analytics" => {
                read_all(list, |it: &AnalyticsConfiguration| &it.id).map(|all| self.analytics = all)
            }
            "intelligent-tiering" => read_all(list, |it: &IntelligentTieringConfiguration| &it.id)
                .map(|all| self.intelligent_tiering = all),
            "inventory" => {
                read_all(list, |it: &InventoryConfiguration| &it.id).map(|all| self.inventory = all)
            }
            "metrics" => read_all(list, |it: &MetricsConfiguration| &it.id).map(|all| self.metrics = all),
            _ => return None,
        })
    }
}

fn set<T>(kept: &mut BTreeMap<String, T>, id: String, configuration: T) -> S3Result {
    if kept.len() >= MAX && !kept.contains_key(&id) {
        let message = format!(
            "You are attempting to create a new configuration but have already reached the {MAX}-configuration limit."
        );
        return Err(custom_with("TooManyConfigurations", StatusCode::BAD_REQUEST, message));
    }
    kept.insert(id, configuration);
    Ok(())
}

/// The id stands in the URL and in the document.
fn check_id(asked: &str, of_document: &str) -> S3Result {
    if asked == of_document {
        return Ok(());
    }
    let message = "Document ID does not match the specified configuration ID.";
    Err(custom_with("IdMismatch", StatusCode::BAD_REQUEST, message))
}

fn no_configuration() -> S3Error {
    missing("NoSuchConfiguration", "The specified configuration does not exist.")
}

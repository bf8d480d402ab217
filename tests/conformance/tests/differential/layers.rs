//! Operations on Lambda's layers.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{LayerVersionContentInput, Runtime};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::lambda::{ARCHIVES, FUNCTIONS, answer, document};
use crate::side::{REGION, Side, failure};

const LAYERS: &[&str] = &["deps", "tools"];

#[derive(Clone, Debug)]
pub(crate) enum Layer {
    PublishLayerVersion(&'static str, &'static [u8]),
    GetLayerVersion(&'static str, i64),
    GetLayerVersionByArn(&'static str, i64),
    ListLayerVersions(&'static str),
    ListLayers,
    DeleteLayerVersion(&'static str, i64),
    AddLayerVersionPermission(&'static str, &'static str),
    GetLayerVersionPolicy(&'static str),
    /// `UpdateFunctionConfiguration`
    Use(&'static str, i64),
}

pub(crate) fn operation() -> impl Strategy<Value = Layer> {
    let number = || 1..4_i64;
    prop_oneof![
        5 => (layer(), select(ARCHIVES)).prop_map(|(name, code)| Layer::PublishLayerVersion(name, code)),
        2 => (layer(), number()).prop_map(|(name, number)| Layer::GetLayerVersion(name, number)),
        1 => (layer(), number()).prop_map(|(name, number)| Layer::GetLayerVersionByArn(name, number)),
        2 => layer().prop_map(Layer::ListLayerVersions),
        1 => Just(Layer::ListLayers),
        2 => (layer(), number()).prop_map(|(name, number)| Layer::DeleteLayerVersion(name, number)),
        1 => (layer(), select(&["all", "some"][..]))
            .prop_map(|(name, id)| Layer::AddLayerVersionPermission(name, id)),
        1 => layer().prop_map(Layer::GetLayerVersionPolicy),
        2 => (layer(), number()).prop_map(|(name, number)| Layer::Use(name, number)),
    ]
}

fn layer() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just(LAYERS[0]), 1 => Just(LAYERS[1])]
}

fn arn(name: &str, number: i64) -> String {
    format!("arn:aws:lambda:{REGION}:123456789012:layer:{name}:{number}")
}

/// The members that versions of layers have in every answer.
macro_rules! version {
    ($it:ident) => {
        json!({
            "arn": $it.layer_version_arn(), "version": $it.version(), "license": $it.license_info(),
            "runtimes": $it.compatible_runtimes().iter().map(|it| it.as_str()).collect::<Vec<_>>(),
        })
    };
}

/// Those of a version that is shown alone.
macro_rules! whole {
    ($it:ident) => {{
        let content = $it.content().map(|it| json!([it.code_sha256(), it.code_size()]));
        json!({
            "version": version!($it), "layer": $it.layer_arn(), "description": $it.description(), "content": content,
        })
    }};
}

impl Layer {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::PublishLayerVersion(..) => "PublishLayerVersion",
            Self::GetLayerVersion(..) => "GetLayerVersion",
            Self::GetLayerVersionByArn(..) => "GetLayerVersionByArn",
            Self::ListLayerVersions(_) => "ListLayerVersions",
            Self::ListLayers => "ListLayers",
            Self::DeleteLayerVersion(..) => "DeleteLayerVersion",
            Self::AddLayerVersionPermission(..) => "AddLayerVersionPermission",
            Self::GetLayerVersionPolicy(_) => "GetLayerVersionPolicy",
            Self::Use(..) => "UseLayer",
        }
    }

    pub(crate) async fn run(&self, side: &Side) -> Value {
        let lambda = &side.lambda;
        match self.clone() {
            Self::PublishLayerVersion(name, code) => {
                let content = LayerVersionContentInput::builder().zip_file(Blob::new(code)).build();
                let publish = lambda.publish_layer_version().layer_name(name).content(content);
                let publish = publish.license_info("MIT").compatible_runtimes(Runtime::Python312);
                answer!(publish.description("shared"), it => whole!(it))
            }
            Self::GetLayerVersion(name, number) => {
                answer!(lambda.get_layer_version().layer_name(name).version_number(number), it => whole!(it))
            }
            Self::GetLayerVersionByArn(name, number) => {
                answer!(lambda.get_layer_version_by_arn().arn(arn(name, number)), it => whole!(it))
            }
            Self::ListLayerVersions(name) => {
                answer!(lambda.list_layer_versions().layer_name(name), it => {
                    json!({ "versions": it.layer_versions().iter().map(|it| version!(it)).collect::<Vec<_>>() })
                })
            }
            Self::ListLayers => answer!(lambda.list_layers(), it => {
                let layers = it.layers().iter().map(|it| {
                    let latest = it.latest_matching_version().map(|it| version!(it));
                    json!({ "name": it.layer_name(), "arn": it.layer_arn(), "latest": latest })
                });
                let mut layers: Vec<_> = layers.collect();
                layers.sort_by_key(Value::to_string);
                json!({ "layers": layers })
            }),
            Self::DeleteLayerVersion(name, number) => {
                let delete = lambda.delete_layer_version().layer_name(name).version_number(number);
                answer!(delete, _done => json!({}))
            }
            Self::AddLayerVersionPermission(name, id) => {
                let add = lambda.add_layer_version_permission().layer_name(name).version_number(1);
                let add = add.statement_id(id).action("lambda:GetLayerVersion").principal("*");
                answer!(add, it => json!({ "statement": document(it.statement()) }))
            }
            Self::GetLayerVersionPolicy(name) => {
                let get = lambda.get_layer_version_policy().layer_name(name).version_number(1);
                answer!(get, it => json!({ "policy": document(it.policy()) }))
            }
            Self::Use(name, number) => {
                let update = lambda.update_function_configuration().function_name(FUNCTIONS[0]);
                answer!(update.layers(arn(name, number)), it => {
                    let layers = it.layers().iter().map(|it| json!([it.arn(), it.code_size()]));
                    json!({ "layers": layers.collect::<Vec<_>>() })
                })
            }
        }
    }
}

//! The operations that publish, show and delete the versions of layers.

use serde_json::{Map, Value, json};

use super::layer::{Layer, LayerVersion};
use super::name::{LayerArn, LayerId, any_layer_of, layer_of, number_of};
use super::policy::check_access;
use crate::lambda::configuration::{page, timestamp};
use crate::lambda::create::{ARCHITECTURES, archive_of, text};
use crate::lambda::error::{error, not_found, validation};
use crate::lambda::function::Code;
use crate::lambda::rest::{Context, Route};
use crate::layer::AwsError;

/// `PublishLayerVersion`
pub(super) fn publish(cx: &Context<'_>, route: &Route, input: &Value) -> Result<Value, AwsError> {
    let id = layer_of(cx, route)?;
    let architectures = texts(input, "CompatibleArchitectures");
    if let Some(given) = &architectures
        && given.iter().any(|architecture| !ARCHITECTURES.contains(&architecture.as_str()))
    {
        return Err(validation(
            &format!("[{}]", given.join(", ")),
            "compatibleArchitectures",
            "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]]",
        ));
    }
    let content = input.get("Content").and_then(Value::as_object);
    let content = content.filter(|content| !content.is_empty());
    let content = content.ok_or_else(|| error("InvalidParameterValueException", "Missing Content"))?;
    let (_, archive) = archive_of(cx, &Value::Object(content.clone()))?;
    let (region, account_id, name) = (&id.region, id.account(cx), &id.name);
    let uuid = cx.shared.ids.uuid("layer-version");
    let location = format!(
        "https://awslambda-{region}-layers.s3.{region}.amazonaws.com/snapshots/{account_id}/{name}-{uuid}"
    );
    let version = LayerVersion {
        code: Code::of(&archive, location.into()),
        created: cx.shared.clock.now(),
        description: text(input, "Description").unwrap_or_default().to_owned(),
        license: text(input, "LicenseInfo").map(str::to_owned),
        runtimes: texts(input, "CompatibleRuntimes"),
        architectures,
        policy: Vec::new(),
        policy_revision: String::new(),
    };
    let mut layers = cx.shared.lambda.layers();
    let layer = layers.entry(&id);
    layer.last += 1;
    let answer = whole(cx, &id, layer.last, &version);
    layer.versions.insert(layer.last, version);
    Ok(answer)
}

/// `GetLayerVersion`. The archive itself is not to be had.
pub(super) fn get(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    found(cx, &any_layer_of(cx, route)?, number_of(route)?)
}

/// `GetLayerVersionByArn`
pub(super) fn get_by_arn(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let given = route.parameter("Arn").unwrap_or_default();
    let arn = LayerArn::parse(given).and_then(|arn| Some((arn.version?, arn)));
    let (number, arn) = arn.ok_or_else(|| {
        let pattern = "Member must satisfy regular expression pattern: \
                       arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso(b?)))?-[a-z]+-\\d{1}:\\d{12}:layer:\
                       [a-zA-Z0-9-_]+:[0-9]+";
        validation(given, "arn", pattern)
    })?;
    found(cx, &LayerId::of_arn(cx, &arn), number)
}

/// `ListLayerVersions`, newest first. Of a layer that is not there they are none.
pub(super) fn list_versions(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let id = layer_of(cx, route)?;
    let wanted = Wanted::of(route)?;
    let layers = cx.shared.lambda.layers();
    let versions = layers.get(&id).into_iter().flat_map(|layer| wanted.of_layer(layer));
    page(route, "LayerVersions", versions.map(|(number, it)| item(cx, &id, number, it).into()).collect())
}

/// `ListLayers`, each with its newest version.
pub(super) fn list_layers(cx: &Context<'_>, route: &Route) -> Result<Value, AwsError> {
    let wanted = Wanted::of(route)?;
    let layers = cx.shared.lambda.layers();
    let own = layers.all().map(|layer| (layer.id(), layer)).filter(|(id, _)| id.is_own(cx));
    let entries = own.filter_map(|(id, layer)| {
        let (number, version) = wanted.of_layer(layer).next()?;
        Some(json!({
            "LayerName": layer.name,
            "LayerArn": id.arn(cx),
            "LatestMatchingVersion": item(cx, &id, number, version),
        }))
    });
    page(route, "Layers", entries.collect())
}

/// `DeleteLayerVersion`. One that is not there is no error, and functions keep what they have.
pub(super) fn delete(cx: &Context<'_>, route: &Route) -> Result<(), AwsError> {
    let (id, number) = (layer_of(cx, route)?, number_of(route)?);
    if let Some(layer) = cx.shared.lambda.layers().get_mut(&id) {
        layer.versions.remove(&number);
    }
    Ok(())
}

/// What a list is limited to.
struct Wanted<'r> {
    runtime: Option<&'r str>,
    architecture: Option<&'r str>,
}

impl<'r> Wanted<'r> {
    fn of(route: &'r Route) -> Result<Self, AwsError> {
        let architecture = route.parameter("CompatibleArchitecture");
        match architecture.filter(|architecture| !ARCHITECTURES.contains(architecture)) {
            Some(unknown) => {
                let constraint = "Member must satisfy enum value set: [x86_64, arm64]";
                Err(validation(unknown, "compatibleArchitecture", constraint))
            }
            None => Ok(Self { runtime: route.parameter("CompatibleRuntime"), architecture }),
        }
    }

    /// The versions of a layer that are wanted, newest first.
    fn of_layer<'l>(&self, layer: &'l Layer) -> impl Iterator<Item = (u64, &'l LayerVersion)> {
        let has = |list: &Option<Vec<String>>, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| list.iter().flatten().any(|it| it == wanted))
        };
        let versions = layer.versions.iter().rev().map(|(number, version)| (*number, version));
        versions.filter(move |(_, version)| {
            has(&version.runtimes, self.runtime) && has(&version.architectures, self.architecture)
        })
    }
}

fn found(cx: &Context<'_>, id: &LayerId, number: u64) -> Result<Value, AwsError> {
    let layers = cx.shared.lambda.layers();
    let version = layers.version(id, number);
    if !id.is_own(cx) {
        check_access(cx, id, number, version)?;
    }
    Ok(whole(cx, id, number, version.ok_or_else(not_found)?))
}

/// A version as `GetLayerVersion` shows it.
fn whole(cx: &Context<'_>, id: &LayerId, number: u64, version: &LayerVersion) -> Value {
    let mut entry = item(cx, id, number, version);
    entry.insert("LayerArn".to_owned(), id.arn(cx).into());
    entry.insert("Description".to_owned(), version.description.clone().into());
    let code = &version.code;
    let content = json!({ "Location": code.location, "CodeSha256": code.sha256, "CodeSize": code.size });
    entry.insert("Content".to_owned(), content);
    entry.into()
}

/// A version as `LayerVersionsListItem`.
fn item(cx: &Context<'_>, id: &LayerId, number: u64, version: &LayerVersion) -> Map<String, Value> {
    let mut entry = Map::new();
    let mut put = |name: &str, value: Value| entry.insert(name.to_owned(), value);
    put("LayerVersionArn", id.version_arn(cx, number).into());
    put("Version", number.into());
    put("CreatedDate", timestamp(version.created).into());
    if !version.description.is_empty() {
        put("Description", version.description.clone().into());
    }
    if let Some(license) = &version.license {
        put("LicenseInfo", license.clone().into());
    }
    if let Some(runtimes) = &version.runtimes {
        put("CompatibleRuntimes", runtimes.clone().into());
    }
    if let Some(architectures) = &version.architectures {
        put("CompatibleArchitectures", architectures.clone().into());
    }
    entry
}

fn texts(input: &Value, name: &str) -> Option<Vec<String>> {
    let list = input.get(name)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

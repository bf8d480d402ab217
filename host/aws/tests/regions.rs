//! Which region a scope is in, and what is said when it is in none.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use innkeeper_aws::{ConfigurationError, Environment, Error, Identity, Region, RegionError, Scope};
use support::builder;

const CONFIG: &str = "[default]\nregion = ap-south-1\n[profile here]\nregion = ca-west-1\n\
    [profile there]\nsource_profile = here\nrole_arn = arn:aws:iam::123456789012:role/r\n[profile nowhere]\noutput = json";

fn region(name: &str) -> Region {
    Region::new(name).unwrap()
}

async fn resolve(
    guest: Option<&str>,
    aws: Option<&str>,
    variables: &[(&str, &str)],
    identity: Identity,
) -> Result<String, Error> {
    let (_, builder) = builder();
    let variables = [("HOME", "/h")].iter().chain(variables).copied();
    let factory = builder
        .environment(Environment::fixed(variables, [("/h/.aws/config", CONFIG)]))
        .region(aws.map(region))
        .build()
        .unwrap();
    let scope = Scope::builder().identity(identity).region(guest.map(region)).build().unwrap();
    factory.region(&scope).await.map(|region| region.to_string())
}

#[tokio::test]
async fn the_first_that_names_a_region_decides() {
    let both = [("AWS_REGION", "eu-north-1"), ("AWS_DEFAULT_REGION", "eu-south-1")];
    let chain = || Identity::DefaultChain;
    let profile = |name: &str| Identity::Profile(name.to_owned());
    for (guest, aws, variables, identity, expected) in [
        (Some("us-east-1"), Some("us-east-2"), both.as_slice(), chain(), "us-east-1"),
        (None, Some("us-east-2"), &both, chain(), "us-east-2"),
        (None, None, &both, chain(), "eu-north-1"),
        (None, None, &both[1..], chain(), "eu-south-1"),
        (None, None, &[("AWS_REGION", " "), both[1]], chain(), "eu-south-1"),
        (None, None, &[], chain(), "ap-south-1"),
        (None, None, &[("AWS_PROFILE", "here")], chain(), "ca-west-1"),
        (None, None, &[], profile("here"), "ca-west-1"),
        (None, None, &[], profile("there"), "ca-west-1"),
        (None, None, &[], profile("here").assume_role(support::ROLE).into(), "ca-west-1"),
    ] {
        assert_eq!(resolve(guest, aws, variables, identity).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn errors_with_what_was_looked_at_when_nobody_names_a_region() {
    let error = resolve(None, None, &[], Identity::Profile("nowhere".into())).await.unwrap_err();
    assert!(matches!(error, Error::Region(RegionError::NotFound { .. })));
    assert_eq!(
        error.display_chain().to_string(),
        "no region: none is configured: the guest: none, `[aws]`: none, `AWS_REGION`: not set, `AWS_DEFAULT_REGION`: \
         not set, profile `nowhere`: it has no `region`, instance metadata: not asked, because the host is not said to \
         run on AWS compute"
    );
}

#[tokio::test]
async fn errors_when_a_source_names_what_is_no_region_although_the_next_names_one() {
    let error =
        resolve(None, None, &[("AWS_REGION", "x@evil.example/")], Identity::DefaultChain).await.unwrap_err();
    assert_eq!(
        error.display_chain().to_string(),
        "no region: from `AWS_REGION`: `x@evil.example/` is not a region"
    );
    let error =
        resolve(None, None, &[("AWS_REGION", "xx-west-1")], Identity::DefaultChain).await.unwrap_err();
    assert!(
        error
            .display_chain()
            .to_string()
            .ends_with("region `xx-west-1` is in no partition that the SDK knows")
    );
}

#[tokio::test]
async fn errors_when_the_region_is_not_allowed() {
    let (_, builder) = builder();
    let factory = builder.allowed_regions([region("eu-west-1"), region("eu-west-2")]).build().unwrap();
    let scope = Scope::builder().build().unwrap();
    assert_eq!(factory.region(&scope).await.unwrap().as_str(), "eu-west-1");
    let error = factory.s3(&scope.with_region(region("us-east-1"))).await.unwrap_err();
    assert_eq!(
        error.display_chain().to_string(),
        "no region: region `us-east-1` (from the guest) is not among `allowed-regions`: eu-west-1, eu-west-2"
    );
}

#[test]
fn errors_when_no_region_is_allowed() {
    let builder = innkeeper_aws::ClientFactory::builder().allowed_regions([]);
    assert_eq!(builder.build().unwrap_err(), ConfigurationError::NoRegionAllowed);
}

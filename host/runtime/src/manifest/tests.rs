use pretty_assertions::assert_eq;

use super::*;
use crate::limits::Limits;

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    let folder = tempfile::tempdir().unwrap();
    let directory = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
    Manifest::parse(Source::new("innkeeper.toml", text), directory)
}

/// What is wrong with a manifest, one line each.
fn wrong(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

/// A guest with these lines in its section.
fn guest(lines: &str) -> String {
    format!("[guest.thumbnailer]\ncomponent = \"thumbnailer.wasm\"\n{lines}\n")
}

#[test]
fn reads_the_manifest_of_the_design() {
    let manifest = parse(
        r#"
        [aws]
        region = "eu-west-1"
        profile = "prod"
        allowed-regions = ["eu-west-1", "eu-central-1"]

        [aws.class.patient]
        attempt-timeout = "2m"
        operation-timeout = "none"
        retry-mode = "adaptive"

        [aws.class-of]
        ListObjectsV2 = "patient"

        [guest.thumbnailer]
        component = "thumbnailer.wasm"
        role-arn = "arn:aws:iam::123456789012:role/thumbnailer"
        external-id = "outside"
        config = { quality = "80" }
        names = { uploads = "arn:aws:s3:::prod-uploads-eu" }

        [guest.thumbnailer.limits]
        memory = "128MiB"
        timeout = "1m 30s"

        [[guest.thumbnailer.allow]]
        actions = ["s3:GetObject", "s3:ListBucket"]
        resources = ["arn:aws:s3:::prod-uploads-eu/incoming/*", "arn:aws:s3:::prod-uploads-eu"]

        [[guest.thumbnailer.deny]]
        actions = ["s3:*"]
        resources = ["arn:aws:s3:::prod-uploads-eu/incoming/private/*"]
        "#,
    )
    .unwrap();
    let guest = manifest.guest("thumbnailer").unwrap();
    assert_eq!(manifest.guest_names().collect::<Vec<_>>(), ["thumbnailer"]);
    assert_eq!(guest.component, Path::new("thumbnailer.wasm"));
    assert_eq!(guest.region.as_ref().map(innkeeper_aws::Region::as_str), Some("eu-west-1"));
    assert_eq!(guest.config["quality"], "80");
    assert_eq!(guest.names["uploads"], "arn:aws:s3:::prod-uploads-eu");
    assert_eq!(guest.limits.memory, 128 << 20);
    assert_eq!(guest.limits.timeout.as_secs(), 90);
    assert_eq!(guest.limits.handles, Limits::default().handles);
    let innkeeper_aws::Identity::AssumeRole(role) = &guest.identity else { panic!("{:?}", guest.identity) };
    assert_eq!(role.base, innkeeper_aws::Identity::Profile("prod".into()));
    assert_eq!(role.external_id.as_deref(), Some("outside"));
    let patient = manifest.aws().classes.get(&manifest.aws().class_of["ListObjectsV2"]).unwrap();
    assert_eq!(patient.attempt_timeout.map(|limit| limit.as_secs()), Some(120));
    assert_eq!(patient.operation_timeout, None);
}

#[test]
fn a_guest_of_its_own_role_does_not_go_through_the_default_role() {
    let manifest = parse(
        r#"
        [aws]
        role-arn = "arn:aws:iam::123456789012:role/default"
        [guest.plain]
        component = "a.wasm"
        [guest.special]
        component = "a.wasm"
        role-chain = ["arn:aws:iam::123456789012:role/hub"]
        role-arn = "arn:aws:iam::210987654321:role/special"
        "#,
    )
    .unwrap();
    let role = |name: &str| match &manifest.guest(name).unwrap().identity {
        innkeeper_aws::Identity::AssumeRole(role) => role.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(role("plain").role_arn, "arn:aws:iam::123456789012:role/default");
    assert_eq!(role("special").role_arn, "arn:aws:iam::210987654321:role/special");
    let innkeeper_aws::Identity::AssumeRole(hub) = &role("special").base else { panic!("no chain") };
    assert_eq!(hub.role_arn, "arn:aws:iam::123456789012:role/hub");
    assert_eq!(hub.base, innkeeper_aws::Identity::DefaultChain);
}

#[test]
fn an_unknown_key_is_an_error_at_its_place() {
    assert!(
        wrong("[aws]\nregoin = \"eu-west-1\"\n").starts_with("innkeeper.toml:2:1: unknown field `regoin`")
    );
    assert!(wrong(&guest("timeout = \"3s\"")).starts_with("innkeeper.toml:3:1: unknown field `timeout`"));
    assert!(
        wrong(&guest("[guest.thumbnailer.limits]\nmemroy = \"1MiB\"")).starts_with("innkeeper.toml:4:1: ")
    );
    assert!(wrong("[guests.a]\ncomponent = \"a\"").starts_with("innkeeper.toml:1:2: unknown field `guests`"));
}

#[test]
fn a_guest_without_a_component_is_an_error_at_its_section() {
    let message = wrong("[guest.a]\nregion = \"eu-west-1\"\n");
    assert!(message.starts_with("innkeeper.toml:1:1: missing field `component`"), "{message}");
}

#[test]
fn every_mistake_is_shown_with_its_place() {
    let message = wrong(&guest(
        r#"region = "eu-west-1/evil"
names = { uploads = "arn:aws:s3" }
role-arn = "arn:aws:iam::1:role/x"
[guest.thumbnailer.limits]
memory = "lots"
timeout = "0s"
[[guest.thumbnailer.allow]]
actions = ["s3:GetObjekt"]
resources = ["arn:aws:s3:::uploads/*"]
"#,
    ));
    let places: Vec<&str> = message.lines().map(|line| line.split(": ").next().unwrap()).collect();
    let expected = [(3, 10), (5, 12), (4, 21), (7, 10), (8, 11), (10, 12)]
        .map(|(line, column)| format!("innkeeper.toml:{line}:{column}"));
    assert_eq!(places, expected, "{message}");
}

#[test]
fn a_component_outside_of_the_folder_is_refused() {
    for path in ["../secret.wasm", "/etc/passwd", "a/../../b.wasm", ""] {
        let message = wrong(&format!("[guest.a]\ncomponent = {path:?}\n"));
        assert!(message.starts_with("innkeeper.toml:2:13: `component`"), "{path}: {message}");
    }
}

#[test]
fn a_name_of_a_guest_is_plain() {
    for name in ["a b", "a/b", "ü", "a\\nb", ""] {
        let message = wrong(&format!("[guest.\"{name}\"]\ncomponent = \"a.wasm\"\n"));
        assert!(message.contains("cannot be the name of a guest"), "{name}: {message}");
    }
}

#[test]
fn settings_of_a_role_without_a_role_are_an_error() {
    let message = wrong(&guest("external-id = \"outside\""));
    assert_eq!(message, "innkeeper.toml:3:15: `external-id` is for a role, and there is no `role-arn` here");
}

#[test]
fn two_sources_of_credentials_are_an_error() {
    let message = wrong(&guest("profile = \"prod\"\ncredentials = \"container\""));
    assert!(message.contains("more than one of"), "{message}");
}

#[test]
fn a_class_that_would_run_a_function_twice_is_an_error() {
    let message = wrong("[aws.class-of]\nInvoke = \"standard\"\n");
    assert!(
        message.starts_with("innkeeper.toml:2:10: `Invoke` cannot be in the class `standard`"),
        "{message}"
    );
    let message = wrong("[aws.class.long]\nmax-attempts = 2\n");
    assert!(message.contains("could run a function twice"), "{message}");
    let patient = "[aws.class.patient]\nmax-attempts = 1\n[aws.class-of]\nInvoke = \"patient\"\n";
    assert!(parse(patient).is_ok());
}

#[test]
fn an_account_is_twelve_digits() {
    let manifest = parse("[aws]\naccount = \"123456789012\"\n[guest.a]\ncomponent = \"a\"\n").unwrap();
    assert_eq!(manifest.account_of(manifest.guest("a").unwrap()).unwrap().as_str(), "123456789012");
    assert!(
        wrong("[aws]\naccount = \"prod\"\n")
            .starts_with("innkeeper.toml:2:11: an account id is twelve digits")
    );
    let role = "[aws]\naccount = \"123456789012\"\n[guest.a]\ncomponent = \"a\"\nrole-arn = \"arn:aws:iam::210987654321:role/r\"\n";
    let manifest = parse(role).unwrap();
    assert_eq!(
        manifest.account_of(manifest.guest("a").unwrap()),
        None,
        "it is the account of another identity"
    );
}

#[test]
fn a_name_stands_for_a_queue_or_function_too() {
    for target in [
        "orders_2",
        "orders.fifo",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/orders",
        "arn:aws:sqs:eu-west-1:123456789012:orders",
        "Price:live",
        "123456789012:function:price",
        "arn:aws:lambda:eu-west-1:123456789012:function:price:live",
    ] {
        let manifest = parse(&guest(&format!("names = {{ it = {target:?} }}"))).unwrap();
        assert_eq!(manifest.guest("thumbnailer").unwrap().names["it"], target);
    }
    for target in ["", "a b", "https://evil.example/", "arn:aws:sqs", "a/b"] {
        assert!(parse(&guest(&format!("names = {{ it = {target:?} }}"))).is_err(), "{target:?}");
    }
}

#[test]
fn a_class_that_is_not_defined_is_an_error() {
    let message = wrong("[aws.class-of]\nGetObject = \"pateint\"\n");
    assert!(
        message.starts_with("innkeeper.toml:2:13: there is no configuration class `pateint`"),
        "{message}"
    );
}

#[test]
fn an_unknown_guest_is_answered_with_the_known_ones() {
    let manifest = parse(&guest("")).unwrap();
    let error = manifest.guest("thumbnailr").unwrap_err();
    assert!(matches!(&error, Error::UnknownGuest { known, .. } if known == &["thumbnailer"]), "{error}");
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    let error = Manifest::load(Path::new("no/such/innkeeper.toml")).unwrap_err();
    assert_eq!(error.to_string(), "manifest `no/such/innkeeper.toml` cannot be read");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn no_value_makes_the_parser_panic(key in "[a-z-]{1,20}", value in "\\PC{0,40}") {
        let _ = parse(&guest(&format!("{key} = {value:?}")));
        let _ = parse(&format!("[aws]\n{key} = {value:?}"));
        let _ = parse(&guest(&format!("[guest.thumbnailer.limits]\n{key} = {value:?}")));
    }
}

/// A guest that may read, with these lines behind the grant's.
fn reader(lines: &str) -> String {
    guest(&format!(
        "[[guest.thumbnailer.allow]]\nactions = [\"s3:GetObject\"]\nresources = [\"arn:aws:s3:::uploads/*\"]\n{lines}"
    ))
}

#[test]
fn reads_quotas_of_a_guest_and_of_a_grant() {
    let manifest = parse(&reader(
        r#"quota = "slow"

        [guest.thumbnailer.quota]
        rate = "50/s burst 100"
        bytes-out = "1GiB/h"
        bytes-per-run = "10MiB"
        calls-per-run = 1000
        concurrency = 4
        object-size = "5MB"
        on-excess = "wait"

        [guest.thumbnailer.quotas.slow]
        rate = "1/min""#,
    ))
    .unwrap();
    let quotas = &manifest.guest("thumbnailer").unwrap().quotas;
    let guest = quotas.guest.as_ref().unwrap();
    assert_eq!(guest.rate, Some("50/s burst 100".parse().unwrap()));
    assert_eq!(guest.bytes_out, Some("1GiB/h".parse().unwrap()));
    assert_eq!((guest.bytes_per_run, guest.object_size), (Some(10 << 20), Some(5_000_000)));
    assert_eq!((guest.calls_per_run, guest.on_excess), (Some(1_000), crate::quota::OnExcess::Wait));
    assert_eq!(guest.location.as_ref().map(ToString::to_string).as_deref(), Some("innkeeper.toml:8:9"));
    assert_eq!(quotas.named["slow"].rate, Some("1/min".parse().unwrap()));
}

#[test]
fn a_quota_that_makes_no_sense_is_refused_with_its_line() {
    let quota = |line: &str| wrong(&guest(&format!("[guest.thumbnailer.quota]\n{line}")));
    assert_eq!(
        quota("rate = \"fast\""),
        "innkeeper.toml:4:8: `fast` is no rate, such as `50/s`, `1GiB/h` or `50/s burst 100`"
    );
    assert_eq!(quota("bytes-in = \"0/s\""), "innkeeper.toml:4:12: a rate and its burst have to be above 0");
    assert!(quota("object-size = \"big\"").starts_with("innkeeper.toml:4:15: `big` is no size"));
    assert!(quota("calls-per-run = 0").starts_with("innkeeper.toml:4:17: "));
    assert!(quota("on-excess = \"panic\"").starts_with("innkeeper.toml:4:13: "));
    assert!(quota("presign-lifetime = \"1h\"").starts_with("innkeeper.toml:4:1: unknown field"));
    assert_eq!(wrong(&reader("quota = \"slow\"")), "innkeeper.toml:6:9: the guest has no quota `slow`");
    let deny = "[[guest.thumbnailer.deny]]\nactions = [\"*\"]\nresources = [\"*\"]\nquota = \"slow\"\n";
    let named = "[guest.thumbnailer.quotas.slow]\nrate = \"1/s\"";
    assert_eq!(
        wrong(&guest(&format!("{deny}{named}"))),
        "innkeeper.toml:6:9: a quota is on what is allowed: a `deny` has none"
    );
}

#[test]
fn a_policy_document_below_the_folder_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let document =
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}"#;
    std::fs::create_dir(folder.path().join("inside")).unwrap();
    std::fs::write(folder.path().join("outside.json"), document).unwrap();
    std::fs::write(folder.path().join("inside/policy.json"), document).unwrap();
    std::fs::write(folder.path().join("inside/large.json"), " ".repeat((1 << 20) + 1)).unwrap();
    let parse = |path: &str| {
        let inside = Dir::open_ambient_dir(folder.path().join("inside"), ambient_authority()).unwrap();
        Manifest::parse(Source::new("m/innkeeper.toml", guest(&format!("policy = \"{path}\""))), inside)
    };
    let manifest = parse("policy.json").unwrap();
    assert!(manifest.guest("thumbnailer").unwrap().policy.names(innkeeper_policy::Action::S3PutObject));
    for path in ["../outside.json", "none.json", "", "/etc/passwd"] {
        let error = parse(path).unwrap_err().to_string();
        assert!(error.starts_with("m/innkeeper.toml:3:10: the policy document cannot be read"), "{error}");
    }
    assert!(parse("large.json").unwrap_err().to_string().contains("has more than 1048576 bytes"));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../outside.json", folder.path().join("inside/link.json")).unwrap();
        assert!(parse("link.json").is_err(), "a link that leads out");
    }
}

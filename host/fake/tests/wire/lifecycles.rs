//! Lifecycle rules: which are taken, and what answers say of them. Nothing expires.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, CompletedMultipartUpload, CompletedPart,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter, Tag,
    Tagging,
};
use innkeeper_fake::FakeAws;

use crate::aws::{bucket, coded, error, send, text};

/// A day after the beginning of the year, at which the clock of a fake stands, and then at midnight.
const EXPIRES: &str = "expiry-date=\"Sat, 03 Jan 2026 00:00:00 GMT\", rule-id=\"one\"";

async fn expire(client: &aws_sdk_s3::Client, filter: LifecycleRuleFilter) {
    let rule = LifecycleRule::builder()
        .id("one")
        .filter(filter)
        .status(ExpirationStatus::Enabled)
        .expiration(LifecycleExpiration::builder().days(1).build())
        .build()
        .unwrap();
    let configuration = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    let put = client.put_bucket_lifecycle_configuration().bucket("bucket");
    put.lifecycle_configuration(configuration).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn answers_say_when_a_rule_expires_the_object() {
    let (_fake, client) = bucket();
    expire(&client, LifecycleRuleFilter::builder().prefix("logs/").build()).await;
    let put = |key: &str| client.put_object().bucket("bucket").key(key).body(b"x".to_vec().into());
    assert_eq!(put("other").send().await.unwrap().expiration(), None);
    assert_eq!(put("logs/a").send().await.unwrap().expiration(), Some(EXPIRES));
    let copy = client.copy_object().bucket("bucket").key("logs/b").copy_source("bucket/other");
    assert_eq!(copy.send().await.unwrap().expiration(), Some(EXPIRES));
    for (key, expected) in [("other", None), ("logs/a", Some(EXPIRES)), ("logs/b", Some(EXPIRES))] {
        let head = client.head_object().bucket("bucket").key(key).send().await.unwrap();
        let got = client.get_object().bucket("bucket").key(key).send().await.unwrap();
        assert_eq!((head.expiration(), got.expiration()), (expected, expected), "{key}");
    }

    let upload = || client.create_multipart_upload().bucket("bucket").key("logs/parts").send();
    let id = upload().await.unwrap().upload_id.unwrap();
    let part = client.upload_part().bucket("bucket").key("logs/parts").upload_id(&id).part_number(1);
    let etag = part.body(b"x".to_vec().into()).send().await.unwrap().e_tag;
    let part = CompletedPart::builder().part_number(1).set_e_tag(etag).build();
    let parts = CompletedMultipartUpload::builder().parts(part).build();
    // The second time, as if the first answer had been lost.
    for _ in 0..2 {
        let complete = client.complete_multipart_upload().bucket("bucket").key("logs/parts").upload_id(&id);
        let complete = complete.multipart_upload(parts.clone()).send().await.unwrap();
        assert_eq!(complete.expiration(), Some(EXPIRES));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_says_from_which_size_on_objects_move() {
    use aws_sdk_s3::types::TransitionDefaultMinimumObjectSize as Minimum;
    let (fake, client) = bucket();
    let rule = LifecycleRule::builder()
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .status(ExpirationStatus::Enabled)
        .expiration(LifecycleExpiration::builder().days(1).build())
        .build()
        .unwrap();
    let configuration = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
    let put = |minimum: Option<Minimum>| {
        let put = client.put_bucket_lifecycle_configuration().bucket("bucket");
        put.lifecycle_configuration(configuration.clone())
            .set_transition_default_minimum_object_size(minimum)
            .send()
    };
    let read = async |fake: &FakeAws| {
        let got = crate::aws::client(fake).get_bucket_lifecycle_configuration().bucket("bucket");
        got.send().await.unwrap().transition_default_minimum_object_size
    };
    let whole = Some(Minimum::AllStorageClasses128K);
    assert_eq!(put(None).await.unwrap().transition_default_minimum_object_size, whole);
    assert_eq!(read(&fake).await, whole);
    let varies = Some(Minimum::VariesByStorageClass);
    assert_eq!(put(varies.clone()).await.unwrap().transition_default_minimum_object_size, varies);
    assert_eq!(error(put(Some(Minimum::from("1K"))).await), coded(400, "InvalidRequest"));
    assert_eq!(read(&fake).await, varies);

    let dir = tempfile::tempdir().unwrap();
    fake.save(dir.path()).unwrap();
    let again = FakeAws::new();
    again.seed(dir.path()).unwrap();
    assert_eq!(read(&again).await, varies);

    // It goes with the lifecycle that it was put with.
    client.delete_bucket_lifecycle().bucket("bucket").send().await.unwrap();
    put(None).await.unwrap();
    assert_eq!(read(&fake).await, whole);
}

#[tokio::test(start_paused = true)]
async fn answers_say_when_a_rule_aborts_the_upload() {
    let (_fake, client) = bucket();
    let rule = |id: &str, filter: LifecycleRuleFilter, days: i32| {
        let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build();
        let rule = LifecycleRule::builder().id(id).filter(filter).status(ExpirationStatus::Enabled);
        rule.abort_incomplete_multipart_upload(abort).build().unwrap()
    };
    let set = |rules: Vec<LifecycleRule>| {
        let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
        let put = client.put_bucket_lifecycle_configuration().bucket("bucket");
        put.lifecycle_configuration(rules).send()
    };
    let prefix = |prefix: &str| LifecycleRuleFilter::builder().prefix(prefix).build();
    set(vec![rule("late", prefix(""), 7), rule("one", prefix("logs/"), 1)]).await.unwrap();
    for (key, date, id) in [("logs/a", "2026-01-03T00:00:00Z", "one"), ("a", "2026-01-09T00:00:00Z", "late")]
    {
        let created = client.create_multipart_upload().bucket("bucket").key(key).send().await.unwrap();
        let listed = client.list_parts().bucket("bucket").key(key).upload_id(created.upload_id().unwrap());
        let listed = listed.send().await.unwrap();
        for (at, by) in
            [(created.abort_date(), created.abort_rule_id()), (listed.abort_date(), listed.abort_rule_id())]
        {
            assert_eq!((at.map(ToString::to_string).as_deref(), by), (Some(date), Some(id)), "{key}");
        }
    }
    // Nothing but the key of an upload is known.
    let tag = Tag::builder().key("stage").value("old").build().unwrap();
    let and = LifecycleRuleAndOperator::builder().prefix("logs/").object_size_less_than(9).build();
    for (filter, days, code, message) in [
        (LifecycleRuleFilter::builder().tag(tag).build(), 1, "InvalidRequest", "with Tags."),
        (LifecycleRuleFilter::builder().and(and).build(), 1, "InvalidRequest", "with Object Size."),
        (prefix(""), 0, "InvalidArgument", "must be a positive integer"),
    ] {
        let refused = set(vec![rule("one", filter, days)]).await;
        let meta = refused.as_ref().err().and_then(|error| error.as_service_error()).unwrap().meta().clone();
        assert_eq!(error(refused), coded(400, code));
        assert!(meta.message().unwrap().ends_with(message), "{meta:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_by_tags_goes_by_those_of_the_moment() {
    let (_fake, client) = bucket();
    let tag = Tag::builder().key("stage").value("old").build().unwrap();
    expire(&client, LifecycleRuleFilter::builder().tag(tag.clone()).build()).await;
    let put = || client.put_object().bucket("bucket").key("key");
    assert_eq!(put().send().await.unwrap().expiration(), None);
    assert_eq!(put().tagging("stage=old").send().await.unwrap().expiration(), Some(EXPIRES));
    let head = async || {
        let head = client.head_object().bucket("bucket").key("key").send().await.unwrap();
        head.expiration
    };
    client.delete_object_tagging().bucket("bucket").key("key").send().await.unwrap();
    assert_eq!(head().await, None);
    let tagging = Tagging::builder().tag_set(tag).build().unwrap();
    client.put_object_tagging().bucket("bucket").key("key").tagging(tagging).send().await.unwrap();
    assert_eq!(head().await.as_deref(), Some(EXPIRES));
    client.delete_bucket_lifecycle().bucket("bucket").send().await.unwrap();
    assert_eq!(head().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_named_does_not_say_when_it_expires() {
    let (fake, client) = bucket();
    fake.s3().enable_versioning("bucket").unwrap();
    expire(&client, LifecycleRuleFilter::builder().build()).await;
    let put = client.put_object().bucket("bucket").key("key").send().await.unwrap();
    let head = || client.head_object().bucket("bucket").key("key");
    assert_eq!(head().send().await.unwrap().expiration(), Some(EXPIRES));
    assert_eq!(head().set_version_id(put.version_id).send().await.unwrap().expiration(), None);
}

/// The code of the answer to rules, `""` if they are taken, and its document.
async fn put(fake: &FakeAws, rules: &str) -> (String, String) {
    let document = format!(
        "<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rules}</LifecycleConfiguration>"
    );
    let uri = "https://bucket.s3.eu-west-1.amazonaws.com/?lifecycle";
    let document = text(send(fake, "PUT", uri, &[], &document).await).await;
    let code = document.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    (code.map(|(code, _)| code.to_owned()).unwrap_or_default(), document)
}

fn rule(inner: &str) -> String {
    format!("<Rule><ID>one</ID><Status>Enabled</Status>{inner}</Rule>")
}

#[tokio::test(start_paused = true)]
async fn refuses_rules_that_cannot_be_meant() {
    let (fake, client) = bucket();
    let good = rule("<Filter><Prefix>logs/</Prefix></Filter><Expiration><Days>1</Days></Expiration>");
    assert_eq!(put(&fake, &good).await.0, "");
    let kept = client.get_bucket_lifecycle_configuration().bucket("bucket").send().await.unwrap();
    assert_eq!(kept.rules()[0].id(), Some("one"));
    let expiration = "<Expiration><Days>1</Days></Expiration>";
    for (rules, code) in [
        (format!("{good}{good}"), "InvalidArgument"),
        (rule(expiration), "MalformedXML"),
        (rule(&format!("<Filter/><Prefix>a</Prefix>{expiration}")), "MalformedXML"),
        (rule("<Filter/><Expiration><Days>0</Days></Expiration>"), "InvalidArgument"),
        (rule("<Filter/><Expiration><Date>2026-01-01T01:00:00.000Z</Date></Expiration>"), "InvalidArgument"),
        (good.replace("Enabled", "enabled"), "MalformedXML"),
        (good.replace("one", &"x".repeat(256)), "InvalidArgument"),
    ] {
        assert_eq!(put(&fake, &rules).await.0, code, "{rules}");
    }
    let (code, document) = put(&fake, &rule("<Filter/>")).await;
    assert_eq!(code, "InvalidRequest");
    assert!(document.contains("At least one action needs to be specified in a rule"), "{document}");
}

#[tokio::test(start_paused = true)]
async fn refuses_transitions_that_cannot_be_meant() {
    let (fake, _client) = bucket();
    let transition = |inner: &str| rule(&format!("<Filter/><Transition>{inner}</Transition>"));
    let class = |name: &str| format!("<StorageClass>{name}</StorageClass>");
    for good in [
        format!("<Days>0</Days>{}", class("GLACIER")),
        format!("<Days>30</Days>{}", class("STANDARD_IA")),
        format!("<Date>2027-01-01T00:00:00.000Z</Date>{}", class("ONEZONE_IA")),
    ] {
        assert_eq!(put(&fake, &transition(&good)).await.0, "", "{good}");
    }
    let date = "<Date>2027-01-01T00:00:00.000Z</Date>";
    for malformed in [
        format!("<Days>1</Days>{date}{}", class("GLACIER")),
        class("GLACIER"),
        "<Days>1</Days>".to_owned(),
        format!("<Days>1</Days>{}", class("STANDARD")),
        format!("<Days>1</Days>{}", class("NOPE")),
    ] {
        assert_eq!(put(&fake, &transition(&malformed)).await.0, "MalformedXML", "{malformed}");
    }
    for (inner, expected) in [
        (
            format!("<Date>2027-01-01T00:00:01.000Z</Date>{}", class("GLACIER")),
            "<Message>'Date' must be at midnight GMT</Message><ArgumentName>Date</ArgumentName>",
        ),
        (
            format!("<Days>29</Days>{}", class("STANDARD_IA")),
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
        ),
        (
            format!("<Days>0</Days>{}", class("ONEZONE_IA")),
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'ONEZONE_IA'",
        ),
    ] {
        let (code, document) = put(&fake, &transition(&inner)).await;
        assert_eq!(code, "InvalidArgument", "{inner}");
        assert!(document.replace("&apos;", "'").contains(expected), "{document}");
    }
    let both =
        |first: &str, second: &str| rule(&format!("<Filter><Prefix>a</Prefix></Filter>{first}{second}"));
    let moved = |when: &str, to: &str| format!("<Transition>{when}{}</Transition>", class(to));
    let expired = |when: &str| format!("<Expiration>{when}</Expiration>");
    let (soon, later) = ("<Days>1</Days>", "<Days>2</Days>");
    assert_eq!(put(&fake, &both(&moved(soon, "GLACIER_IR"), &moved(later, "GLACIER"))).await.0, "");
    assert_eq!(put(&fake, &both(&moved(soon, "GLACIER"), &expired(later))).await.0, "");
    for (rules, code, expected) in [
        (
            both(&moved(soon, "GLACIER"), &moved(later, "GLACIER")),
            "InvalidRequest",
            "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=a)'",
        ),
        (
            both(&moved(soon, "GLACIER"), &moved(date, "DEEP_ARCHIVE")),
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for filter '(prefix=a)'",
        ),
        (
            both(&moved(soon, "GLACIER"), &expired(date)),
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter '(prefix=a)'",
        ),
        (
            both(&moved(later, "GLACIER"), &expired(later)),
            "InvalidArgument",
            "'Days' in the Expiration action for filter '(prefix=a)' must be greater than 'Days' in the Transition action",
        ),
        (
            rule(&format!("<Prefix/>{}{}", moved(later, "GLACIER"), expired(soon))),
            "InvalidArgument",
            "'Days' in the Expiration action for prefix '' must be greater than 'Days' in the Transition action",
        ),
    ] {
        let (actual, document) = put(&fake, &rules).await;
        assert_eq!(actual, code, "{rules}");
        assert!(document.replace("&apos;", "'").contains(expected), "{document}");
    }
    let noncurrent = |days: &str| {
        let transition = format!("{days}{}", class("GLACIER"));
        rule(&format!("<Filter/><NoncurrentVersionTransition>{transition}</NoncurrentVersionTransition>"))
    };
    assert_eq!(put(&fake, &noncurrent("<NoncurrentDays>1</NoncurrentDays>")).await.0, "");
    assert_eq!(put(&fake, &noncurrent("")).await.0, "MalformedXML");
}

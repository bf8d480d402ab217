//! What is suggested for the requests of each operation.

use std::collections::BTreeSet;

use pretty_assertions::assert_eq;

use super::*;
use crate::{
    AccountRegion, CopiedTags, DeleteTarget, FunctionArn, FunctionReference, LambdaOperation, Partition,
    QueueArn, Service, SqsOperation, StoredAs,
};

const ACCOUNT: &str = "123456789012";

fn policy(text: &str) -> Policy {
    let provided = [ConditionKey::ResourceAccount, ConditionKey::ExistingObjectTag];
    build_on(&provided, text).unwrap_or_else(|error| panic!("{}\n{text}", error.render(Colour::Never)))
}

fn place() -> AccountRegion {
    AccountRegion::new("eu-west-1", ACCOUNT.parse().unwrap()).unwrap()
}

fn s3<'a>(
    bucket: &'a BucketArn,
    key: &'a ObjectKey,
    tags: &'a [(String, String)],
    objects: &'a [DeleteTarget],
) -> Vec<S3Operation<'a>> {
    use S3Operation as Op;
    let stored = StoredAs::default();
    let (prefix, delimiter, max_keys, content_length) = (Some("orders/"), Some("/"), Some(10), Some(1));
    let mut all = vec![
        Op::PutObject { bucket, key, tags, stored, content_length },
        Op::PresignPutObject { bucket, key, content_length },
        Op::CreateMultipartUpload { bucket, key, tags, stored },
        Op::UploadPart { bucket, key, content_length },
        Op::CompleteMultipartUpload { bucket, key },
        Op::AbandonUpload { bucket, key },
        Op::AbortMultipartUpload { bucket, key },
        Op::DeleteObjects { bucket, objects },
        Op::ListObjects { bucket, prefix, delimiter, max_keys },
        Op::ListObjectVersions { bucket, prefix, delimiter, max_keys },
        Op::ListMultipartUploads { bucket, prefix, delimiter, max_keys },
        Op::ListBuckets { partition: Partition::Aws },
        Op::HeadBucket { bucket },
        Op::CreateBucket { bucket },
        Op::DeleteBucket { bucket },
        Op::GetBucketLocation { bucket },
    ];
    for version in [None, Some("v1")] {
        let (source, source_key, source_version) = (bucket, key, version);
        all.extend([
            Op::GetObject { bucket, key, version },
            Op::HeadObject { bucket, key, version },
            Op::PresignGetObject { bucket, key, version },
            Op::DeleteObject { bucket, key, version },
            Op::GetObjectTagging { bucket, key, version },
            Op::PutObjectTagging { bucket, key, version, tags },
            Op::DeleteObjectTagging { bucket, key, version },
            Op::GetObjectAttributes { bucket, key, version },
            Op::RestoreObject { bucket, key, version },
            Op::UploadPartCopy { source, source_key, source_version, bucket, key },
        ]);
        for tags in [CopiedTags::Source, CopiedTags::Given(tags)] {
            all.push(Op::CopyObject { source, source_key, source_version, bucket, key, tags, stored });
        }
    }
    all
}

fn sqs<'a>(queue: &'a QueueArn, place: &'a AccountRegion) -> Vec<SqsOperation<'a>> {
    use SqsOperation as Op;
    let dead_letter_queue = Some(queue);
    vec![
        Op::GetQueueUrl { queue },
        Op::SendMessage { queue },
        Op::SendMessageBatch { queue },
        Op::ReceiveMessage { queue },
        Op::DeleteMessage { queue },
        Op::DeleteMessageBatch { queue },
        Op::ChangeMessageVisibility { queue },
        Op::ChangeMessageVisibilityBatch { queue },
        Op::GetQueueAttributes { queue },
        Op::SetQueueAttributes { queue, dead_letter_queue },
        Op::PurgeQueue { queue },
        Op::CreateQueue { queue, dead_letter_queue, tagged: true },
        Op::DeleteQueue { queue },
        Op::ListQueues { place },
        Op::ListDeadLetterSourceQueues { queue },
        Op::StartMessageMoveTask { source: queue, destination: Some(queue) },
        Op::ListMessageMoveTasks { source: queue },
        Op::CancelMessageMoveTask { source: queue },
        Op::ListQueueTags { queue },
        Op::TagQueue { queue },
        Op::UntagQueue { queue },
    ]
}

fn lambda<'a>(function: &'a FunctionArn, place: &'a AccountRegion) -> Vec<LambdaOperation<'a>> {
    use LambdaOperation as Op;
    vec![
        Op::Invoke { function },
        Op::InvokeWithResponseStream { function },
        Op::GetFunctionConfiguration { function },
        Op::ListVersionsByFunction { function },
        Op::ListAliases { function },
        Op::ListFunctions { place },
    ]
}

/// Each operation of the table, with each of its needs.
fn each(mut then: impl FnMut(&Operation<'_>, &Request<'_>)) {
    let place = place();
    let buckets = ["arn:aws:s3:::order-book", "arn:aws:s3:eu-west-1:123456789012:accesspoint/orders"];
    let key = ObjectKey::new("orders/${1}*?").unwrap();
    let tags = [("team".to_owned(), "red".to_owned())];
    let objects = [None, Some("v1".to_owned())].map(|version| DeleteTarget { key: key.clone(), version });
    let queue: QueueArn = format!("arn:aws:sqs:eu-west-1:{ACCOUNT}:orders").parse().unwrap();
    let mut asked = |operation: Operation<'_>| {
        operation.requests().for_each(|request| then(&operation, &request));
    };
    for bucket in buckets {
        let bucket = bucket.parse().unwrap();
        s3(&bucket, &key, &tags, &objects).into_iter().for_each(|operation| asked(operation.into()));
    }
    sqs(&queue, &place).into_iter().for_each(|operation| asked(operation.into()));
    for function in ["pricing", "pricing:live", "pricing:$LATEST"] {
        let function = function.parse::<FunctionReference>().unwrap().resolve(&place);
        lambda(&function, &place).into_iter().for_each(|operation| asked(operation.into()));
    }
}

/// Policies that allow some of what is asked for, on what is near it.
fn policies() -> Vec<String> {
    let queues = "arn:aws:sqs:eu-west-1:*:*";
    let condition = |key: &str, value: &str| {
        format!("condition = {{ StringLikeIfExists = {{ \"{key}\" = \"{value}\" }} }}\n")
    };
    vec![
        String::new(),
        allow(&["s3:GetObject"], &["arn:aws:s3:::other/*"]),
        allow(&["s3:*"], &["arn:aws:s3:::other*"]),
        allow(&["s3:ListBucket"], &["arn:aws:s3:::order-book*"]),
        allow(&["s3:ListBucket"], &["arn:aws:s3:::order-book*"]) + &condition("s3:prefix", "*"),
        allow(&["s3:GetObject"], &["arn:aws:s3:::order-book/*"]) + &condition("s3:ExistingObjectTag/a", "*"),
        allow(&["s3:PutObject"], &["arn:aws:s3:::*"]) + &condition("s3:x-amz-storage-class", "*"),
        allow(&["sqs:SendMessage"], &["*"]) + &condition("aws:ResourceAccount", "*"),
        allow(&["s3:ListAllMyBuckets"], &["*"]),
        allow(&["s3:GetObject", "s3:ListAllMyBuckets"], &["arn:aws-cn:s3:::*"]),
        allow(&["sqs:*", "lambda:*"], &["arn:aws:sqs:us-east-1:*:*", "arn:aws:lambda:us-east-1:*:*"]),
        allow(&["sqs:ListQueues"], &["arn:aws:sqs:us-east-1:*:*"]),
        allow(&["sqs:SendMessage"], &["arn:aws:sqs:*:*:?*"]),
        allow(&["sqs:SendMessage"], &[queues])
            + &allow(&["lambda:InvokeFunction"], &["arn:aws:lambda:*:*:*"]),
        format!("[[allow]]\nactions = [\"sqs:SendMessage\"]\nnot-resources = [\"{queues}\"]\n"),
        "[[allow]]\nnot-actions = [\"s3:*\"]\nresources = [\"arn:aws:sqs:us-east-1:*:*\"]\n".to_owned(),
    ]
}

/// The manifest with what is suggested, as a person adds it.
fn with(text: &str, suggestion: &Suggestion) -> String {
    match suggestion {
        Suggestion::AddStatement { text: added } => {
            format!("{text}{}\n", added.replace("guest.thumbnailer.", ""))
        }
        Suggestion::AddResource { text: added, location, .. }
        | Suggestion::AddAction { text: added, location, .. } => {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines[location.line - 1].insert_str(location.column, &format!("{added}, "));
            lines.join("\n") + "\n"
        }
        other => panic!("{other}"),
    }
}

#[test]
fn each_operation_of_the_table_is_asked_about() {
    let mut asked: BTreeSet<(Service, &str)> = BTreeSet::new();
    each(|operation, _| {
        asked.insert((operation.service(), operation.name()));
    });
    let all = Operation::NAMES.iter().flat_map(|(service, names)| names.iter().map(|name| (*service, *name)));
    assert_eq!(asked, all.collect());
}

#[test]
fn what_is_suggested_for_each_operation_is_accepted_and_allows_it() {
    for text in policies() {
        let before = policy(&text);
        each(|operation, request| {
            let Decision::Deny(denial) = before.decide(request) else { return };
            let suggested = with(&text, &denial.suggestion(request));
            assert!(policy(&suggested).allows(request), "{operation} ({}):\n{suggested}", request.action);
        });
    }
}

#[test]
fn what_is_missing_for_each_operation_is_accepted_and_allows_it() {
    for text in policies() {
        let before = policy(&text);
        each(|operation, request| {
            let missing = before.missing([request]);
            assert_eq!(missing.denied, [""; 0]);
            let grants: String =
                missing.grants.iter().map(|grant| grant.to_toml("thumbnailer").to_string()).collect();
            let after = format!("{text}{}", grants.replace("guest.thumbnailer.", ""));
            assert!(policy(&after).allows(request), "{operation} ({}):\n{after}", request.action);
        });
    }
}

#[test]
fn what_is_suggested_gives_nothing_else_on_all_resources() {
    let secret = (Action::S3GetObject, "arn:aws:s3:::secret/a");
    for text in policies() {
        let before = policy(&text);
        let had = is_allowed(&before, secret.0, secret.1);
        each(|_, request| {
            if request.action.resource_type() != crate::ResourceType::All {
                return;
            }
            let Decision::Deny(denial) = before.decide(request) else { return };
            let suggested = with(&text, &denial.suggestion(request));
            assert_eq!(is_allowed(&policy(&suggested), secret.0, secret.1), had, "{suggested}");
        });
    }
}

#[test]
fn what_is_about_all_resources_is_granted_on_a_star() {
    for (action, arn) in [
        (Action::S3ListAllMyBuckets, "arn:aws:s3:::*"),
        (Action::SqsListQueues, "arn:aws:sqs:eu-west-1:123456789012:*"),
        (Action::LambdaListFunctions, "arn:aws:lambda:eu-west-1:123456789012:*"),
    ] {
        let suggestion = suggestion(&policy(""), action, arn);
        let expected = format!("[[guest.thumbnailer.allow]]\nactions = [\"{action}\"]\nresources = [\"*\"]");
        assert_eq!(suggestion.text(), Some(&*expected));
    }
}

#[test]
fn nothing_is_suggested_where_an_action_is_not_about_such_a_resource() {
    for (action, arn, reason) in [
        (
            Action::S3PutObject,
            "arn:aws:s3:::order-book",
            "`s3:PutObject` is about an object, `arn:aws:s3:::BUCKET/KEY`",
        ),
        (
            Action::S3ListBucket,
            "arn:aws:s3:::order-book/a",
            "`s3:ListBucket` is about a bucket, `arn:aws:s3:::BUCKET`",
        ),
        (
            Action::S3ListAllMyBuckets,
            "arn:aws:s3:::order-book",
            "`s3:ListAllMyBuckets` is about all resources, `*`",
        ),
        (
            Action::SqsSendMessage,
            "arn:aws:sqs:eu-west-1:123456789012:*",
            "`sqs:SendMessage` is about a queue, `arn:aws:sqs:REGION:ACCOUNT:QUEUE`",
        ),
        (
            Action::SqsListQueues,
            "arn:aws:lambda:eu-west-1:123456789012:*",
            "`sqs:ListQueues` is about all resources, `*`",
        ),
        (
            Action::LambdaInvokeFunction,
            "arn:aws:sqs:eu-west-1:123456789012:orders",
            "`lambda:InvokeFunction` is about a function, `arn:aws:lambda:REGION:ACCOUNT:function:NAME`",
        ),
    ] {
        let suggestion = suggestion(&policy(""), action, arn);
        assert_eq!(suggestion.text(), None, "{suggestion}");
        assert_eq!(suggestion.to_string(), format!("nothing that is added could allow it: {reason}"));
        decide(&policy(""), action, arn, |_, request| {
            let missing = policy("").missing([request]);
            assert!(missing.grants.is_empty());
            assert_eq!(missing.denied, [format!("{action} on {arn}: {reason}")]);
        });
    }
}

#[test]
fn an_account_that_only_stands_in_is_not_written() {
    let policy = policy("").with_stand_in_account(Some(ACCOUNT));
    let mut written = BTreeSet::new();
    each(|_, request| {
        let Decision::Deny(denial) = policy.decide(request) else { panic!("{request:?}") };
        let suggested = with("", &denial.suggestion(request));
        assert!(self::policy(&suggested).allows(request), "{suggested}");
        written.extend(suggested.lines().last().map(str::to_owned));
    });
    let written: Vec<_> = written.iter().filter(|line| !line.contains(":s3:")).map(String::as_str).collect();
    assert_eq!(
        written,
        [
            r#"resources = ["*"]"#,
            r#"resources = ["arn:aws:lambda:eu-west-1:*:function:pricing"]"#,
            r#"resources = ["arn:aws:lambda:eu-west-1:*:function:pricing:$LATEST"]"#,
            r#"resources = ["arn:aws:lambda:eu-west-1:*:function:pricing:live"]"#,
            r#"resources = ["arn:aws:sqs:eu-west-1:*:orders"]"#,
        ]
    );
    // Another's is.
    let arn = "arn:aws:sqs:eu-west-1:210987654321:orders";
    assert!(suggestion(&policy, Action::SqsSendMessage, arn).text().unwrap().contains(arn));
    decide(&policy, Action::SqsSendMessage, &arn.replace("210987654321", ACCOUNT), |_, request| {
        let grants: Vec<_> = policy.missing([request]).grants;
        assert_eq!(
            grants[0].to_toml("a").to_string(),
            "[[guest.a.allow]]\nactions = [\"sqs:SendMessage\"]\nresources = [\n    \
             \"arn:aws:sqs:eu-west-1:*:orders\", # a wildcard: the account is that of the fake\n]\n"
        );
    });
}

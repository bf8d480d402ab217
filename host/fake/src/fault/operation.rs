//! The names of operations that a fault can be for.

use crate::calls::Service;
use crate::lambda::Route;
use crate::layer::s3_operations;

/// All of Amazon SQS.
const SQS: &[&str] = &[
    "AddPermission",
    "CancelMessageMoveTask",
    "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch",
    "CreateQueue",
    "DeleteMessage",
    "DeleteMessageBatch",
    "DeleteQueue",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "ListQueues",
    "PurgeQueue",
    "ReceiveMessage",
    "RemovePermission",
    "SendMessage",
    "SendMessageBatch",
    "SetQueueAttributes",
    "StartMessageMoveTask",
    "TagQueue",
    "UntagQueue",
];

/// All of STS: a fault happens to a call also where the fake has no answer to it.
const STS: &[&str] = &[
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetCallerIdentity",
    "GetFederationToken",
    "GetSessionToken",
];

/// What the fake has of IAM.
const IAM: &[&str] = &["CreateRole", "DeleteRole", "GetRole", "ListAttachedRolePolicies", "ListRoles"];

/// The services of which a fault can name an operation.
const SERVICES: [Service; 5] = [Service::S3, Service::Sqs, Service::Lambda, Service::Sts, Service::Iam];

fn operations(service: &Service) -> Vec<&'static str> {
    match service {
        Service::S3 => s3_operations().collect(),
        Service::Sqs => SQS.to_vec(),
        Service::Lambda => Route::operations().collect(),
        Service::Sts => STS.to_vec(),
        Service::Iam => IAM.to_vec(),
        Service::Other(_) => Vec::new(),
    }
}

/// Whether there is an operation of this name, of the service if one is given. If there is none: what may have been meant, in words.
pub(super) fn check(name: &str, service: Option<&Service>) -> Result<(), String> {
    let services = service.map_or(SERVICES.as_slice(), std::slice::from_ref);
    let known: Vec<&str> = services.iter().flat_map(operations).collect();
    if known.contains(&name) {
        return Ok(());
    }
    if let Some(other) = SERVICES.iter().find(|service| operations(service).contains(&name)) {
        return Err(format!(": it is one of `{other}`"));
    }
    Err(nearest(name, &known).map_or_else(String::new, |nearest| format!(": did you mean `{nearest}`?")))
}

/// The name that a mistyped one most likely stands for; none if all are too far from it.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let distances = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_ascii_lowercase()), *known))
        .filter(|(distance, known)| *distance <= name.chars().count().max(known.len()).div_ceil(3));
    distances.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::Request;
    use s3s::Body;

    use super::*;
    use crate::FakeAws;

    #[test]
    fn an_operation_is_known_by_its_name_and_no_other() {
        for (name, service) in [
            ("PutObject", None),
            ("UploadPartCopy", Some(Service::S3)),
            ("SendMessageBatch", Some(Service::Sqs)),
            ("GetLayerVersionByArn", Some(Service::Lambda)),
            ("AssumeRole", Some(Service::Sts)),
            ("GetRole", Some(Service::Iam)),
        ] {
            assert_eq!(check(name, service.as_ref()), Ok(()), "{name}");
        }
        for (name, service, said) in [
            ("PutObjec", None, ": did you mean `PutObject`?"),
            ("putobject", Some(Service::S3), ": did you mean `PutObject`?"),
            ("PutObject", Some(Service::Sqs), ": it is one of `s3`"),
            ("Put*", None, ""),
            ("", None, ""),
        ] {
            assert_eq!(check(name, service.as_ref()), Err(said.to_owned()), "{name}");
        }
    }

    /// The code of the error that the fake answers an operation of SQS with.
    async fn error_code(fake: &FakeAws, operation: &str) -> Option<String> {
        let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/sqs/aws4_request, SignedHeaders=host, \
                      Signature=5166cafe";
        let request = Request::post("https://sqs.eu-west-1.amazonaws.com/")
            .header("authorization", signed)
            .header("x-amz-target", format!("AmazonSQS.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .body(Body::from("{}".to_owned()))
            .unwrap();
        let exchange = fake.layer().receive(request).await;
        drop(fake.layer().answer(exchange).await);
        fake.calls().last().unwrap().error_code.clone()
    }

    #[tokio::test]
    async fn each_operation_of_sqs_is_one_that_the_fake_answers() {
        const UNKNOWN: &str = "UnknownOperationException";
        let fake = FakeAws::new();
        assert_eq!(error_code(&fake, "SendMessages").await.as_deref(), Some(UNKNOWN));
        for name in SQS {
            assert_ne!(error_code(&fake, name).await.as_deref(), Some(UNKNOWN), "{name}");
        }
    }

    #[test]
    fn no_operation_is_named_twice_in_a_service() {
        for service in &SERVICES {
            let names = operations(service);
            let different: BTreeSet<_> = names.iter().collect();
            assert_eq!(different.len(), names.len(), "{service}");
        }
    }
}

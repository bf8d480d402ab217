//! The subresources of S3: a parameter such as `?acl` makes another resource of a path, with methods of its own.
//!
//! A method that the resource has not must not fall through to the path itself: `DELETE /bucket?versioning` deletes no
//! bucket.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use url::form_urlencoded;

use super::answer::AwsError;
use super::operation::{Level, has_operation};
use crate::s3;

/// Why a request is none that its resource has. AWS says so before it looks at who asks, and whether there is the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A method that S3 has nowhere.
    UnknownMethod,
    MethodNotAllowed {
        resource_type: &'static str,
        allow: &'static str,
    },
    /// More than one subresource, in the order of the alphabet.
    Conflict(Vec<&'static str>),
    /// An operation of an upload, on a path without a key.
    KeyMissing,
    /// One that AWS has, and the fake has not.
    NotImplemented(&'static str),
}

/// Parameter, `ResourceType`, `Allow`.
type Subresource = (&'static str, &'static str, &'static str);

const SERVICE: Misfit = Misfit::MethodNotAllowed { resource_type: "SERVICE", allow: "GET" };
const BUCKET: Misfit =
    Misfit::MethodNotAllowed { resource_type: "BUCKET", allow: "HEAD, DELETE, POST, GET, PUT" };
const OBJECT: Misfit = Misfit::MethodNotAllowed { resource_type: "OBJECT", allow: "HEAD, DELETE, GET, PUT" };

const OF_BUCKETS: &[Subresource] = &[
    ("abac", "BUCKET_ABAC", "GET, PUT"),
    ("accelerate", "ACCELERATE", "GET, PUT"),
    ("acl", "ACL", "GET, PUT"),
    ("analytics", "ANALYTICS", "GET, PUT, DELETE"),
    ("cors", "CORS", "GET, PUT, DELETE"),
    ("delete", "MULTI_OBJECT_DELETE", "POST"),
    ("encryption", "ENCRYPTION", "GET, PUT, DELETE"),
    ("intelligent-tiering", "INTELLIGENT_TIERING", "GET, PUT, DELETE"),
    ("inventory", "INVENTORY", "GET, PUT, DELETE"),
    ("lifecycle", "LIFECYCLE", "GET, PUT, DELETE"),
    ("location", "LOCATION", "GET"),
    ("logging", "LOGGING_STATUS", "GET, PUT"),
    ("metadataAnnotationTable", "BUCKET_METADATA_ANNOTATION_TABLE_CONFIGURATION", "PUT"),
    ("metadataConfiguration", "BUCKET_METADATA_CONFIGURATION", "GET, POST, DELETE"),
    ("metadataInventoryTable", "BUCKET_METADATA_INVENTORY_TABLE_CONFIGURATION", "PUT"),
    ("metadataJournalTable", "BUCKET_METADATA_JOURNAL_TABLE_CONFIGURATION", "PUT"),
    ("metadataTable", "BUCKET_METADATA_TABLE_CONFIGURATION", "GET, POST, DELETE"),
    ("metrics", "METRICS", "GET, PUT, DELETE"),
    ("notification", "NOTIFICATION", "GET, PUT"),
    ("object-lock", "OBJECT_LOCK_CONFIGURATION", "GET, PUT"),
    ("ownershipControls", "OWNERSHIP_CONTROLS", "GET, PUT, DELETE"),
    ("policy", "BUCKETPOLICY", "GET, PUT, DELETE"),
    ("policyStatus", "POLICY_STATUS", "GET"),
    ("publicAccessBlock", "PUBLIC_ACCESS_BLOCK", "GET, PUT, DELETE"),
    ("replication", "REPLICATION", "GET, PUT, DELETE"),
    ("requestPayment", "REQUEST_PAYMENT", "GET, PUT"),
    ("session", "SESSION", "GET"),
    ("tagging", "TAGGING", "GET, PUT, DELETE"),
    ("uploads", "UPLOADS", "GET"),
    ("versioning", "VERSIONING", "GET, PUT"),
    ("versions", "BUCKETVERSIONS", "GET"),
    ("website", "WEBSITE", "GET, PUT, DELETE"),
];

const OF_OBJECTS: &[Subresource] = &[
    ("acl", "ACL", "GET, PUT"),
    ("annotation", "OBJECT_ANNOTATIONS", "GET, PUT, DELETE"),
    ("attributes", "OBJECT_ATTRIBUTES", "GET"),
    ("encryption", "OBJECT_ENCRYPTION", "PUT"),
    ("legal-hold", "OBJECT_LOCK_LEGALHOLD", "GET, PUT"),
    ("renameObject", "RENAME_OBJECT", "PUT"),
    ("restore", "RESTORE", "POST"),
    ("retention", "OBJECT_LOCK_RETENTION", "GET, PUT"),
    ("select", "SELECT", "POST"),
    ("tagging", "OBJECT_TAGGING", "GET, PUT, DELETE"),
    ("torrent", "TORRENT", "GET"),
    (UPLOAD_ID, "UPLOAD", "GET, POST, DELETE"),
    ("uploads", "UPLOADS", "POST"),
];

const UPLOAD_ID: &str = "uploadId";
/// `uploadId` beside `partNumber`.
const PART: Subresource = (UPLOAD_ID, "PART", "PUT");

/// Why the resource that a request names has not its method, if so.
pub(super) fn misfit(method: &Method, level: Level, query: Option<&str>) -> Option<Misfit> {
    // A browser asks before any request, and is answered by the rules of the bucket.
    if *method == Method::OPTIONS {
        return None;
    }
    if ![Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE, Method::PATCH].contains(method)
    {
        return Some(Misfit::UnknownMethod);
    }
    let (own, others) = match level {
        Level::Service => return (*method != Method::GET).then_some(SERVICE),
        Level::Bucket => (OF_BUCKETS, OF_OBJECTS),
        Level::Object => (OF_OBJECTS, OF_BUCKETS),
    };
    let parameters: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    let has = |name: &str| parameters.iter().any(|(key, _)| key == name);
    let named =
        |table: &[Subresource]| table.iter().copied().filter(|(name, ..)| has(name)).collect::<Vec<_>>();
    let (own, others) = (named(own), named(others));
    let names: BTreeSet<_> = own.iter().chain(&others).map(|(name, ..)| *name).collect();
    if names.len() > 1 {
        return Some(Misfit::Conflict(names.into_iter().collect()));
    }
    match (own.first(), others.first()) {
        (Some(&(UPLOAD_ID, ..)), _) if has("partNumber") => of_own(PART, method, level),
        (Some(own), _) => of_own(*own, method, level),
        (None, Some(other)) => of_other(*other, method, level),
        (None, None) => of_path(method, level),
    }
}

fn of_own((name, resource_type, allow): Subresource, method: &Method, level: Level) -> Option<Misfit> {
    if !allows(allow, method) {
        return Some(Misfit::MethodNotAllowed { resource_type, allow });
    }
    (!has_operation(method, level, name)).then_some(Misfit::NotImplemented(name))
}

/// Of a subresource that buckets have, on a path with a key, or the other way round. What it is there to a read, AWS
/// decides for each of them; a write must not be one of the path.
fn of_other((name, resource_type, allow): Subresource, method: &Method, level: Level) -> Option<Misfit> {
    match *method {
        Method::HEAD if level == Level::Object => None,
        _ if !allows(allow, method) => Some(Misfit::MethodNotAllowed { resource_type, allow }),
        _ if name == UPLOAD_ID => Some(Misfit::KeyMissing),
        Method::GET => None,
        _ => Some(Misfit::NotImplemented(name)),
    }
}

fn of_path(method: &Method, level: Level) -> Option<Misfit> {
    match (level, method.as_str()) {
        (Level::Bucket, "PATCH") => Some(BUCKET),
        (Level::Object, "PATCH" | "POST") => Some(OBJECT),
        _ => None,
    }
}

fn allows(allow: &str, method: &Method) -> bool {
    allow.split(", ").any(|allowed| allowed == method.as_str())
}

impl Misfit {
    pub(super) fn error(&self, method: &Method) -> AwsError {
        let bad = |code: &str, message: String| AwsError::new(StatusCode::BAD_REQUEST, code, message);
        match self {
            Self::UnknownMethod => {
                bad("BadRequest", "An error occurred when parsing the HTTP request.".to_owned())
            }
            Self::MethodNotAllowed { resource_type, allow } => {
                let code = "MethodNotAllowed";
                let mut error = AwsError::new(StatusCode::METHOD_NOT_ALLOWED, code, s3::message(code))
                    .with("Method", method.as_str())
                    .with("ResourceType", *resource_type);
                error.headers.push(("allow", (*allow).to_owned()));
                error
            }
            Self::Conflict(names) => {
                let names = names.join(", ");
                let first = names.split(',').next().unwrap_or_default();
                bad("InvalidArgument", format!("Conflicting query string parameters: {names}"))
                    .with("ArgumentName", "ResourceType")
                    .with("ArgumentValue", first)
            }
            Self::KeyMissing => bad("InvalidRequest", "A key must be specified".to_owned()),
            Self::NotImplemented(name) => AwsError::new(
                StatusCode::NOT_IMPLEMENTED,
                "NotImplemented",
                format!("the fake does not implement `?{name}` here"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::layer::operation::s3_operation;

    fn of(method: &str, level: Level, query: &str) -> Option<Misfit> {
        misfit(&method.parse().unwrap(), level, Some(query))
    }

    fn not_allowed(misfit: Option<&Misfit>) -> Option<(&'static str, &'static str)> {
        match misfit {
            Some(Misfit::MethodNotAllowed { resource_type, allow }) => Some((*resource_type, *allow)),
            _ => None,
        }
    }

    #[test]
    fn every_method_of_a_subresource_is_an_operation_or_is_refused_as_none() {
        for (level, table) in [(Level::Bucket, OF_BUCKETS), (Level::Object, OF_OBJECTS)] {
            for (name, resource_type, allow) in table {
                for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"] {
                    let misfit = of(method, level, &format!("x-id=A&{name}"));
                    if allow.split(", ").any(|allowed| allowed == method) {
                        let missing = Some(Misfit::NotImplemented(name));
                        assert!(misfit.is_none() || misfit == missing, "{method} ?{name}: {misfit:?}");
                    } else {
                        assert_eq!(
                            not_allowed(misfit.as_ref()),
                            Some((*resource_type, *allow)),
                            "{method} ?{name}"
                        );
                    }
                }
                assert_eq!(of("OPTIONS", level, name), None);
            }
        }
    }

    /// Every operation of S3's API model that a parameter tells from that of the path, with its method and the parameter.
    const OF_THE_MODEL: &[(&str, Level, &str, Option<&str>)] = &[
        ("GET", Level::Bucket, "abac", None),
        ("PUT", Level::Bucket, "abac", None),
        ("GET", Level::Bucket, "accelerate", Some("GetBucketAccelerateConfiguration")),
        ("PUT", Level::Bucket, "accelerate", Some("PutBucketAccelerateConfiguration")),
        ("GET", Level::Bucket, "acl", Some("GetBucketAcl")),
        ("PUT", Level::Bucket, "acl", Some("PutBucketAcl")),
        ("GET", Level::Bucket, "analytics", Some("ListBucketAnalyticsConfigurations")),
        ("PUT", Level::Bucket, "analytics", Some("PutBucketAnalyticsConfiguration")),
        ("DELETE", Level::Bucket, "analytics", Some("DeleteBucketAnalyticsConfiguration")),
        ("GET", Level::Bucket, "cors", Some("GetBucketCors")),
        ("PUT", Level::Bucket, "cors", Some("PutBucketCors")),
        ("DELETE", Level::Bucket, "cors", Some("DeleteBucketCors")),
        ("POST", Level::Bucket, "delete", Some("DeleteObjects")),
        ("GET", Level::Bucket, "encryption", Some("GetBucketEncryption")),
        ("PUT", Level::Bucket, "encryption", Some("PutBucketEncryption")),
        ("DELETE", Level::Bucket, "encryption", Some("DeleteBucketEncryption")),
        ("GET", Level::Bucket, "intelligent-tiering", Some("ListBucketIntelligentTieringConfigurations")),
        ("PUT", Level::Bucket, "intelligent-tiering", Some("PutBucketIntelligentTieringConfiguration")),
        ("DELETE", Level::Bucket, "intelligent-tiering", Some("DeleteBucketIntelligentTieringConfiguration")),
        ("GET", Level::Bucket, "inventory", Some("ListBucketInventoryConfigurations")),
        ("PUT", Level::Bucket, "inventory", Some("PutBucketInventoryConfiguration")),
        ("DELETE", Level::Bucket, "inventory", Some("DeleteBucketInventoryConfiguration")),
        ("GET", Level::Bucket, "lifecycle", Some("GetBucketLifecycleConfiguration")),
        ("PUT", Level::Bucket, "lifecycle", Some("PutBucketLifecycleConfiguration")),
        ("DELETE", Level::Bucket, "lifecycle", Some("DeleteBucketLifecycle")),
        ("GET", Level::Bucket, "location", Some("GetBucketLocation")),
        ("GET", Level::Bucket, "logging", Some("GetBucketLogging")),
        ("PUT", Level::Bucket, "logging", Some("PutBucketLogging")),
        ("PUT", Level::Bucket, "metadataAnnotationTable", None),
        ("GET", Level::Bucket, "metadataConfiguration", None),
        ("POST", Level::Bucket, "metadataConfiguration", None),
        ("DELETE", Level::Bucket, "metadataConfiguration", None),
        ("PUT", Level::Bucket, "metadataInventoryTable", None),
        ("PUT", Level::Bucket, "metadataJournalTable", None),
        ("GET", Level::Bucket, "metadataTable", None),
        ("POST", Level::Bucket, "metadataTable", None),
        ("DELETE", Level::Bucket, "metadataTable", None),
        ("GET", Level::Bucket, "metrics", Some("ListBucketMetricsConfigurations")),
        ("PUT", Level::Bucket, "metrics", Some("PutBucketMetricsConfiguration")),
        ("DELETE", Level::Bucket, "metrics", Some("DeleteBucketMetricsConfiguration")),
        ("GET", Level::Bucket, "notification", Some("GetBucketNotificationConfiguration")),
        ("PUT", Level::Bucket, "notification", Some("PutBucketNotificationConfiguration")),
        ("GET", Level::Bucket, "object-lock", Some("GetObjectLockConfiguration")),
        ("PUT", Level::Bucket, "object-lock", Some("PutObjectLockConfiguration")),
        ("GET", Level::Bucket, "ownershipControls", Some("GetBucketOwnershipControls")),
        ("PUT", Level::Bucket, "ownershipControls", Some("PutBucketOwnershipControls")),
        ("DELETE", Level::Bucket, "ownershipControls", Some("DeleteBucketOwnershipControls")),
        ("GET", Level::Bucket, "policy", Some("GetBucketPolicy")),
        ("PUT", Level::Bucket, "policy", Some("PutBucketPolicy")),
        ("DELETE", Level::Bucket, "policy", Some("DeleteBucketPolicy")),
        ("GET", Level::Bucket, "policyStatus", Some("GetBucketPolicyStatus")),
        ("GET", Level::Bucket, "publicAccessBlock", Some("GetPublicAccessBlock")),
        ("PUT", Level::Bucket, "publicAccessBlock", Some("PutPublicAccessBlock")),
        ("DELETE", Level::Bucket, "publicAccessBlock", Some("DeletePublicAccessBlock")),
        ("GET", Level::Bucket, "replication", Some("GetBucketReplication")),
        ("PUT", Level::Bucket, "replication", Some("PutBucketReplication")),
        ("DELETE", Level::Bucket, "replication", Some("DeleteBucketReplication")),
        ("GET", Level::Bucket, "requestPayment", Some("GetBucketRequestPayment")),
        ("PUT", Level::Bucket, "requestPayment", Some("PutBucketRequestPayment")),
        ("GET", Level::Bucket, "session", Some("CreateSession")),
        ("GET", Level::Bucket, "tagging", Some("GetBucketTagging")),
        ("PUT", Level::Bucket, "tagging", Some("PutBucketTagging")),
        ("DELETE", Level::Bucket, "tagging", Some("DeleteBucketTagging")),
        ("GET", Level::Bucket, "uploads", Some("ListMultipartUploads")),
        ("GET", Level::Bucket, "versioning", Some("GetBucketVersioning")),
        ("PUT", Level::Bucket, "versioning", Some("PutBucketVersioning")),
        ("GET", Level::Bucket, "versions", Some("ListObjectVersions")),
        ("GET", Level::Bucket, "website", Some("GetBucketWebsite")),
        ("PUT", Level::Bucket, "website", Some("PutBucketWebsite")),
        ("DELETE", Level::Bucket, "website", Some("DeleteBucketWebsite")),
        ("GET", Level::Object, "acl", Some("GetObjectAcl")),
        ("PUT", Level::Object, "acl", Some("PutObjectAcl")),
        ("GET", Level::Object, "annotation", None),
        ("PUT", Level::Object, "annotation", None),
        ("DELETE", Level::Object, "annotation", None),
        ("GET", Level::Object, "attributes", Some("GetObjectAttributes")),
        ("PUT", Level::Object, "encryption", None),
        ("GET", Level::Object, "legal-hold", Some("GetObjectLegalHold")),
        ("PUT", Level::Object, "legal-hold", Some("PutObjectLegalHold")),
        ("PUT", Level::Object, "renameObject", None),
        ("POST", Level::Object, "restore", Some("RestoreObject")),
        ("GET", Level::Object, "retention", Some("GetObjectRetention")),
        ("PUT", Level::Object, "retention", Some("PutObjectRetention")),
        ("POST", Level::Object, "select", Some("SelectObjectContent")),
        ("GET", Level::Object, "tagging", Some("GetObjectTagging")),
        ("PUT", Level::Object, "tagging", Some("PutObjectTagging")),
        ("DELETE", Level::Object, "tagging", Some("DeleteObjectTagging")),
        ("GET", Level::Object, "torrent", Some("GetObjectTorrent")),
        ("GET", Level::Object, "uploadId", Some("ListParts")),
        ("POST", Level::Object, "uploadId", Some("CompleteMultipartUpload")),
        ("DELETE", Level::Object, "uploadId", Some("AbortMultipartUpload")),
        ("POST", Level::Object, "uploads", Some("CreateMultipartUpload")),
    ];

    #[test]
    fn every_operation_of_the_model_is_one_of_its_own() {
        for (method, level, parameter, operation) in OF_THE_MODEL {
            let found = misfit(&method.parse().unwrap(), *level, Some(parameter));
            let missing = operation.is_none().then_some(Misfit::NotImplemented(parameter));
            assert_eq!(found, missing, "{method} ?{parameter}");
            let Some(operation) = operation else { continue };
            let method = method.parse().unwrap();
            let name = s3_operation(&method, *level, Some(parameter), &HeaderMap::new());
            assert_eq!(name, *operation, "{method} ?{parameter}");
        }
    }

    #[test]
    fn an_id_is_of_one_of_many() {
        for kind in ["Analytics", "IntelligentTiering", "Inventory", "Metrics"] {
            let parameter = kind.replace("tT", "t-T").to_ascii_lowercase();
            let query = format!("{parameter}&id=a");
            let name = s3_operation(&Method::GET, Level::Bucket, Some(&query), &HeaderMap::new());
            assert_eq!(name, format!("GetBucket{kind}Configuration"));
        }
    }

    #[test]
    fn the_table_has_what_the_model_has() {
        for (level, table) in [(Level::Bucket, OF_BUCKETS), (Level::Object, OF_OBJECTS)] {
            for (name, _, allow) in table {
                for method in allow.split(", ") {
                    let known = OF_THE_MODEL
                        .iter()
                        .any(|(verb, of, parameter, _)| (*verb, *of, parameter) == (method, level, name));
                    assert!(known, "{method} ?{name}");
                }
            }
        }
    }

    #[test]
    fn a_path_without_a_subresource_has_methods_of_its_own() {
        for (level, type_of, refused) in [
            (Level::Service, "SERVICE", &["HEAD", "PUT", "POST", "DELETE", "PATCH"][..]),
            (Level::Bucket, "BUCKET", &["PATCH"]),
            (Level::Object, "OBJECT", &["POST", "PATCH"]),
        ] {
            for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"] {
                let misfit = of(method, level, "versionId=1&x-id=GetObject&list-type=2");
                let found = not_allowed(misfit.as_ref()).map(|(resource_type, _)| resource_type);
                let expected = refused.contains(&method).then_some(type_of);
                assert_eq!(found, expected, "{method} {level:?}: {misfit:?}");
            }
            assert_eq!(of("TRACE", level, ""), Some(Misfit::UnknownMethod));
        }
    }

    #[test]
    fn a_part_is_another_resource_than_its_upload() {
        assert_eq!(of("PUT", Level::Object, "partNumber=1&uploadId=u"), None);
        assert_eq!(
            not_allowed(of("GET", Level::Object, "partNumber=1&uploadId=u").as_ref()),
            Some(("PART", "PUT"))
        );
        assert_eq!(
            not_allowed(of("PUT", Level::Object, "uploadId=u").as_ref()),
            Some(("UPLOAD", "GET, POST, DELETE"))
        );
        assert_eq!(of("GET", Level::Object, "partNumber=1"), None);
    }

    #[test]
    fn two_subresources_are_none() {
        for (level, query) in [(Level::Bucket, "policy&acl=&acl"), (Level::Object, "acl&policy")] {
            assert_eq!(of("GET", level, query), Some(Misfit::Conflict(vec!["acl", "policy"])));
        }
        assert_eq!(of("GET", Level::Service, "acl&policy"), None);
    }

    #[test]
    fn a_subresource_of_the_other_level_is_no_write_of_the_path() {
        assert_eq!(of("DELETE", Level::Object, "policy"), Some(Misfit::NotImplemented("policy")));
        assert_eq!(
            not_allowed(of("PUT", Level::Object, "versions").as_ref()),
            Some(("BUCKETVERSIONS", "GET"))
        );
        assert_eq!(not_allowed(of("DELETE", Level::Bucket, "restore").as_ref()), Some(("RESTORE", "POST")));
        assert_eq!(of("DELETE", Level::Bucket, "uploadId=u"), Some(Misfit::KeyMissing));
        assert_eq!(not_allowed(of("HEAD", Level::Bucket, "torrent").as_ref()), Some(("TORRENT", "GET")));
        assert_eq!(of("GET", Level::Object, "policy"), None);
        assert_eq!(of("HEAD", Level::Object, "policy"), None);
    }
}

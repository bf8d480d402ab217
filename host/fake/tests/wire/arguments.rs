//! What `InvalidArgument` says of the argument that it is about.

use innkeeper_fake::{FakeAws, ObjectOwnership};

use crate::aws::{send, text};

const BUCKET: &str = "https://bucket.s3.eu-west-1.amazonaws.com/";
const KEY: &str = "https://bucket.s3.eu-west-1.amazonaws.com/key";
const ENCRYPTION: &str = "x-amz-server-side-encryption";

/// A fake with an object `key` in a bucket that has ACLs.
fn fake() -> FakeAws {
    let fake = FakeAws::builder().region("eu-west-1").object_ownership(ObjectOwnership::ObjectWriter).build();
    fake.s3().create_bucket("bucket").unwrap();
    fake.s3().put("bucket", "key", "hello").unwrap();
    fake
}

/// The message of an `InvalidArgument`, and the name and the value of its argument.
async fn argument(
    fake: &FakeAws,
    method: &str,
    uri: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> [String; 3] {
    let answer = send(fake, method, uri, headers, body).await;
    assert_eq!(answer.status().as_u16(), 400, "{method} {uri} {headers:?}");
    let document = text(answer).await.replace("&quot;", "\"").replace("&apos;", "'");
    let element = |name: &str| {
        let (_, rest) = document.split_once(&format!("<{name}>")).unwrap_or_default();
        rest.split_once(&format!("</{name}>")).unwrap_or_default().0.to_owned()
    };
    assert_eq!(element("Code"), "InvalidArgument", "{document}");
    [element("Message"), element("ArgumentName"), element("ArgumentValue")]
}

#[tokio::test(start_paused = true)]
async fn encryption_is_said_where_an_object_is_made_and_in_words_that_are_known() {
    let fake = fake();
    for (method, uri, body) in [
        ("GET", KEY.to_owned(), ""),
        ("GET", format!("{KEY}?{ENCRYPTION}=AES256"), ""),
        ("PUT", format!("{KEY}?partNumber=1&uploadId=none"), "x"),
        ("DELETE", KEY.to_owned(), ""),
        ("GET", format!("{BUCKET}?list-type=2"), ""),
    ] {
        let length = body.len().to_string();
        let headers = [(ENCRYPTION, "AES256"), ("content-length", length.as_str())];
        let headers = if uri.contains(ENCRYPTION) { &headers[1..] } else { &headers[..] };
        let refused = argument(&fake, method, &uri, headers, body).await;
        let message = format!("{ENCRYPTION} header is not supported for this operation.");
        assert_eq!(refused, [&*message, ENCRYPTION, "AES256"], "{method} {uri}");
    }
    assert_eq!(fake.s3().keys("bucket"), ["key"]);
    for (method, uri) in [("PUT", KEY.to_owned()), ("POST", format!("{KEY}?uploads"))] {
        let headers = [(ENCRYPTION, "aws:kmx"), ("content-length", "0")];
        let refused = argument(&fake, method, &uri, &headers, "").await;
        assert_eq!(refused, ["The encryption method specified is not supported", ENCRYPTION, "aws:kmx"]);
        let headers = [(ENCRYPTION, "aws:kms"), ("content-length", "0")];
        assert_eq!(send(&fake, method, &uri, &headers, "").await.status().as_u16(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_default_retention_is_a_positive_number() {
    let fake = fake();
    fake.s3().enable_versioning("bucket").unwrap();
    for (unit, count, message) in [
        ("Days", "0", "Default retention period must be a positive integer value."),
        ("Years", "-1", "Default retention period must be a positive integer value."),
        ("Years", "101", "Default retention period too large."),
    ] {
        let document = format!(
            "<ObjectLockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><ObjectLockEnabled>Enabled\
             </ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><{unit}>{count}</{unit}>\
             </DefaultRetention></Rule></ObjectLockConfiguration>"
        );
        let refused = argument(&fake, "PUT", &format!("{BUCKET}?object-lock"), &[], &document).await;
        assert_eq!(refused, [message, unit, count]);
    }
}

#[tokio::test(start_paused = true)]
async fn acls_name_who_they_are_about() {
    let fake = fake();
    let acl = |uri: &str| format!("{uri}?acl");
    let kind = "Argument format not recognized";
    for (header, value, expected) in [
        ("x-amz-acl", "public-ready", ["", "x-amz-acl", "public-ready"]),
        ("x-amz-grant-read", "id=_foo", ["Invalid id", "id", "_foo"]),
        ("x-amz-grant-write-acp", "uri=\"http://x/y\"", ["Invalid group uri", "uri", "http://x/y"]),
        ("x-amz-grant-read-acp", "name=\"x\"", [kind, "x-amz-grant-read-acp", "name=\"x\""]),
        ("x-amz-grant-full-control", "somebody", [kind, "x-amz-grant-full-control", "somebody"]),
    ] {
        for uri in [acl(BUCKET), acl(KEY)] {
            let refused = argument(&fake, "PUT", &uri, &[(header, value)], "").await;
            assert_eq!(refused, expected, "{uri}");
        }
        let headers = [(header, value), ("content-length", "0")];
        assert_eq!(argument(&fake, "PUT", KEY, &headers, "").await, expected);
    }
    let owner = hex::encode(<sha2::Sha256 as sha2::Digest>::digest("000000000000"));
    let document = |owner: &str, kind: &str, grantee: &str| {
        format!(
            "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{owner}</ID></Owner>\
             <AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:type=\"{kind}\">{grantee}</Grantee><Permission>READ</Permission></Grant></AccessControlList>\
             </AccessControlPolicy>"
        )
    };
    let (user, group) = ("CanonicalUser", "Group");
    let nobody = "0".repeat(64);
    for uri in [acl(BUCKET), acl(KEY)] {
        for (document, expected) in [
            (document(&owner, user, "<ID>_foo</ID>"), ["Invalid id", "CanonicalUser/ID", "_foo"]),
            (document(&owner, group, "<URI>x</URI>"), ["Invalid group uri", "Group/URI", "x"]),
            (document("me", user, &format!("<ID>{owner}</ID>")), ["Invalid id", "CanonicalUser/ID", "me"]),
        ] {
            assert_eq!(argument(&fake, "PUT", &uri, &[], &document).await, expected, "{document}");
        }
        let of_another = document(&nobody, user, &format!("<ID>{owner}</ID>"));
        assert_eq!(send(&fake, "PUT", &uri, &[], &of_another).await.status().as_u16(), 403);
    }
}

#[tokio::test(start_paused = true)]
async fn the_range_of_a_copy_lies_in_its_source() {
    let fake = fake();
    let created = text(send(&fake, "POST", &format!("{KEY}?uploads"), &[], "").await).await;
    let (_, id) = created.split_once("<UploadId>").unwrap();
    let (id, _) = id.split_once("</UploadId>").unwrap();
    let uri = format!("{KEY}?partNumber=1&uploadId={id}");
    let form = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
                zero-based offsets of the first and last bytes to copy";
    for (range, message) in
        [("bytes=1-", form), ("bytes=0-5", "Range specified is not valid for source object of size: 5")]
    {
        let headers = [
            ("x-amz-copy-source", "bucket/key"),
            ("x-amz-copy-source-range", range),
            ("content-length", "0"),
        ];
        let refused = argument(&fake, "PUT", &uri, &headers, "").await;
        assert_eq!(refused, [message, "x-amz-copy-source-range", range]);
    }
}

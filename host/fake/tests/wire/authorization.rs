//! What S3 makes of an `Authorization` header, byte by byte: of none, of one that is no signature, and of the dates and
//! the characters that a signature may be over.

use std::time::SystemTime;

use aws_sigv4::sign::v4;
use innkeeper_fake::FakeAws;
use sha2::{Digest as _, Sha256};

use crate::aws::{bucket, known, send, send_unsigned, text};

const ID: &str = "AKIDKNOWN";
const SECRET: &str = "secret";
const HOST: &str = "bucket.s3.eu-west-1.amazonaws.com";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A `GET` of the object whose date is in a header of the test's choice, and which is signed with it.
async fn get(
    fake: &FakeAws,
    header: Option<(&'static str, &str)>,
    signed_date: &str,
    more: Option<(&'static str, &str, &str)>,
) -> (u16, String) {
    let mut headers = vec![("x-amz-content-sha256", EMPTY)];
    headers.extend(header);
    headers.extend(more.map(|(name, value, _)| (name, value)));
    let mut signed: Vec<_> = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    signed.push(("host", HOST.to_owned()));
    for (name, value) in &mut signed {
        if let Some((_, _, as_signed)) = more.filter(|(more, ..)| more == name) {
            as_signed.clone_into(value);
        }
    }
    signed.sort();
    let names: Vec<_> = signed.iter().map(|(name, _)| *name).collect();
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let request = format!("GET\n/key\n\n{lines}\n{}\n{EMPTY}", names.join(";"));
    let scope = "20260101/eu-west-1/s3/aws4_request";
    let digest = hex::encode(Sha256::digest(&request));
    let string_to_sign = format!("AWS4-HMAC-SHA256\n{signed_date}\n{scope}\n{digest}");
    let epoch = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(innkeeper_fake::TEST_EPOCH_SECS);
    let key = v4::generate_signing_key(SECRET, epoch, "eu-west-1", "s3");
    let signature = v4::calculate_signature(key, string_to_sign.as_bytes());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={ID}/{scope}, SignedHeaders={}, Signature={signature}",
        names.join(";")
    );
    headers.push(("authorization", &authorization));
    let answer = send(fake, "GET", &format!("https://{HOST}/key"), &headers, "").await;
    (answer.status().as_u16(), text(answer).await)
}

#[tokio::test(start_paused = true)]
async fn a_header_that_is_no_signature_is_refused_as_what_it_is() {
    let unreadable = "AuthorizationHeaderMalformed";
    for fake in [known(ID, SECRET), bucket().0] {
        for (header, code, message) in [
            (
                "garbage",
                "InvalidArgument",
                "Authorization header is invalid -- one and only one ' ' (space) required",
            ),
            (
                "AWS HAHAHA",
                "InvalidArgument",
                "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
            ),
            (
                "aws k:",
                "InvalidArgument",
                "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
            ),
            ("Basic abc", "InvalidArgument", "Unsupported Authorization Type"),
            ("Bearer x", "InvalidArgument", "Unsupported Authorization Type"),
            (
                "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/s3/aws4_request",
                unreadable,
                "The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.",
            ),
        ] {
            let headers = [("authorization", header)];
            let answer = send(&fake, "GET", &format!("https://{HOST}/key"), &headers, "").await;
            assert_eq!(answer.status().as_u16(), 400, "{header}");
            let document = text(answer).await.replace("&apos;", "'");
            let said = format!("<Code>{code}</Code><Message>{message}</Message>");
            assert!(document.contains(&said), "{header}: {document}");
            let argument =
                format!("<ArgumentName>Authorization</ArgumentName><ArgumentValue>{header}</ArgumentValue>");
            assert_eq!(document.contains(&argument), code != unreadable, "{header}: {document}");
        }
        // An empty one is none.
        let answer = send(&fake, "GET", &format!("https://{HOST}/key"), &[("authorization", "")], "").await;
        assert_eq!(answer.status().as_u16(), 403);
        assert!(text(answer).await.contains("<Code>AccessDenied</Code>"));
    }
}

#[tokio::test(start_paused = true)]
async fn other_services_have_one_answer_to_a_header_that_is_no_signature() {
    let fake = known(ID, SECRET);
    for header in ["", "garbage", "Basic abc", "AWS HAHAHA"] {
        let headers = [("authorization", header), ("content-type", "application/x-www-form-urlencoded")];
        let uri = "https://sts.eu-west-1.amazonaws.com/";
        let answer = send_unsigned(&fake, "POST", uri, &headers, "Action=GetCallerIdentity").await;
        assert!(text(answer).await.contains("<Code>IncompleteSignature</Code>"), "{header}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_signature_may_have_its_date_in_either_header_and_any_form() {
    let fake = known(ID, SECRET);
    let now = "20260101T000000Z";
    for date in
        [now, "Thu, 01 Jan 2026 00:00:00 GMT", "Thursday, 01-Jan-26 00:00:00 GMT", "Thu Jan  1 00:00:00 2026"]
    {
        for header in ["date", "x-amz-date"] {
            // The one form that the specification has, and the date as it was sent.
            for signed in [now, date] {
                // A run of spaces is one where it is signed.
                let sent = Some((header, date, &*date.replace("  ", " ")));
                let got = get(&fake, None, signed, sent).await;
                assert_eq!(got, (200, "hello".to_owned()), "{header}: {date}, {signed}");
            }
        }
    }
    let (status, document) = get(&fake, Some(("date", now)), "20260101T000001Z", None).await;
    assert!(status == 403 && document.contains("<Code>SignatureDoesNotMatch</Code>"), "{document}");
}

#[tokio::test(start_paused = true)]
async fn a_signature_without_a_date_is_none() {
    let fake = known(ID, SECRET);
    for header in [None, Some(("date", "today")), Some(("x-amz-date", "today"))] {
        let (status, document) = get(&fake, header, "20260101T000000Z", None).await;
        let said = "<Code>AccessDenied</Code><Message>AWS authentication requires a valid Date or x-amz-date header</Message>";
        assert!(status == 403 && document.contains(said), "{header:?} {document}");
    }
    // Ours counts, whatever it is.
    let both = Some(("date", "Thu, 01 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT"));
    let (status, _) = get(&fake, Some(("x-amz-date", "today")), "20260101T000000Z", both).await;
    assert_eq!(status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_header_is_signed_by_its_bytes() {
    let fake = known(ID, SECRET);
    let date = Some(("x-amz-date", "20260101T000000Z"));
    let with = async |signed: &str| {
        get(&fake, date, "20260101T000000Z", Some(("x-amz-meta-a", "café", signed))).await.0
    };
    assert_eq!((with("caf\u{c3}\u{a9}").await, with("café").await), (200, 403));
}

#[tokio::test(start_paused = true)]
async fn a_signature_that_is_wrong_is_told_what_it_ought_to_be_of() {
    let fake = known(ID, SECRET);
    let (_, document) = get(&fake, Some(("x-amz-date", "20260101T000000Z")), "never", None).await;
    let request = format!(
        "<CanonicalRequest>GET\n/key\n\nhost:{HOST}\nx-amz-content-sha256:{EMPTY}\nx-amz-date:20260101T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n{EMPTY}</CanonicalRequest>"
    );
    let text = "<AWSAccessKeyId>AKIDKNOWN</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256\n20260101T000000Z\n20260101/eu-west-1/s3/aws4_request\n";
    for said in
        [&request, text, "<StringToSignBytes>41 57 53 34 2d ", "<CanonicalRequestBytes>47 45 54 0a 2f "]
    {
        assert!(document.contains(said), "{said}: {document}");
    }
    assert!(!document.contains(SECRET));
}

#[tokio::test(start_paused = true)]
async fn refusals_name_what_they_are_about() {
    let fake = known(ID, SECRET);
    let now = "20260101T000000Z";
    let (_, document) = get(&fake, Some(("x-amz-date", "20260101T001501Z")), now, None).await;
    let said = "<RequestTime>20260101T001501Z</RequestTime><ServerTime>2026-01-01T00:00:00Z</ServerTime>\
                <MaxAllowedSkewMilliseconds>900000</MaxAllowedSkewMilliseconds>";
    assert!(document.contains(said), "{document}");
    let headers = [
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDKNOWN/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00",
        ),
        ("x-amz-date", now),
        ("x-amz-meta-a", "b"),
    ];
    let uri = format!("https://{HOST}/key");
    let document = text(send(&fake, "GET", &uri, &headers, "").await).await;
    let said = "<HeadersNotSigned>x-amz-date, x-amz-meta-a</HeadersNotSigned>";
    assert!(document.contains(said), "{document}");
    let document =
        text(send(&fake, "GET", "https://s3.amazonaws.com/", &[("authorization", "AWS A<B:x")], "").await)
            .await;
    assert!(document.contains("<Code>InvalidAccessKeyId</Code>"), "{document}");
    assert!(document.contains("<AWSAccessKeyId>A&lt;B</AWSAccessKeyId>"), "{document}");
}

#[tokio::test(start_paused = true)]
async fn a_presigned_url_is_told_which_parameter_is_none() {
    let (fake, _) = bucket();
    fake.s3().put("bucket", "key", "hello").unwrap();
    let get = async |date: &str, expires: &str| {
        let query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request\
             &X-Amz-Date={date}&X-Amz-Expires={expires}&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
        );
        let answer = send(&fake, "GET", &format!("https://{HOST}/key?{query}"), &[], "").await;
        (answer.status().as_u16(), text(answer).await.replace("&apos;", "'").replace("&quot;", "\""))
    };
    let now = "20260101T000000Z";
    assert_eq!(get(now, "604800").await, (200, "hello".to_owned()));
    for (date, expires, message) in [
        (
            now,
            "604801",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ),
        (now, "-7", "X-Amz-Expires must be non-negative"),
        (now, "soon", "X-Amz-Expires should be a number"),
        ("today", "60", "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""),
    ] {
        let (status, document) = get(date, expires).await;
        let said = format!("<Code>AuthorizationQueryParametersError</Code><Message>{message}</Message>");
        assert!(status == 400 && document.contains(&said), "{expires}: {document}");
    }
    let (status, document) = get("20251231T000000Z", "60").await;
    let said = "<Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires>\
                <Expires>2025-12-31T00:01:00Z</Expires><ServerTime>2026-01-01T00:00:00Z</ServerTime>";
    assert!(status == 403 && document.contains(said), "{document}");
    let (status, document) = get("20260102T000000Z", "60").await;
    assert!(status == 403 && document.contains("<Message>Request is not yet valid</Message>"), "{document}");
}

//! Forms: what a page in a browser uploads with (`POST` on a bucket), held to the policy that the form carries.

mod form;
mod policy;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::Body;
use s3s::dto::Tagging;
use s3s::xml::{Deserialize as _, Deserializer};
use url::form_urlencoded;

use self::form::{Form, FormError};
use self::policy::Policy;
use super::access;
use super::encoding::percent_encoded;
use super::error::message;
use super::wire::S3Service;
use crate::account::Caller;
use crate::layer::{Answer, AwsError, RequestContext, Signer, Target, Trailers, verify_policy, xml};

/// The longest form. The file in it may be of 5 GiB on AWS; this one is kept in memory twice for a moment.
const MAX_FORM: usize = 1024 * 1024 * 1024;
/// What stays as it is in a parameter of a URL.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// That an upload came by a form. Travels in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfForm;

impl S3Service {
    /// `PostObject`: the object in a form is put as if by its sender, and the answer is what the form asks for.
    pub(super) async fn post(&self, parts: Parts, body: Body, target: &Target) -> Result<Answer, AwsError> {
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let form = content_type.filter(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
        let Some(content_type) = form.map(str::to_owned) else { return Err(not_a_form()) };
        let bucket = target.bucket.clone().unwrap_or_default();
        let form = Form::parse(&content_type, &read(body).await?).map_err(form_error)?;
        let Some(key) = form.field("key") else {
            return Err(invalid(
                "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
            ));
        };
        let key = key.replace("${filename}", form.file_name.as_deref().unwrap_or_default());
        let signer = self.signer(&form, &bucket, &key)?;
        let context = RequestContext {
            caller: Caller::of(&self.shared, signer.as_ref()),
            signature: signer.as_ref().map(|signer| (signer.version.algorithm(), "POST")),
            presigned: signer.as_ref().and_then(|signer| signer.date),
            access_key_id: signer.map(|signer| signer.access_key_id.into()),
            ..parts.extensions.get::<RequestContext>().cloned().unwrap_or_default()
        };
        let put = Target::of_form(bucket.clone(), key.clone());
        let request = request(&form, context.clone(), &bucket, &key)?;
        access::check(&self.shared, &context, &request, &put)?;
        let answer = self.perform(request, Body::from(form.file.clone()), &put).await?;
        if !answer.status().is_success() {
            return Ok(answer);
        }
        Ok(answered(answer, &parts.headers, &form, &bucket, &key))
    }

    /// Who sends the form: nobody known, or whoever has signed its policy.
    fn signer(&self, form: &Form, bucket: &str, key: &str) -> Result<Option<Signer>, AwsError> {
        let Some(field) = form.field("policy") else { return Ok(None) };
        let signer = Signer::of_form(|name| form.field(name)).ok_or_else(|| {
            invalid("Bucket POST must contain a field named 'Signature'.  If it is specified, please check the order of the fields.")
        })?;
        verify_policy(&self.shared, &signer, field)?;
        Policy::parse(field)?.check(form, bucket, key, self.shared.clock.now())?;
        Ok(Some(signer))
    }
}

async fn read(body: Body) -> Result<Bytes, AwsError> {
    let collected = Limited::new(body, MAX_FORM).collect().await.map_err(|reason| {
        let code = if reason.is::<LengthLimitError>() { "EntityTooLarge" } else { "IncompleteBody" };
        AwsError::new(StatusCode::BAD_REQUEST, code, message(code))
    })?;
    Ok(collected.to_bytes())
}

/// The `PutObject` that a form stands for.
fn request(form: &Form, context: RequestContext, bucket: &str, key: &str) -> Result<Parts, AwsError> {
    let uri = format!("/{bucket}/{}", percent_encoded(key));
    let request = Request::put(uri).body(());
    let (mut put, ()) = request.map_err(|_| invalid("The key is none."))?.into_parts();
    for (field, value) in form.fields() {
        let Some(name) = header_of(field) else { continue };
        let value = if field == "tagging" { tagging(value)? } else { value.to_owned() };
        let value = HeaderValue::try_from(value).map_err(|_| invalid("A field cannot be a header."))?;
        put.headers.insert(name, value);
    }
    put.headers.insert(CONTENT_LENGTH, HeaderValue::from(form.file.len()));
    put.extensions.insert(context);
    put.extensions.insert(Trailers::default());
    put.extensions.insert(OfForm);
    Ok(put)
}

/// The header of `PutObject` that a field stands for. All others are about the form itself, or mean nothing.
fn header_of(field: &str) -> Option<HeaderName> {
    const SIGNATURE: [&str; 5] =
        ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"];
    match field {
        "acl" => Some(HeaderName::from_static("x-amz-acl")),
        "tagging" => Some(HeaderName::from_static("x-amz-tagging")),
        "cache-control" | "content-disposition" | "content-encoding" | "content-type" | "expires" => {
            HeaderName::try_from(field).ok()
        }
        _ if field.starts_with("x-amz-") && !SIGNATURE.contains(&field) => HeaderName::try_from(field).ok(),
        _ => None,
    }
}

/// The tags of a form are an XML document, and those of a header a query string.
fn tagging(document: &str) -> Result<String, AwsError> {
    let malformed = || AwsError::new(StatusCode::BAD_REQUEST, "MalformedXML", message("MalformedXML"));
    let mut deserializer = Deserializer::new(document.as_bytes());
    let tagging = Tagging::deserialize(&mut deserializer).map_err(|_| malformed())?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    for tag in tagging.tag_set {
        query.append_pair(&tag.key.unwrap_or_default(), &tag.value.unwrap_or_default());
    }
    Ok(query.finish())
}

/// What the form asks to be answered with: a redirection, a status of its choice, or nothing.
fn answered(mut answer: Answer, headers: &HeaderMap, form: &Form, bucket: &str, key: &str) -> Answer {
    let etag = answer.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
    let encoded = |text: &str| utf8_percent_encode(text, PARAMETER).to_string();
    *answer.body_mut() = Body::empty();
    answer.headers_mut().remove(CONTENT_LENGTH);
    let redirect = form.field("success_action_redirect").or_else(|| form.field("redirect"));
    if let Some(redirect) = redirect.filter(|redirect| url::Url::parse(redirect).is_ok()) {
        let separator = if redirect.contains('?') { '&' } else { '?' };
        let to = format!(
            "{redirect}{separator}bucket={}&key={}&etag={}",
            encoded(bucket),
            encoded(key),
            encoded(&etag)
        );
        *answer.status_mut() = StatusCode::SEE_OTHER;
        if let Ok(to) = HeaderValue::try_from(to) {
            answer.headers_mut().insert(LOCATION, to);
        }
        return answer;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let location = format!("http://{host}/{bucket}/{}", percent_encoded(key));
    *answer.status_mut() = match form.field("success_action_status") {
        Some("200") => StatusCode::OK,
        Some("201") => {
            let document = xml(|s| {
                s.element("PostResponse", |s| {
                    s.content("Location", &location)?;
                    s.content("Bucket", bucket)?;
                    s.content("Key", key)?;
                    s.content("ETag", &etag)
                })
            });
            *answer.body_mut() = Body::from(document);
            answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
            StatusCode::CREATED
        }
        _ => StatusCode::NO_CONTENT,
    };
    if let Ok(location) = HeaderValue::try_from(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

fn form_error(error: FormError) -> AwsError {
    match error {
        FormError::Malformed => AwsError::new(
            StatusCode::BAD_REQUEST,
            "MalformedPOSTRequest",
            "The body of your POST request is not well-formed multipart/form-data.",
        ),
        FormError::TooLong => AwsError::new(
            StatusCode::BAD_REQUEST,
            "MaxPostPreDataLengthExceededError",
            "Your POST request fields preceding the upload file were too large.",
        ),
        FormError::NoFile => invalid("POST requires exactly one file upload per request."),
    }
}

fn not_a_form() -> AwsError {
    AwsError::new(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", message("PreconditionFailed"))
        .with("Condition", "Bucket POST must be of the enclosure-type multipart/form-data")
}

fn invalid(message: &str) -> AwsError {
    AwsError::new(StatusCode::BAD_REQUEST, "InvalidArgument", message)
}

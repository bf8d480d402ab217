use s3s::dto::{
    CORSRule, DeleteBucketCorsInput, DeleteBucketCorsOutput, GetBucketCorsInput, GetBucketCorsOutput,
    PutBucketCorsInput, PutBucketCorsOutput,
};
use s3s::{S3ErrorCode, S3Request, S3Response, S3Result};

use super::{Answer, change, look, missing};
use crate::fake::Shared;
use crate::s3::error::{error, error_with};

pub(crate) fn put_cors(
    shared: &Shared,
    request: S3Request<PutBucketCorsInput>,
) -> Answer<PutBucketCorsOutput> {
    const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];
    let PutBucketCorsInput { bucket, cors_configuration, .. } = request.input;
    let rules = &cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > 100 {
        return Err(error(S3ErrorCode::MalformedXML));
    }
    rules.iter().try_for_each(check_wildcards)?;
    let unknown = rules
        .iter()
        .flat_map(|rule| &rule.allowed_methods)
        .find(|method| !METHODS.contains(&method.as_str()));
    if let Some(method) = unknown {
        return Err(error_with(
            S3ErrorCode::InvalidRequest,
            format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}"),
        ));
    }
    change(shared, &bucket, |configuration| configuration.cors = Some(cors_configuration))?;
    Ok(S3Response::new(PutBucketCorsOutput {}))
}

/// What may stand for any text: one `*` in an origin or in a header that is asked for, and none in one that is shown.
fn check_wildcards(rule: &CORSRule) -> S3Result {
    let invalid = |message: String| Err(error_with(S3ErrorCode::InvalidRequest, message));
    let several = |text: &&String| text.matches('*').count() > 1;
    if let Some(origin) = rule.allowed_origins.iter().find(several) {
        return invalid(format!("AllowedOrigin \"{origin}\" can not have more than one wildcard."));
    }
    if let Some(header) = rule.allowed_headers.iter().flatten().find(several) {
        return invalid(format!("AllowedHeader \"{header}\" can not have more than one wildcard."));
    }
    if let Some(header) = rule.expose_headers.iter().flatten().find(|header| header.contains('*')) {
        return invalid(format!(
            "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        ));
    }
    Ok(())
}

pub(crate) fn get_cors(
    shared: &Shared,
    request: &S3Request<GetBucketCorsInput>,
) -> Answer<GetBucketCorsOutput> {
    let cors = look(shared, &request.input.bucket, |configuration| configuration.cors.clone())?;
    let cors =
        cors.ok_or_else(|| missing("NoSuchCORSConfiguration", "The CORS configuration does not exist"))?;
    Ok(S3Response::new(GetBucketCorsOutput { cors_rules: Some(cors.cors_rules) }))
}

pub(crate) fn delete_cors(
    shared: &Shared,
    request: &S3Request<DeleteBucketCorsInput>,
) -> Answer<DeleteBucketCorsOutput> {
    change(shared, &request.input.bucket, |configuration| configuration.cors = None)?;
    Ok(S3Response::new(DeleteBucketCorsOutput {}))
}

//! What a request to S3 is about, as far as its head tells.

use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::endpoint::Endpoint;
use super::operation::{Level, s3_operation};
use super::subresource::{Misfit, misfit};

/// What a request to S3 is about, as the layer sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    /// The operation's name in the AWS API.
    pub(crate) operation: &'static str,
    pub(crate) style: Style,
    pub(crate) bucket: Option<String>,
    pub(crate) key: Option<String>,
    /// Why the request is none that its resource has.
    pub(super) misfit: Option<Misfit>,
}

/// Where a request to S3 has its bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Path,
    VirtualHost,
}

impl Target {
    pub(super) fn of(endpoint: &Endpoint, parts: &Parts) -> Self {
        let path = parts.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let (style, bucket, key) = if let Some(bucket) = &endpoint.bucket {
            (Style::VirtualHost, bucket.clone(), path)
        } else {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (Style::Path, percent_decode_str(bucket).decode_utf8_lossy().into_owned(), key)
        };
        let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
        let (bucket, key) = ((!bucket.is_empty()).then_some(bucket), (!key.is_empty()).then_some(key));
        let level = match (&bucket, &key) {
            (None, _) => Level::Service,
            (Some(_), None) => Level::Bucket,
            (Some(_), Some(_)) => Level::Object,
        };
        let misfit = misfit(&parts.method, level, parts.uri.query());
        let operation = match misfit {
            None => s3_operation(&parts.method, level, parts.uri.query(), &parts.headers),
            Some(_) => "Unknown",
        };
        Self { operation, style, bucket, key, misfit }
    }

    /// The object that a form puts.
    pub(crate) fn of_form(bucket: String, key: String) -> Self {
        Self { operation: "PutObject", bucket: Some(bucket), key: Some(key), ..Self::default() }
    }
}

//! Cross-origin requests: what a browser may be told of an answer, and whether it may ask at all.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use s3s::Body;
use s3s::dto::CORSRule;

use crate::fake::Shared;
use crate::layer::{Answer, AwsError, Target};

/// What a request from another origin is answered with beside the answer itself.
#[derive(Clone, Debug)]
pub(super) struct Allowed(Vec<(HeaderName, HeaderValue)>);

impl Allowed {
    /// None if the request is from nowhere else, or the bucket has no rule for it.
    pub(super) fn of(shared: &Shared, target: &Target, parts: &Parts) -> Option<Self> {
        let origin = text(&parts.headers, &ORIGIN)?;
        let method = text(&parts.headers, &ACCESS_CONTROL_REQUEST_METHOD).unwrap_or(parts.method.as_str());
        let asked = text(&parts.headers, &ACCESS_CONTROL_REQUEST_HEADERS);
        let buckets = shared.store.lock();
        let rules = &buckets.get(target.bucket.as_ref()?)?.configuration.cors()?.cors_rules;
        let rule = rules.iter().find(|rule| fits(rule, origin, method, asked))?;
        Some(Self::by(rule, origin, asked))
    }

    fn by(rule: &CORSRule, origin: &str, asked: Option<&str>) -> Self {
        let everybody = rule.allowed_origins.iter().any(|allowed| allowed == "*");
        let mut headers = Vec::new();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.push((name, value));
            }
        };
        set(ACCESS_CONTROL_ALLOW_ORIGIN, if everybody { "*" } else { origin });
        set(ACCESS_CONTROL_ALLOW_METHODS, &rule.allowed_methods.join(", "));
        if let Some(asked) = asked {
            set(ACCESS_CONTROL_ALLOW_HEADERS, &asked.to_ascii_lowercase());
        }
        if let Some(exposed) = rule.expose_headers.as_ref().filter(|exposed| !exposed.is_empty()) {
            set(ACCESS_CONTROL_EXPOSE_HEADERS, &exposed.join(", "));
        }
        if let Some(seconds) = rule.max_age_seconds {
            set(ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
        }
        if !everybody {
            set(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
        }
        set(VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
        Self(headers)
    }

    pub(super) fn write(self, headers: &mut HeaderMap) {
        headers.extend(self.0);
    }
}

/// The answer to `OPTIONS`, which a browser asks with before a request that could do harm.
pub(super) fn preflight(allowed: Option<&Allowed>, headers: &HeaderMap) -> Result<Answer, AwsError> {
    let bad = |message: &str| Err(AwsError::new(StatusCode::BAD_REQUEST, "BadRequest", message));
    if !headers.contains_key(ORIGIN) {
        return bad("Insufficient information. Origin request header needed.");
    }
    let method = text(headers, &ACCESS_CONTROL_REQUEST_METHOD);
    if !method.is_some_and(|method| ["GET", "PUT", "HEAD", "POST", "DELETE"].contains(&method)) {
        return bad(&format!("Invalid Access-Control-Request-Method: {}", method.unwrap_or("null")));
    }
    if allowed.is_some() {
        return Ok(Response::new(Body::empty()));
    }
    let message = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
                   method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
                   resource's CORS spec.";
    Err(AwsError::new(StatusCode::FORBIDDEN, "AccessForbidden", message))
}

fn fits(rule: &CORSRule, origin: &str, method: &str, asked: Option<&str>) -> bool {
    let allowed_headers = rule.allowed_headers.as_deref().unwrap_or_default();
    rule.allowed_origins.iter().any(|pattern| matches(pattern, origin))
        && rule.allowed_methods.iter().any(|allowed| allowed == method)
        && asked.into_iter().flat_map(|asked| asked.split(',')).map(str::trim).all(|header| {
            let header = header.to_ascii_lowercase();
            allowed_headers.iter().any(|pattern| matches(&pattern.to_ascii_lowercase(), &header))
        })
}

/// A pattern has at most one `*`, which stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_once() {
        for (pattern, text, fits) in [
            ("*", "http://a.example", true),
            ("start*end", "startend", true),
            ("start*end", "start1end", true),
            ("start*end", "0start1end", false),
            ("aba*aba", "aba", false),
            ("http://a.example", "http://a.example", true),
            ("http://a.example", "http://b.example", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}

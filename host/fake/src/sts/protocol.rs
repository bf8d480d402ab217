use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, SystemTime};

use http::{HeaderValue, Response, StatusCode, header};
use s3s::Body;
use s3s::xml::{SerResult, Serializer};
use time::OffsetDateTime;
use time::macros::format_description;
use url::form_urlencoded;

use super::{Holder, Issued, Role, RoleSession, State, Trust};
use crate::account::account_of;
use crate::fake::Shared;
use crate::identity::Secret;
use crate::layer::{Answer, AwsError, RequestIds, STS_NAMESPACE, Signer, xml};

/// How long sessions are, in seconds: that which does not say, the shortest and the longest.
type Durations = (u64, std::ops::RangeInclusive<u64>);
/// Those of roles.
const OF_ROLES: Durations = (3600, 900..=43_200);
/// Those of users, by `GetSessionToken`.
const OF_USERS: Durations = (43_200, 900..=129_600);
/// The longest session policy, in characters.
const MAX_POLICY: usize = 2048;

/// The operation of a request in the query protocol: its `Action`.
pub(crate) fn operation(form: &[u8]) -> String {
    Form::parse(form).get("Action").unwrap_or("Unknown").to_owned()
}

/// The operations of STS that the fake has not.
const NOT_IMPLEMENTED: [&str; 8] = [
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetWebIdentityToken",
];

fn not_implemented(operation: &str) -> AwsError {
    let message = format!(
        "the fake does not implement {operation}; of STS it has AssumeRole, GetCallerIdentity and GetSessionToken"
    );
    AwsError::new(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
}

/// What an unsigned request is answered with. Two operations come without a signature, since what they bring is the proof; to miss it
/// there would hide that the fake has neither.
pub(crate) fn refuse_unsigned(form: &[u8]) -> Option<AwsError> {
    let operation = operation(form);
    ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]
        .contains(&operation.as_str())
        .then(|| not_implemented(&operation))
}

/// Answers a request in the query protocol.
pub(crate) fn call(
    shared: &Shared,
    form: &[u8],
    signer: &Signer,
    ids: &RequestIds,
) -> Result<Answer, AwsError> {
    let form = Form::parse(form);
    let document = match form.get("Action") {
        Some("AssumeRole") => assume_role(shared, &form, signer, ids)?,
        Some("GetCallerIdentity") => get_caller_identity(shared, signer, ids),
        Some("GetSessionToken") => get_session_token(shared, &form, signer, ids)?,
        Some(other) if NOT_IMPLEMENTED.contains(&other) => return Err(not_implemented(other)),
        Some(other) => {
            let message = format!("Could not find operation {other} for version 2011-06-15");
            return Err(AwsError::new(StatusCode::BAD_REQUEST, "InvalidAction", message));
        }
        None => return Err(AwsError::new(StatusCode::BAD_REQUEST, "MissingAction", "Missing Action")),
    };
    let mut answer = Response::new(Body::from(document));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    Ok(answer)
}

fn assume_role(shared: &Shared, form: &Form, signer: &Signer, ids: &RequestIds) -> Result<Vec<u8>, AwsError> {
    let role_arn = required(form, "RoleArn")?;
    let session_name = required(form, "RoleSessionName")?;
    let role_name = role_name(role_arn).ok_or_else(|| invalid(format!("{role_arn} is invalid")))?;
    if !is_session_name(session_name) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{session_name}' at 'roleSessionName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
        )));
    }
    let duration = duration(form, &OF_ROLES)?;
    let policy = form.get("Policy").map(str::to_owned);
    if let Some(policy) = &policy {
        check_policy(policy)?;
    }
    let external_id = form.get("ExternalId").map(str::to_owned);
    let mut state = shared.sts.lock();
    if let Some(role) = state.roles.get(role_arn) {
        check_role(
            role,
            external_id.as_deref(),
            duration,
            &identity(shared, &state, &signer.access_key_id).1,
        )?;
    }

    let now = shared.clock.now();
    let role_id = state.sessions.iter().find_map(|issued| match &issued.holder {
        Holder::Role { session, role_id } if session.role_arn == role_arn => Some(role_id.clone()),
        _ => None,
    });
    let role_id = role_id.unwrap_or_else(|| format!("AROA{}", shared.ids.upper("role", 17)));
    let access_key_id = new_access_key_id(shared);
    let session = Box::new(RoleSession {
        role_arn: role_arn.to_owned(),
        session_name: session_name.to_owned(),
        access_key_id: access_key_id.clone(),
        caller: signer.access_key_id.clone(),
        policy,
        policy_arns: form.list("PolicyArns.member.", ".arn"),
        external_id,
        tags: form
            .list("Tags.member.", ".Key")
            .into_iter()
            .zip(form.list("Tags.member.", ".Value"))
            .collect(),
        issued: now,
        expires: now + duration,
    });
    let assumed_role_id = format!("{role_id}:{session_name}");
    let issued = issue(shared, access_key_id, now + duration, Holder::Role { session, role_id });
    let arn = session_arn(shared, role_arn, role_name, session_name);
    let document = xml(|s| {
        answer_of(s, "AssumeRole", ids, |s| {
            s.element("AssumedRoleUser", |s| {
                s.content("AssumedRoleId", &assumed_role_id)?;
                s.content("Arn", &arn)
            })?;
            write_credentials(s, &issued)
        })
    });
    state.sessions.push(issued);
    Ok(document)
}

/// Credentials of the user who asks, for a while. Who has such already, or a role's, gets none. An MFA code is not looked at.
fn get_session_token(
    shared: &Shared,
    form: &Form,
    signer: &Signer,
    ids: &RequestIds,
) -> Result<Vec<u8>, AwsError> {
    let duration = duration(form, &OF_USERS)?;
    let mut state = shared.sts.lock();
    if signer.session_token.is_some() || state.issued(&signer.access_key_id).is_some() {
        let message = "Cannot call GetSessionToken with session credentials";
        return Err(AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message));
    }
    let holder = Holder::User { access_key_id: signer.access_key_id.clone() };
    let issued = issue(shared, new_access_key_id(shared), shared.clock.now() + duration, holder);
    let document = xml(|s| answer_of(s, "GetSessionToken", ids, |s| write_credentials(s, &issued)));
    state.sessions.push(issued);
    Ok(document)
}

fn new_access_key_id(shared: &Shared) -> String {
    format!("ASIA{}", shared.ids.upper("access-key", 16))
}

fn issue(shared: &Shared, access_key_id: String, expires: SystemTime, holder: Holder) -> Issued {
    Issued {
        access_key_id,
        token: shared.ids.opaque("session-token", 192),
        // 30 bytes are 40 characters in base64, the length of AWS's secrets.
        secret: Secret::new(shared.ids.opaque("secret", 30)),
        expires,
        holder,
    }
}

fn write_credentials<W: Write>(s: &mut Serializer<W>, issued: &Issued) -> SerResult {
    s.element("Credentials", |s| {
        s.content("AccessKeyId", &issued.access_key_id)?;
        s.content("SecretAccessKey", issued.secret.expose())?;
        s.content("SessionToken", &issued.token)?;
        s.content("Expiration", &iso8601(issued.expires))
    })
}

fn get_caller_identity(shared: &Shared, signer: &Signer, ids: &RequestIds) -> Vec<u8> {
    let (user_id, arn) = identity(shared, &shared.sts.lock(), &signer.access_key_id);
    xml(|s| {
        answer_of(s, "GetCallerIdentity", ids, |s| {
            s.content("Arn", &arn)?;
            s.content("UserId", &user_id)?;
            s.content("Account", account_of(&arn))
        })
    })
}

/// The user id and ARN of a caller of any service.
pub(crate) fn caller(shared: &Shared, signer: &Signer) -> (String, String) {
    caller_of(shared, &signer.access_key_id)
}

/// The same, by the access key.
pub(crate) fn caller_of(shared: &Shared, access_key_id: &str) -> (String, String) {
    identity(shared, &shared.sts.lock(), access_key_id)
}

/// The user id and ARN of a caller: a session of the fake's own, or else the user that all other credentials are.
fn identity(shared: &Shared, state: &State, access_key_id: &str) -> (String, String) {
    let user = match state.issued(access_key_id).map(|issued| &issued.holder) {
        Some(Holder::Role { session, role_id }) => {
            let name = role_name(&session.role_arn).unwrap_or_default();
            return (
                format!("{role_id}:{}", session.session_name),
                session_arn(shared, &session.role_arn, name, &session.session_name),
            );
        }
        Some(Holder::User { access_key_id }) => access_key_id,
        None => access_key_id,
    };
    let account = shared.accounts.of_access_key(user);
    let user_id = if account == shared.accounts.own() {
        "AIDAFAKEFAKEFAKEFAKE2".to_owned()
    } else {
        // 21 characters, as the ids of users have.
        format!("AIDA{}", account.canonical_id.get(..17).unwrap_or_default().to_uppercase())
    };
    (user_id, format!("arn:aws:iam::{}:user/fake", account.id))
}

/// `arn:aws:iam::ACCOUNT:role/path/NAME` -> `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`
fn session_arn(shared: &Shared, role_arn: &str, role_name: &str, session_name: &str) -> String {
    let mut parts = role_arn.split(':');
    let partition = parts.nth(1).unwrap_or("aws");
    let account = parts.nth(2).filter(|account| !account.is_empty()).unwrap_or(&shared.account_id);
    format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}")
}

fn role_name(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some(_partition), Some("iam")) = (parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let (Some(""), Some(_account)) = (parts.next(), parts.next()) else { return None };
    parts.next()?.strip_prefix("role/")?.rsplit('/').next().filter(|name| !name.is_empty())
}

fn is_session_name(name: &str) -> bool {
    (2..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

fn duration(form: &Form, (default, durations): &Durations) -> Result<Duration, AwsError> {
    let Some(text) = form.get("DurationSeconds") else { return Ok(Duration::from_secs(*default)) };
    let seconds = text.parse().ok().filter(|seconds| durations.contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        invalid(format!(
            "1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must \
             be between {} and {}",
            durations.start(),
            durations.end()
        ))
    })
}

fn check_policy(policy: &str) -> Result<(), AwsError> {
    let refuse = |code, message: &str| Err(AwsError::new(StatusCode::BAD_REQUEST, code, message));
    if policy.chars().count() > MAX_POLICY {
        return refuse("PackedPolicyTooLarge", "Packed policy consumes more than 100% of allotted space");
    }
    let document: Option<serde_json::Value> = serde_json::from_str(policy).ok();
    if document.is_some_and(|document| document.get("Statement").is_some()) {
        Ok(())
    } else {
        refuse("MalformedPolicyDocument", "This policy contains invalid Json")
    }
}

fn check_role(
    role: &Role,
    external_id: Option<&str>,
    duration: Duration,
    caller: &str,
) -> Result<(), AwsError> {
    let external_id_differs = role.external_id.is_some() && role.external_id.as_deref() != external_id;
    if role.trust == Trust::Nobody || external_id_differs {
        return Err(AwsError::new(
            StatusCode::FORBIDDEN,
            "AccessDenied",
            format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {}", role.arn),
        ));
    }
    if duration > role.max_session_duration {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
        ));
    }
    Ok(())
}

pub(super) fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, AwsError> {
    form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let mut field = name.to_owned();
        field.get_mut(..1).map(str::make_ascii_lowercase);
        invalid(format!(
            "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn invalid(message: String) -> AwsError {
    AwsError::new(StatusCode::BAD_REQUEST, "ValidationError", message)
}

fn answer_of<W: Write>(
    s: &mut Serializer<W>,
    action: &str,
    ids: &RequestIds,
    result: impl FnOnce(&mut Serializer<W>) -> SerResult,
) -> SerResult {
    s.element_with_ns(&format!("{action}Response"), STS_NAMESPACE, |s| {
        s.element(&format!("{action}Result"), result)?;
        s.element("ResponseMetadata", |s| s.content("RequestId", &ids.request_id))
    })
}

pub(super) fn iso8601(time: SystemTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::from(time).format(&format).unwrap_or_default()
}

/// The fields of a request in the query protocol.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn parse(form: &[u8]) -> Self {
        Self(form_urlencoded::parse(form).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The values of `{prefix}1{suffix}`, `{prefix}2{suffix}` and so on, up to the first that is not there.
    fn list(&self, prefix: &str, suffix: &str) -> Vec<String> {
        (1..).map_while(|index| self.get(&format!("{prefix}{index}{suffix}")).map(str::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_name_of_a_role() {
        assert_eq!(role_name("arn:aws:iam::123456789012:role/path/name"), Some("name"));
        assert_eq!(role_name("arn:aws:iam::123456789012:role/"), None);
        assert_eq!(role_name("arn:aws:iam::123456789012:user/name"), None);
        assert_eq!(role_name("name"), None);
    }
}

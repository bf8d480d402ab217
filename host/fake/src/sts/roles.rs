//! What little of IAM functions need: roles, which a function has to have one of.
//!
//! A role is a name for what it may do, and the fake lets every role do everything. So there are roles, and no policies.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::SystemTime;

use http::{HeaderValue, Response, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::Body;
use s3s::xml::{SerResult, Serializer};

use super::protocol::{Form, caller, iso8601, required};
use crate::account::account_of;
use crate::fake::Shared;
use crate::layer::{Answer, AwsError, RequestIds, Signer, xml};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";
/// The longest name of a role.
const MAX_NAME: usize = 64;

/// The roles that clients have made, by account and name.
pub(super) type Roles = BTreeMap<(String, String), MadeRole>;

/// A role as IAM shows it.
#[derive(Clone, Debug)]
pub(super) struct MadeRole {
    id: String,
    path: String,
    arn: String,
    created: SystemTime,
    trust_policy: String,
    description: Option<String>,
}

/// Answers a request to IAM.
pub(crate) fn call(
    shared: &Shared,
    form: &[u8],
    signer: &Signer,
    ids: &RequestIds,
) -> Result<Answer, AwsError> {
    let form = Form::parse(form);
    let action = form.get("Action").unwrap_or_default();
    let (_, arn) = caller(shared, signer);
    let account = account_of(&arn);
    let document = match action {
        "CreateRole" => create_role(shared, &form, account, ids)?,
        "GetRole" => {
            let (name, role) = get_role(shared, &form, account)?;
            answer_of(action, ids, |s| s.element("Role", |s| write_role(s, &name, &role)))
        }
        "ListRoles" => {
            let roles = shared.sts.lock().made.clone();
            let own = roles.iter().filter(|((of, _), _)| of == account);
            answer_of(action, ids, |s| {
                s.element("Roles", |s| {
                    for ((_, name), role) in own {
                        s.element("member", |s| write_role(s, name, role))?;
                    }
                    Ok(())
                })?;
                s.content("IsTruncated", "false")
            })
        }
        "DeleteRole" => {
            let (name, _) = get_role(shared, &form, account)?;
            shared.sts.lock().made.remove(&(account.to_owned(), name));
            answer_of(action, ids, |_| Ok(()))
        }
        "ListAttachedRolePolicies" => {
            get_role(shared, &form, account)?;
            answer_of(action, ids, |s| {
                s.element("AttachedPolicies", |_| Ok(()))?;
                s.content("IsTruncated", "false")
            })
        }
        other => {
            let message = format!("the fake has roles of IAM, and no operation `{other}`");
            return Err(AwsError::new(StatusCode::BAD_REQUEST, "InvalidAction", message));
        }
    };
    let mut answer = Response::new(Body::from(document));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    Ok(answer)
}

fn create_role(shared: &Shared, form: &Form, account: &str, ids: &RequestIds) -> Result<Vec<u8>, AwsError> {
    let name = required(form, "RoleName")?;
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    if name.len() > MAX_NAME || !name.bytes().all(word) {
        let message = "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or \
                       the following: +=,.@_-";
        return Err(AwsError::new(StatusCode::BAD_REQUEST, "ValidationError", message));
    }
    let path = form.get("Path").unwrap_or("/");
    let role = MadeRole {
        id: format!("AROA{}", shared.ids.upper("role", 17)),
        path: path.to_owned(),
        arn: format!("arn:aws:iam::{account}:role{path}{name}"),
        created: shared.clock.now(),
        trust_policy: required(form, "AssumeRolePolicyDocument")?.to_owned(),
        description: form.get("Description").map(str::to_owned),
    };
    let mut state = shared.sts.lock();
    let key = (account.to_owned(), name.to_owned());
    if state.made.contains_key(&key) {
        let message = format!("Role with name {name} already exists.");
        return Err(AwsError::new(StatusCode::CONFLICT, "EntityAlreadyExists", message));
    }
    let document = answer_of("CreateRole", ids, |s| s.element("Role", |s| write_role(s, name, &role)));
    state.made.insert(key, role);
    Ok(document)
}

fn get_role(shared: &Shared, form: &Form, account: &str) -> Result<(String, MadeRole), AwsError> {
    let name = required(form, "RoleName")?;
    let role = shared.sts.lock().made.get(&(account.to_owned(), name.to_owned())).cloned();
    let role = role.ok_or_else(|| {
        let message = format!("The role with name {name} cannot be found.");
        AwsError::new(StatusCode::NOT_FOUND, "NoSuchEntity", message)
    });
    Ok((name.to_owned(), role?))
}

fn write_role<W: Write>(s: &mut Serializer<W>, name: &str, role: &MadeRole) -> SerResult {
    s.content("Path", &role.path)?;
    s.content("RoleName", name)?;
    s.content("RoleId", &role.id)?;
    s.content("Arn", &role.arn)?;
    s.content("CreateDate", &iso8601(role.created))?;
    let policy = utf8_percent_encode(&role.trust_policy, NON_ALPHANUMERIC).to_string();
    s.content("AssumeRolePolicyDocument", &policy)?;
    if let Some(description) = &role.description {
        s.content("Description", description)?;
    }
    s.content("MaxSessionDuration", "3600")
}

fn answer_of(
    action: &str,
    ids: &RequestIds,
    result: impl FnOnce(&mut Serializer<&mut Vec<u8>>) -> SerResult,
) -> Vec<u8> {
    xml(|s| {
        s.element_with_ns(&format!("{action}Response"), NAMESPACE, |s| {
            s.element(&format!("{action}Result"), result)?;
            s.element("ResponseMetadata", |s| s.content("RequestId", &ids.request_id))
        })
    })
}

//! Whom a statement is about.

use serde_json::Value;

use super::Principal;
use crate::account::is_account_id;

/// The principals that a statement names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Principals {
    /// `*`: everybody, with a signature or without.
    anybody: bool,
    /// Account ids and ARNs, as written.
    aws: Vec<String>,
    canonical_users: Vec<String>,
    services: Vec<String>,
    federated: Vec<String>,
}

impl Principals {
    /// Of `Principal` or `NotPrincipal`. Federated users are taken, and are nobody who calls the fake. Whether an account, a user or a
    /// role is there is not asked: the fake has no users and roles of others.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let mut principals = Self::default();
        if value == "*" {
            principals.anybody = true;
            return Some(principals);
        }
        for (kind, names) in value.as_object()? {
            let names = super::document::texts(names)?;
            match kind.as_str() {
                "AWS" if names.iter().all(|name| is_aws(name)) => principals.aws = names,
                "CanonicalUser" if names.iter().all(|name| is_canonical_id(name)) => {
                    principals.canonical_users = names;
                }
                "Service" if names.iter().all(|name| is_service(name)) => principals.services = names,
                "Federated" => principals.federated = names,
                _ => return None,
            }
        }
        principals.anybody = principals.aws.iter().any(|name| name == "*");
        Some(principals)
    }

    /// Whether nothing is named.
    pub(super) fn is_nobody(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn is_anybody(&self) -> bool {
        self.anybody
    }

    pub(super) fn include(&self, caller: Option<Principal<'_>>) -> bool {
        let Some(caller) = caller else { return self.anybody };
        self.anybody
            || self.services.iter().any(|name| name == caller.arn)
            || self.canonical_users.iter().any(|id| id == caller.canonical_id)
            || self.aws.iter().any(|name| names(name, caller))
    }

    /// Whether the caller is excepted, as what `NotPrincipal` names. AWS looks at the account first, then at the role, and at the user or
    /// session last, and each has to be named:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>.
    pub(super) fn spare(&self, caller: Option<Principal<'_>>) -> bool {
        let Some(caller) = caller else { return self.anybody };
        if self.anybody || self.services.iter().any(|name| name == caller.arn) {
            return true;
        }
        let is_account = |name: &String| {
            let root = name.strip_suffix(":root").and_then(|name| name.rsplit(':').next());
            name == caller.account || root == Some(caller.account)
        };
        let is_role = |name: &String| name.contains(":role/") && names(name, caller);
        let is_root = caller.arn.ends_with(":root");
        (self.canonical_users.iter().any(|id| id == caller.canonical_id) || self.aws.iter().any(is_account))
            && (is_root || self.aws.iter().any(|name| name == caller.arn))
            && (!caller.arn.contains(":assumed-role/") || self.aws.iter().any(is_role))
    }
}

/// `*`, an account by its id or as `root`, a user, a role, or a session; or the id of a user or role, which AWS puts in place of the ARN
/// of one that has been deleted; or an origin access identity of `CloudFront`.
fn is_aws(name: &str) -> bool {
    let is_unique_id = |name: &str| {
        let id = name.strip_prefix("AIDA").or_else(|| name.strip_prefix("AROA"));
        id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    if name == "*" || is_account_id(name) || is_unique_id(name) {
        return true;
    }
    let ["arn", partition, service, "", account, rest] = name.splitn(6, ':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let (kind, id) = rest.split_once('/').unwrap_or((rest, ""));
    let is_known = match (service, kind) {
        ("iam", "root") => id.is_empty(),
        ("iam", "user" | "role") | ("sts", "federated-user") => !id.is_empty(),
        ("sts", "assumed-role") => id.contains('/'),
        _ => false,
    };
    // No account has them.
    let is_origin_access_identity =
        account == "cloudfront" && rest.starts_with("user/CloudFront Origin Access Identity ");
    partition.starts_with("aws")
        && (is_account_id(account) || is_origin_access_identity)
        && is_known
        && !rest.contains(['*', '?'])
}

/// 64 hexadecimal digits.
fn is_canonical_id(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_service(name: &str) -> bool {
    name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn")
}

/// Whether an account id or ARN names the caller: the account stands for all of it, and a role for its sessions.
fn names(name: &str, caller: Principal<'_>) -> bool {
    if name == caller.account || name == caller.arn {
        return true;
    }
    // `arn:PARTITION:iam::ACCOUNT:REST`
    let mut parts = name.splitn(6, ':').skip(2);
    let ("iam", Some(_), Some(account), Some(rest)) =
        (parts.next().unwrap_or_default(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    if account != caller.account {
        return false;
    }
    let role = rest.strip_prefix("role/").and_then(|role| role.rsplit('/').next());
    rest == "root"
        || role.is_some_and(|role| {
            let session = caller.arn.rsplit_once(":assumed-role/").map(|(_, session)| session);
            session.and_then(|session| session.split_once('/')).is_some_and(|(of, _)| of == role)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CALLER: Principal<'_> = Principal {
        account: "111111111111",
        arn: "arn:aws:sts::111111111111:assumed-role/reader/me",
        canonical_id: ID,
    };
    const ID: &str = "f7b11509f4d675c3c44f0dd37ca830bb02e8cfa58f04c46283c4bfcbdce1ff45";

    #[test]
    fn an_account_stands_for_all_of_it_and_a_role_for_its_sessions() {
        let includes = |value: Value| Principals::parse(&value).unwrap().include(Some(CALLER));
        for principal in [
            json!("*"),
            json!({ "AWS": "*" }),
            json!({ "AWS": "111111111111" }),
            json!({ "AWS": ["222222222222", "arn:aws:iam::111111111111:root"] }),
            json!({ "AWS": "arn:aws:iam::111111111111:role/reader" }),
            json!({ "AWS": "arn:aws:iam::111111111111:role/path/to/reader" }),
            json!({ "AWS": "arn:aws:sts::111111111111:assumed-role/reader/me" }),
            json!({ "CanonicalUser": ID }),
        ] {
            assert!(includes(principal.clone()), "{principal}");
        }
        for principal in [
            json!({ "AWS": "222222222222" }),
            json!({ "AWS": "arn:aws:iam::222222222222:root" }),
            json!({ "AWS": "arn:aws:iam::111111111111:role/reade" }),
            json!({ "AWS": "arn:aws:iam::111111111111:user/reader" }),
            json!({ "AWS": "AIDAFAKEFAKEFAKEFAKE2" }),
            json!({ "CanonicalUser": ID.replace('f', "0") }),
            json!({ "Service": "sns.amazonaws.com" }),
            json!({ "Federated": "accounts.google.com" }),
            json!({ "AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EH1HDMB1FH2TC" }),
            json!({}),
        ] {
            assert!(!includes(principal.clone()), "{principal}");
        }
    }

    #[test]
    fn an_exception_names_the_account_and_what_of_it() {
        let root = "arn:aws:iam::111111111111:root";
        let role = "arn:aws:iam::111111111111:role/reader";
        let spares = |caller: Principal<'_>, names: &[&str]| {
            Principals::parse(&json!({ "AWS": names })).unwrap().spare(Some(caller))
        };
        assert!(spares(CALLER, &[root, role, CALLER.arn]) && spares(CALLER, &["*"]));
        for names in [
            &[root][..],
            &[role, CALLER.arn],
            &[root, role],
            &[root, CALLER.arn],
            &["arn:aws:iam::222222222222:root", role, CALLER.arn],
        ] {
            assert!(!spares(CALLER, names), "{names:?}");
        }
        let user = Principal { arn: "arn:aws:iam::111111111111:user/bob", ..CALLER };
        assert!(spares(user, &["111111111111", user.arn]));
        assert!(!spares(user, &[root]) && !spares(user, &[user.arn]));
        assert!(!spares(user, &[root, "arn:aws:iam::111111111111:user/alice"]));
        assert!(spares(Principal { arn: root, ..CALLER }, &[root]));
        let of_account = json!({ "CanonicalUser": ID, "AWS": user.arn });
        assert!(Principals::parse(&of_account).unwrap().spare(Some(user)));
        assert!(!Principals::parse(&json!({ "AWS": root })).unwrap().spare(None));
    }

    #[test]
    fn nobody_known_is_only_everybody() {
        let includes = |value: Value| Principals::parse(&value).unwrap().include(None);
        assert!(includes(json!("*")) && includes(json!({ "AWS": ["*"] })));
        assert!(!includes(json!({ "AWS": "111111111111" })));
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        let aws = [
            "me",
            "12345",
            "AIDA",
            "arn:aws:iam",
            "arn:aws:iam::tenant:root",
            "arn:aws:iam::111111111111:root/x",
            "arn:aws:iam::111111111111:user",
            "arn:aws:iam::111111111111:role/*",
            "arn:aws:iam::111111111111:group/admins",
            "arn:aws:sts::111111111111:assumed-role/reader",
            "arn:aws:s3:::bucket",
            "arn:aws:iam::cloudfront:user/me",
        ];
        let aws = aws.map(|name| json!({ "AWS": name }));
        let others = [
            json!("111111111111"),
            json!(1),
            json!({ "AWS": 1 }),
            json!({ "AWS": ["111111111111", "me"] }),
            json!({ "Aws": "*" }),
            json!({ "CanonicalUser": "abc" }),
            json!({ "Service": "*" }),
            json!([]),
        ];
        for value in aws.into_iter().chain(others) {
            assert_eq!(Principals::parse(&value), None, "{value}");
        }
    }
}

//! Whom a statement is about.

use serde_json::Value;

use super::Principal;

/// The principals that a statement names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Principals {
    /// `*`: everybody, with a signature or without.
    anybody: bool,
    /// Account ids and ARNs, as written.
    aws: Vec<String>,
    canonical_users: Vec<String>,
}

impl Principals {
    /// Of `Principal` or `NotPrincipal`. Services and federated users are taken, and are nobody who calls the fake.
    pub(super) fn parse(value: &Value) -> Option<Self> {
        let mut principals = Self::default();
        if value == "*" {
            principals.anybody = true;
            return Some(principals);
        }
        for (kind, names) in value.as_object()? {
            let names = super::document::texts(names)?;
            match kind.as_str() {
                "AWS" => principals.aws = names,
                "CanonicalUser" => principals.canonical_users = names,
                "Service" | "Federated" => {}
                _ => return None,
            }
        }
        principals.anybody = principals.aws.iter().any(|name| name == "*");
        Some(principals)
    }

    pub(super) fn is_anybody(&self) -> bool {
        self.anybody
    }

    pub(super) fn include(&self, caller: Option<Principal<'_>>) -> bool {
        let Some(caller) = caller else { return self.anybody };
        self.anybody
            || self.canonical_users.iter().any(|id| id == caller.canonical_id)
            || self.aws.iter().any(|name| names(name, caller))
    }
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
        canonical_id: "abc",
    };

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
            json!({ "CanonicalUser": "abc" }),
        ] {
            assert!(includes(principal.clone()), "{principal}");
        }
        for principal in [
            json!({ "AWS": "222222222222" }),
            json!({ "AWS": "arn:aws:iam::222222222222:root" }),
            json!({ "AWS": "arn:aws:iam::111111111111:role/reade" }),
            json!({ "AWS": "arn:aws:iam::111111111111:user/reader" }),
            json!({ "AWS": "arn:aws:iam" }),
            json!({ "CanonicalUser": "ab" }),
            json!({ "Service": "*" }),
            json!({}),
        ] {
            assert!(!includes(principal.clone()), "{principal}");
        }
    }

    #[test]
    fn nobody_known_is_only_everybody() {
        let includes = |value: Value| Principals::parse(&value).unwrap().include(None);
        assert!(includes(json!("*")) && includes(json!({ "AWS": ["*"] })));
        assert!(!includes(json!({ "AWS": "111111111111" })));
    }

    #[test]
    fn what_is_no_principal_is_refused() {
        for value in [json!("111111111111"), json!(1), json!({ "AWS": 1 }), json!({ "Aws": "*" }), json!([])]
        {
            assert_eq!(Principals::parse(&value), None, "{value}");
        }
    }
}

//! A policy document, read.

use serde_json::{Map, Value};

use super::condition::{self, Condition};
use super::principal::Principals;
use super::public::narrows;
use super::variable::{Variables, expand};
use super::{Question, Verdict};
use crate::pattern::{fits, matches};

/// The versions of the language. The first is meant where there is none.
const VERSIONS: [(&str, Variables); 2] =
    [("2008-10-17", Variables::AreText), ("2012-10-17", Variables::HaveValues)];

/// A policy, as it is evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    variables: Variables,
    statements: Vec<Statement>,
}

/// Why a document is no policy, in AWS's words where they are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

/// What a policy says of some principals, actions and resources.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    id: Option<String>,
    allows: bool,
    principals: Scope<Principals>,
    /// In lower case.
    actions: Scope<Vec<String>>,
    resources: Scope<Vec<String>>,
    conditions: Vec<Condition>,
}

/// What an element such as `Action` names, or all that `NotAction` does not.
#[derive(Clone, Debug)]
enum Scope<T> {
    Only(T),
    AllBut(T),
}

impl Policy {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// Where it is no JSON, or an element is missing or unknown, or not of its form: one that would not be evaluated is not ignored.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let document: Value = serde_json::from_str(text).map_err(|_| no_json())?;
        let known = |key: &&String| matches!(key.as_str(), "Version" | "Id" | "Statement");
        if let Some(key) = document.as_object().into_iter().flat_map(Map::keys).find(|key| !known(key)) {
            return Err(Malformed(format!("Unknown field {key}")));
        }
        let variables = match document.get("Version") {
            None => Variables::AreText,
            Some(version) => {
                let found = VERSIONS.iter().find(|(known, _)| version == known);
                let unknown = || Malformed::new("The policy must contain a valid version string");
                found.ok_or_else(unknown)?.1
            }
        };
        if document.get("Id").is_some_and(|id| !id.is_string()) {
            return Err(invalid_syntax());
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.as_slice(),
            Some(statement) => std::slice::from_ref(statement),
            None if document.is_object() => return Err(missing("Statement")),
            None => return Err(no_json()),
        };
        let statements = statements.iter().map(Statement::parse).collect::<Result<_, _>>()?;
        Ok(Self { variables, statements })
    }

    /// What it says. An explicit deny wins.
    pub(crate) fn verdict(&self, question: &Question<'_>) -> Verdict {
        let mut verdict = Verdict::Silent;
        let is_about = |statement: &&Statement| statement.is_about(question, self.variables);
        for statement in self.statements.iter().filter(is_about) {
            if !statement.allows {
                return Verdict::Deny;
            }
            verdict = Verdict::Allow;
        }
        verdict
    }

    /// Whether a statement allows something to anybody at all, and no condition holds it to some.
    pub(crate) fn is_public(&self) -> bool {
        self.statements.iter().any(|statement| {
            let anybody = matches!(&statement.principals, Scope::Only(named) if named.is_anybody());
            statement.allows && anybody && !statement.conditions.iter().any(narrows)
        })
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl Statement {
    /// `Sid`
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What `Action` or `NotAction` names, in lower case.
    pub(crate) fn named_actions(&self) -> &[String] {
        self.actions.named()
    }

    /// What `Resource` or `NotResource` names.
    pub(crate) fn named_resources(&self) -> &[String] {
        self.resources.named()
    }

    /// What `Action` and `Resource` name, where it is them that the statement has.
    pub(crate) fn actions_and_resources(&self) -> Option<(&[String], &[String])> {
        match (&self.actions, &self.resources) {
            (Scope::Only(actions), Scope::Only(resources)) => Some((actions, resources)),
            _ => None,
        }
    }

    pub(crate) fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn parse(value: &Value) -> Result<Self, Malformed> {
        let statement = value.as_object().ok_or_else(no_json)?;
        let known = |key: &str| {
            matches!(
                key,
                "Sid"
                    | "Effect"
                    | "Principal"
                    | "NotPrincipal"
                    | "Action"
                    | "NotAction"
                    | "Resource"
                    | "NotResource"
                    | "Condition"
            )
        };
        if let Some(key) = statement.keys().find(|key| !known(key)) {
            return Err(Malformed(format!("Unknown field {key}")));
        }
        let allows = match statement.get("Effect") {
            Some(Value::String(effect)) if effect == "Allow" => true,
            Some(Value::String(effect)) if effect == "Deny" => false,
            Some(Value::String(other)) => return Err(Malformed(format!("Invalid effect: {other}"))),
            Some(_) => return Err(invalid_syntax()),
            None => return Err(missing("Effect")),
        };
        if allows && statement.contains_key("NotPrincipal") {
            return Err(Malformed("Allow with NotPrincipal is not allowed.".to_owned()));
        }
        let principals = scope(statement, "Principal", "NotPrincipal")?;
        let invalid = || Malformed("Invalid principal in policy".to_owned());
        let principals = principals.try_map(|value| Principals::parse(value).ok_or_else(invalid))?;
        if principals.named().is_nobody() {
            return Err(empty("Principal"));
        }
        let actions = scope(statement, "Action", "NotAction")?
            .try_map(|value| texts(value).ok_or_else(Malformed::action))?;
        if actions.named().is_empty() {
            return Err(empty("Action"));
        }
        let actions =
            actions.map(|actions| actions.iter().map(|action| action.to_ascii_lowercase()).collect());
        let resources = scope(statement, "Resource", "NotResource")?.try_map(|value| {
            let are_resources =
                |texts: &Vec<String>| texts.iter().all(|text| text == "*" || text.starts_with("arn:"));
            texts(value).filter(are_resources).ok_or_else(Malformed::resource)
        })?;
        if resources.named().is_empty() {
            return Err(empty("Resource"));
        }
        let conditions = match statement.get("Condition") {
            None => Vec::new(),
            Some(conditions) => condition::parse(conditions)?,
        };
        let id = match statement.get("Sid") {
            None => None,
            Some(id) => Some(id.as_str().ok_or_else(invalid_syntax)?.to_owned()),
        };
        Ok(Self { id, allows, principals, actions, resources, conditions })
    }

    fn is_about(&self, question: &Question<'_>, variables: Variables) -> bool {
        let action = question.action.to_ascii_lowercase();
        let facts = question.facts;
        let is_caller = match &self.principals {
            Scope::Only(principals) => principals.include(question.caller),
            Scope::AllBut(principals) => !principals.spare(question.caller),
        };
        is_caller
            && self.actions.has(|actions| actions.iter().any(|pattern| fits(pattern, &action)))
            && self.is_about_resource(question, variables)
            && self.conditions.iter().all(|condition| condition.holds(facts, variables))
    }

    fn is_about_resource(&self, question: &Question<'_>, variables: Variables) -> bool {
        let mut patterns =
            self.named_resources().iter().map(|pattern| expand(pattern, variables, question.facts));
        match &self.resources {
            Scope::Only(_) => patterns.flatten().any(|pattern| matches(&pattern, question.resource)),
            // Where a variable has no value the statement is about nothing, and not about everything.
            Scope::AllBut(_) => {
                patterns.all(|pattern| pattern.is_some_and(|pattern| !matches(&pattern, question.resource)))
            }
        }
    }
}

impl<T> Scope<T> {
    fn named(&self) -> &T {
        let (Self::Only(named) | Self::AllBut(named)) = self;
        named
    }

    fn has(&self, is_in: impl FnOnce(&T) -> bool) -> bool {
        match self {
            Self::Only(named) => is_in(named),
            Self::AllBut(named) => !is_in(named),
        }
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> Scope<U> {
        match self {
            Self::Only(named) => Scope::Only(change(named)),
            Self::AllBut(named) => Scope::AllBut(change(named)),
        }
    }

    fn try_map<U, E>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Scope<U>, E> {
        Ok(match self {
            Self::Only(named) => Scope::Only(change(named)?),
            Self::AllBut(named) => Scope::AllBut(change(named)?),
        })
    }
}

/// An element, or that which names what it is not. Exactly one of them must be there.
fn scope<'v>(
    statement: &'v Map<String, Value>,
    element: &str,
    negated: &str,
) -> Result<Scope<&'v Value>, Malformed> {
    match (statement.get(element), statement.get(negated)) {
        (Some(value), None) => Ok(Scope::Only(value)),
        (None, Some(value)) => Ok(Scope::AllBut(value)),
        (None, None) => Err(missing(element)),
        (Some(_), Some(_)) => Err(Malformed(format!("Statement has both {element} and {negated}"))),
    }
}

/// One text, or a list of some.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(values) => values.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

fn missing(element: &str) -> Malformed {
    Malformed(format!("Missing required field {element}"))
}

fn empty(element: &str) -> Malformed {
    Malformed(format!("Missing required field {element} cannot be empty!"))
}

fn invalid_syntax() -> Malformed {
    Malformed::new("Invalid policy syntax.")
}

fn no_json() -> Malformed {
    Malformed("This policy contains invalid Json".to_owned())
}

impl Malformed {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Of a resource that is none, or another one.
    pub(crate) fn resource() -> Self {
        Self::new("Policy has invalid resource")
    }

    /// Of an action that is none, or none of the service.
    pub(crate) fn action() -> Self {
        Self::new("Policy has invalid action")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{NoFacts, Principal};
    use super::*;

    fn policy(statements: &Value) -> Policy {
        Policy::parse(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string()).unwrap()
    }

    fn ask(policy: &Policy, account: &str, action: &str, resource: &str) -> Verdict {
        let arn = format!("arn:aws:iam::{account}:user/fake");
        let caller = Some(Principal { account, arn: &arn, canonical_id: "" });
        policy.verdict(&Question { caller, action, resource, facts: &NoFacts })
    }

    #[test]
    fn a_statement_is_about_a_principal_an_action_and_a_resource() {
        let one = policy(&json!({
            "Effect": "Allow", "Principal": { "AWS": "111111111111" },
            "Action": ["S3:getobject", "s3:List*"], "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/a/*"],
        }));
        let ask = |account, action, resource| ask(&one, account, action, resource);
        assert_eq!(ask("111111111111", "s3:GetObject", "arn:aws:s3:::b/a/x"), Verdict::Allow);
        assert_eq!(ask("111111111111", "s3:ListBucket", "arn:aws:s3:::b"), Verdict::Allow);
        assert_eq!(ask("222222222222", "s3:GetObject", "arn:aws:s3:::b/a/x"), Verdict::Silent);
        assert_eq!(ask("111111111111", "s3:GetObjectVersion", "arn:aws:s3:::b/a/x"), Verdict::Silent);
        assert_eq!(ask("111111111111", "s3:GetObject", "arn:aws:s3:::b/A/x"), Verdict::Silent);
    }

    #[test]
    fn a_denial_wins_wherever_it_stands() {
        let allow = json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" });
        let deny =
            json!({ "Effect": "Deny", "Principal": "*", "NotAction": "s3:GetObject", "Resource": "*" });
        for both in [json!([allow, deny]), json!([deny, allow])] {
            let both = policy(&both);
            assert_eq!(ask(&both, "1", "s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Allow);
            assert_eq!(ask(&both, "1", "s3:PutObject", "arn:aws:s3:::b/k"), Verdict::Deny);
        }
    }

    #[test]
    fn what_is_not_named_is_meant_by_a_not() {
        let but = policy(&json!({
            "Effect": "Deny", "NotPrincipal": { "AWS": ["111111111111", "arn:aws:iam::111111111111:user/fake"] }, "Action": "s3:*",
            "NotResource": "arn:aws:s3:::b/open/*",
        }));
        assert_eq!(ask(&but, "222222222222", "s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Deny);
        assert_eq!(ask(&but, "222222222222", "s3:GetObject", "arn:aws:s3:::b/open/k"), Verdict::Silent);
        assert_eq!(ask(&but, "111111111111", "s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Silent);
    }

    #[test]
    fn a_resource_can_have_variables_from_2012_on() {
        let of = |version: &str, element: &str, resource: &str| {
            let mut statement = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*" });
            statement[element] = resource.into();
            let policy = json!({ "Version": version, "Statement": statement });
            let policy = Policy::parse(&policy.to_string()).unwrap();
            move |resource: &str| ask(&policy, "111111111111", "s3:GetObject", resource) == Verdict::Deny
        };
        let escaped = of("2012-10-17", "Resource", "arn:aws:s3:::b/${*}");
        assert!(escaped("arn:aws:s3:::b/*") && !escaped("arn:aws:s3:::b/a"));
        let old = of("2008-10-17", "Resource", "arn:aws:s3:::b/${*}");
        assert!(old("arn:aws:s3:::b/${a}") && !old("arn:aws:s3:::b/*"));
        // There is no such key: the statement is about nothing, whichever way round it is.
        for element in ["Resource", "NotResource"] {
            assert!(!of("2012-10-17", element, "arn:aws:s3:::b/${aws:nothing}")("arn:aws:s3:::b/a"));
        }
        assert!(of("2008-10-17", "NotResource", "arn:aws:s3:::b/${aws:nothing}")("arn:aws:s3:::b/a"));
    }

    #[test]
    fn what_is_no_policy_is_refused_with_a_reason() {
        let whole = json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*" });
        let with = |key: &str, value: Value| {
            let mut statement = whole.clone();
            statement[key] = value;
            if statement[key].is_null() {
                statement.as_object_mut().unwrap().remove(key);
            }
            Policy::parse(&json!({ "Statement": statement }).to_string())
                .map(drop)
                .map_err(|error| error.to_string())
        };
        assert_eq!(with("Sid", json!("s")), Ok(()));
        let document = |key: &str, value: &str| {
            Policy::parse(&json!({ "Statement": whole, key: value }).to_string()).map(drop)
        };
        assert_eq!(document("Id", "i"), Ok(()));
        assert_eq!(Policy::parse("{}").map(drop), Err(missing("Statement")));
        assert_eq!(Policy::parse("[]").map(drop), Err(no_json()));
        assert_eq!(document("Name", "i"), Err(Malformed("Unknown field Name".to_owned())));
        for (key, value, reason) in [
            ("Effect", json!("allow"), "Invalid effect: allow"),
            ("Effect", json!(["Allow"]), "Invalid policy syntax."),
            ("Effect", Value::Null, "Missing required field Effect"),
            ("Principal", json!("me"), "Invalid principal in policy"),
            ("Principal", Value::Null, "Missing required field Principal"),
            ("Action", json!([1]), "Policy has invalid action"),
            ("Action", Value::Null, "Missing required field Action"),
            ("Resource", json!("b/*"), "Policy has invalid resource"),
            ("Resource", Value::Null, "Missing required field Resource"),
            ("Condition", json!({ "Strings": { "a": "b" } }), "Invalid Condition type : Strings"),
            ("Actions", json!("s3:*"), "Unknown field Actions"),
            ("Sid", json!(1), "Invalid policy syntax."),
            ("Principal", json!({}), "Missing required field Principal cannot be empty!"),
            ("Principal", json!({ "AWS": [] }), "Missing required field Principal cannot be empty!"),
            ("Action", json!([]), "Missing required field Action cannot be empty!"),
            ("Resource", json!([]), "Missing required field Resource cannot be empty!"),
        ] {
            assert_eq!(with(key, value), Err(reason.to_owned()), "{key}");
        }
        for text in [
            "",
            "[]",
            "{}",
            "{\"Statement\": [1]}",
            "{\"Version\": \"2020-01-01\", \"Statement\": []}",
            "\u{0}",
        ] {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_is_public_that_allows_anybody() {
        let is_public = |principal: Value, effect: &str, condition: Value| {
            policy(&json!({
                "Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": "*", "Condition": condition,
            }))
            .is_public()
        };
        let secure = json!({ "Bool": { "aws:SecureTransport": "true" } });
        assert!(is_public(json!("*"), "Allow", json!({})));
        assert!(is_public(json!({ "AWS": ["*"] }), "Allow", json!({})));
        assert!(!is_public(json!({ "AWS": "arn:aws:iam::123456789012:role/r" }), "Allow", json!({})));
        assert!(is_public(json!("*"), "Allow", secure));
        let organization = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-aaaaaaaaaa" } });
        assert!(!is_public(json!("*"), "Allow", organization));
        assert!(!is_public(json!("*"), "Deny", json!({})));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            prop_oneof![Just("*".to_owned()), Just("${".to_owned()), ".*"].prop_map(Value::from),
        ];
        let key = prop_oneof![
            Just("AWS"),
            Just("StringLike"),
            Just("IpAddress"),
            Just("ForAnyValue:DateLessThanIfExists"),
            Just("NumericEquals"),
            Just("aws:PrincipalArn"),
            Just("x"),
        ];
        leaf.prop_recursive(3, 16, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..3)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_document_panics(
            principal in any_json(), action in any_json(), resource in any_json(), condition in any_json(), text in ".*",
        ) {
            let _ = Policy::parse(&text);
            let statement = json!({
                "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, "Condition": condition,
            });
            if let Ok(policy) = Policy::parse(&json!({ "Statement": statement }).to_string()) {
                ask(&policy, "111111111111", "s3:GetObject", &text);
            }
        }

        #[test]
        fn a_pattern_without_wildcards_fits_itself_alone(a in "[a-c/.]{0,6}", b in "[a-c/.]{0,6}") {
            prop_assert_eq!(fits(&a, &b), a == b);
            let around = format!("{b}{a}{b}");
            let pattern = format!("*{a}*");
            prop_assert!(fits(&pattern, &around));
        }
    }
}

//! What holds of every policy.

use proptest::prelude::*;

use super::*;
use crate::pattern::escape;

fn any_pattern() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "/", "*", "?"]), 1..5).prop_map(|parts| {
        let path = parts.concat();
        format!("arn:aws:s3:::uploads/{path}")
    })
}

pub(super) fn any_statement() -> impl Strategy<Value = (Effect, Vec<&'static str>, Vec<String>)> {
    let actions = prop::sample::subsequence(vec!["s3:GetObject", "s3:Put*", "s3:*", "S3:DELETEobject"], 1..3);
    let effect = prop::sample::select(vec![Effect::Allow, Effect::Deny]);
    (effect, actions, prop::collection::vec(any_pattern(), 1..3))
}

pub(super) fn manifest(statements: &[(Effect, Vec<&'static str>, Vec<String>)]) -> String {
    let statement = |(effect, actions, resources): &(Effect, _, _)| {
        format!("[[{effect}]]\nactions = {actions:?}\nresources = {resources:?}\n")
    };
    statements.iter().map(statement).collect()
}

pub(super) const ASKED: [Action; 4] =
    [Action::S3GetObject, Action::S3PutObject, Action::S3DeleteObject, Action::S3RestoreObject];

proptest! {
    #[test]
    fn a_deny_takes_away_and_never_gives(
        statements in prop::collection::vec(any_statement(), 0..5),
        (actions, resources) in any_statement().prop_map(|(_, actions, resources)| (actions, resources)),
        key in "[ab/]{1,5}",
    ) {
        let without = policy(&manifest(&statements));
        let mut more = statements;
        more.push((Effect::Deny, actions.clone(), resources.clone()));
        let with = policy(&manifest(&more));
        let only = policy(&manifest(&[(Effect::Allow, actions, resources)]));
        let arn = format!("arn:aws:s3:::uploads/{key}");
        for action in ASKED {
            let expected = is_allowed(&without, action, &arn) && !is_allowed(&only, action, &arn);
            prop_assert_eq!(is_allowed(&with, action, &arn), expected);
        }
    }

    #[test]
    fn an_allow_never_takes_away(
        statements in prop::collection::vec(any_statement(), 0..5),
        (_, actions, resources) in any_statement(),
        key in "[ab/]{1,5}",
    ) {
        let without = policy(&manifest(&statements));
        let mut more = statements;
        more.push((Effect::Allow, actions, resources));
        let with = policy(&manifest(&more));
        let arn = format!("arn:aws:s3:::uploads/{key}");
        for action in ASKED {
            prop_assert!(is_allowed(&with, action, &arn) || !is_allowed(&without, action, &arn));
        }
    }

    #[test]
    fn the_order_of_statements_has_no_meaning(
        (statements, shuffled) in prop::collection::vec(any_statement(), 0..6)
            .prop_flat_map(|statements| (Just(statements.clone()), Just(statements).prop_shuffle())),
        key in "[ab/]{1,5}",
    ) {
        let (one, other) = (policy(&manifest(&statements)), policy(&manifest(&shuffled)));
        let arn = format!("arn:aws:s3:::uploads/{key}");
        for action in ASKED {
            prop_assert_eq!(is_allowed(&one, action, &arn), is_allowed(&other, action, &arn));
        }
    }

    #[test]
    fn every_rule_that_matches_is_found(
        statements in prop::collection::vec(any_statement(), 0..6),
        key in "[ab/]{1,5}",
    ) {
        let policy = policy(&manifest(&statements));
        let arn = format!("arn:aws:s3:::uploads/{key}");
        for action in ASKED {
            // One by one, each in a policy of its own.
            let alone = statements.iter().flat_map(|(_, actions, resources)| {
                resources.iter().map(move |resource| self::policy(&allow(actions, &[resource])))
            });
            let expected = alone.filter(|alone| is_allowed(alone, action, &arn)).count();
            let mut found = 0;
            decide(&policy, action, &arn, |_, request| found = policy.rules(request).count());
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_suggested_allows_what_was_denied(
        statements in prop::collection::vec(any_statement(), 0..4),
        key in "[ab/*?$.{}\"\\\\\n\u{e9}]{1,8}",
    ) {
        let mut text = manifest(&statements);
        let arn = format!("arn:aws:s3:::uploads/{key}");
        let before = policy(&text);
        prop_assume!(!is_allowed(&before, Action::S3GetObject, &arn));
        match suggestion(&before, Action::S3GetObject, &arn) {
            Suggestion::AddStatement { text: added } => text.push_str(&added.replace("guest.thumbnailer.", "")),
            Suggestion::AddResource { text: added, location, .. } | Suggestion::AddAction { text: added, location, .. } => {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines[location.line - 1].insert_str(location.column, &format!("{added}, "));
                text = lines.join("\n");
            }
            Suggestion::NarrowDeny { .. } | Suggestion::MeetCondition { .. } => return Ok(()),
            Suggestion::NotGrantable { reason } => prop_assert!(false, "{}", reason),
        }
        prop_assert!(is_allowed(&policy(&text), Action::S3GetObject, &arn), "{}", text);
    }

    #[test]
    fn any_toml_is_a_policy_or_an_error(
        actions in prop::collection::vec("(s3:|sqs:)?[*?A-Za-z:${}]{0,12}|.{0,12}", 0..3),
        resources in prop::collection::vec("(arn:aws:s3:::)?[*?a-z:/${}]{0,12}|.{0,20}", 0..3),
    ) {
        let text = format!("[[allow]]\nactions = [{}]\nresources = [{}]\n", list(&actions), list(&resources));
        if let Err(found) = build(&text) {
            prop_assert!(found.iter().all(|found| found.location().is_some() && !found.to_string().contains('\n')));
            prop_assert!(!found.render(Colour::Never).is_empty());
        }
    }

    #[test]
    fn any_text_is_a_policy_or_an_error(text in ".{0,60}|(\\[\\[(allow|deny)\\]\\]\n)?(actions|resources) ?= ?.{0,30}\n?") {
        if let Err(found) = build(&text) {
            prop_assert!(!found.render(Colour::Always).is_empty());
        }
    }

    #[test]
    fn a_granted_key_is_that_key_alone(key in ".{1,12}", other in ".{1,12}") {
        prop_assert!(reads_escaped(&key, &key));
        prop_assert_eq!(reads_escaped(&key, &other), key == other);
    }
}

fn reads_escaped(granted: &str, key: &str) -> bool {
    let policy = policy(&allow(&["s3:GetObject"], &[&format!("arn:aws:s3:::uploads/{}", escape(granted))]));
    is_allowed(&policy, Action::S3GetObject, &format!("arn:aws:s3:::uploads/{key}"))
}

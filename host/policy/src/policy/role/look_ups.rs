//! What the host itself does at AWS before it decides: it looks at the tags of objects.

use std::collections::BTreeMap;

use super::{Actions, Resources, Statement, usable};
use crate::{
    action::{Action, ActionSet},
    condition::ConditionKey,
    policy::{Compiled, Policy},
    statement::Effect,
};

impl Policy {
    /// What the host itself needs: the tags of the objects of which a condition asks for them, with one note for all.
    pub(super) fn look_ups(&self, notes: &mut Vec<String>) -> Vec<Statement> {
        const CURRENT: [Action; 5] = [
            Action::S3GetObject,
            Action::S3GetObjectAttributes,
            Action::S3GetObjectTagging,
            Action::S3PutObjectTagging,
            Action::S3DeleteObjectTagging,
        ];
        let denies: Vec<&Compiled> =
            self.denies.all.iter().filter(|compiled| compiled.asks_about_existing_tags()).collect();
        let carrying: ActionSet = ConditionKey::ExistingObjectTag.carriers().collect();
        let current: ActionSet = CURRENT.into_iter().collect();
        let mut look_ups: Vec<Statement> = Vec::new();
        let mut told = false;
        for allow in &self.allows.all {
            let resources = Resources::of(allow);
            let meeting = denies.iter().filter(|deny| resources.meet(&Resources::of(deny)));
            let mut asked: ActionSet = meeting.map(|deny| deny.actions).collect();
            if allow.asks_about_existing_tags() {
                asked = allow.actions;
            }
            let asked = usable(allow).intersection(asked).intersection(carrying);
            let of_current = asked.meets(current).then_some(Action::S3GetObjectTagging);
            let of_others = (!asked.without(current).is_empty()).then_some(Action::S3GetObjectVersionTagging);
            let actions: ActionSet = of_current.into_iter().chain(of_others).collect();
            if actions.is_empty() {
                continue;
            }
            if !told {
                told = true;
                notes.push(
                    "a condition is about the tags that an object has: the role can read those for the host, whether or not the \
                     guest may"
                        .to_owned(),
                );
            }
            look_ups.push(Statement {
                effect: Effect::Allow,
                actions: Actions::Only(actions),
                resources,
                conditions: BTreeMap::new(),
            });
        }
        look_ups
    }
}

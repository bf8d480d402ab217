//! What started a guest's call, and what else the host tells a policy.

use innkeeper_policy::ConditionKey;

/// The condition keys that the host fills into every request that can carry them, `s3:ExistingObjectTag/<key>` where a decision
/// depends on it: give them to
/// [`PolicyBuilder::provides`](innkeeper_policy::PolicyBuilder::provides) for a policy of one's own.
pub const CONDITION_KEYS: &[ConditionKey] = &[
    ConditionKey::ExistingObjectTag,
    ConditionKey::Trigger,
    ConditionKey::RequestedRegion,
    ConditionKey::CurrentTime,
    ConditionKey::ResourceAccount,
    ConditionKey::FunctionArn,
];

/// What started a guest's call: the condition key `innkeeper:Trigger`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trigger {
    /// Somebody who called the guest: [`Guest::run`](crate::Guest::run), `innkeeper run`.
    #[default]
    Run,
}

impl Trigger {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Run];

    /// The value of the condition key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
        }
    }
}

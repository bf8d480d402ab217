//! Functions: their versions, aliases, configuration and state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::canned::Code as FunctionCode;
use super::error::{Throttle, error, no_such_function, throttled};
use super::guest::GuestFunction;
use super::handler::Handler;
use super::name::{FunctionId, LATEST};
use super::rest::{Context, Target};
use crate::ids::Ids;
use crate::layer::AwsError;

/// The timeout of a function that has not been given one.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);
/// The memory of a function that has not been given one, in MB.
const DEFAULT_MEMORY: u32 = 128;
/// How long it takes an inactive function to become active once it has been invoked.
const REACTIVATION: Duration = Duration::from_secs(10);

/// Whether a function can be invoked (`State`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FunctionState {
    /// It can.
    #[default]
    Active,
    /// Not yet: it is being made. A call is a `ResourceConflictException`.
    Pending,
    /// It has been idle for weeks. The first call is a `ResourceNotReadyException`, and makes it pending for ten seconds.
    Inactive,
    /// It could not be made. A call is a `ResourceConflictException`.
    Failed,
}

impl FunctionState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Pending => "Pending",
            Self::Inactive => "Inactive",
            Self::Failed => "Failed",
        }
    }

    /// `StateReason` and `StateReasonCode`.
    pub(super) fn reason(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Active => None,
            Self::Pending => Some(("The function is being created.", "Creating")),
            Self::Inactive => Some(("The function has not been invoked for some time.", "Idle")),
            Self::Failed => Some(("The function could not be created.", "InternalError")),
        }
    }
}

/// A function with all that is published of it.
pub(super) struct Function {
    pub(super) latest: Version,
    /// By number, from 1.
    pub(super) versions: BTreeMap<u64, Version>,
    /// The number that was given last. None is given twice, even if its version is deleted.
    pub(super) last: u64,
    pub(super) aliases: BTreeMap<String, Alias>,
    state: FunctionState,
    /// When it becomes active by itself.
    active_at: Option<SystemTime>,
    /// `ReservedConcurrentExecutions`
    pub(super) reserved_concurrency: Option<u32>,
    pub(super) running: u32,
    /// What `$LATEST` was when it was last published.
    pub(super) published: Option<(String, Configuration)>,
    /// What its document says that it is; none is Rust, which no document can say.
    pub(super) code: Option<FunctionCode>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) code_signing_config: Option<String>,
    /// The statements of the resource-based policy, by qualifier; that of the function itself is empty.
    pub(super) policies: BTreeMap<String, Vec<Value>>,
    /// `EventInvokeConfig`, by qualifier.
    pub(super) event_invoke_configs: BTreeMap<String, Map<String, Value>>,
    /// `FunctionUrlConfig`, by qualifier.
    pub(super) urls: BTreeMap<String, Map<String, Value>>,
}

/// A version: what runs, and how.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) configuration: Configuration,
    pub(super) modified: SystemTime,
    pub(super) revision_id: String,
}

/// What a version is configured with.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Configuration {
    pub(super) description: String,
    /// In seconds.
    #[serde(with = "seconds")]
    pub(super) timeout: Duration,
    pub(super) memory_size: u32,
    pub(super) environment: BTreeMap<String, String>,
    /// What else a client has set, which is shown and has no effect.
    pub(super) shown: Map<String, Value>,
    /// The code that a client has uploaded, which is not run.
    pub(super) code: Option<Code>,
}

/// Code, as far as it is shown.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    pub(super) size: usize,
    pub(super) sha256: String,
    /// `Code` of `GetFunction`.
    pub(super) location: Value,
}

impl Code {
    /// That of an archive.
    pub(super) fn of(archive: &[u8], location: Value) -> Self {
        Self { size: archive.len(), sha256: BASE64_STANDARD.encode(Sha256::digest(archive)), location }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            description: String::new(),
            timeout: DEFAULT_TIMEOUT,
            memory_size: DEFAULT_MEMORY,
            environment: BTreeMap::new(),
            shown: Map::new(),
            code: None,
        }
    }
}

/// A name for a version.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Alias {
    pub(super) version: String,
    pub(super) description: String,
    pub(super) revision_id: String,
    pub(super) routing: Option<Value>,
}

impl Function {
    pub(super) fn new(handler: Arc<dyn Handler>, now: SystemTime, ids: &Ids) -> Self {
        Self {
            latest: Version {
                handler,
                configuration: Configuration::default(),
                modified: now,
                revision_id: ids.uuid("revision"),
            },
            versions: BTreeMap::new(),
            last: 0,
            aliases: BTreeMap::new(),
            state: FunctionState::Active,
            active_at: None,
            reserved_concurrency: None,
            running: 0,
            published: None,
            code: None,
            tags: BTreeMap::new(),
            code_signing_config: None,
            policies: BTreeMap::new(),
            event_invoke_configs: BTreeMap::new(),
            urls: BTreeMap::new(),
        }
    }

    pub(super) fn state(&self, now: SystemTime) -> FunctionState {
        match (self.state, self.active_at) {
            (FunctionState::Pending, Some(active_at)) if active_at <= now => FunctionState::Active,
            (state, _) => state,
        }
    }

    pub(super) fn set_state(&mut self, state: FunctionState, active_at: Option<SystemTime>) {
        self.state = state;
        self.active_at = active_at;
    }

    /// The version of a qualifier: `$LATEST`, a number, or an alias. None is `$LATEST`.
    pub(super) fn version(&self, qualifier: Option<&str>) -> Option<(String, &Version)> {
        let qualifier = match qualifier {
            None | Some(LATEST) => return Some((LATEST.to_owned(), &self.latest)),
            Some(qualifier) => self.aliases.get(qualifier).map_or(qualifier, |alias| &alias.version),
        };
        if qualifier == LATEST {
            return Some((LATEST.to_owned(), &self.latest));
        }
        let number: u64 = qualifier.parse().ok()?;
        self.versions.get(&number).map(|version| (number.to_string(), version))
    }

    /// The statements of the policy of the function, or of a version or an alias.
    pub(super) fn policy(&self, qualifier: Option<&str>) -> Option<&[Value]> {
        self.policies.get(qualifier.unwrap_or_default()).map(Vec::as_slice)
    }

    /// Publishes `$LATEST`. As long as nothing has changed since the last version, that is the one.
    pub(super) fn publish(&mut self, description: Option<String>, now: SystemTime, ids: &Ids) -> String {
        let current = (self.latest.revision_id.clone(), self.latest.configuration.clone());
        let unchanged = self.published.as_ref() == Some(&current) && self.versions.contains_key(&self.last);
        if description.is_none() && unchanged {
            return self.last.to_string();
        }
        self.last += 1;
        let number = self.last;
        let mut version = self.latest.clone();
        version.revision_id = ids.uuid("revision");
        if let Some(description) = description {
            version.configuration.description = description;
        }
        version.modified = now;
        self.published = Some(current);
        self.versions.insert(number, version);
        number.to_string()
    }

    /// Whether the function can be invoked now. `arn` is for the message.
    pub(super) fn check_state(&mut self, now: SystemTime) -> Result<(), AwsError> {
        match self.state(now) {
            FunctionState::Active => Ok(()),
            state @ (FunctionState::Pending | FunctionState::Failed) => Err(error(
                "ResourceConflictException",
                format!(
                    "The operation cannot be performed at this time. The function is currently in the following state: {}",
                    state.as_str()
                ),
            )),
            FunctionState::Inactive => {
                self.set_state(FunctionState::Pending, Some(now + REACTIVATION));
                Err(error(
                    "ResourceNotReadyException",
                    "The function is inactive and its resources are being restored. Try again once it is active.",
                ))
            }
        }
    }
}

/// A timeout in a document.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(timeout: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        timeout.as_secs_f64().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// All functions of a fake.
pub(super) struct Functions {
    pub(super) by_id: BTreeMap<FunctionId, Function>,
    /// Those of them that are guests and have no code yet.
    pub(super) guests: BTreeMap<FunctionId, GuestFunction>,
    /// The most invocations of all functions of an account that can run at once, what functions have reserved for themselves included.
    pub(super) account_concurrency: u32,
}

/// What an account may run at once, unless it asks AWS for more.
const DEFAULT_CONCURRENCY: u32 = 1000;

impl Default for Functions {
    fn default() -> Self {
        Self { by_id: BTreeMap::new(), guests: BTreeMap::new(), account_concurrency: DEFAULT_CONCURRENCY }
    }
}

impl Functions {
    /// Removes every function, and every limit.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn get(&self, cx: &Context<'_>, target: &Target) -> Result<&Function, AwsError> {
        self.by_id.get(&target.function).ok_or_else(|| no_such_function(&target.arn(cx)))
    }

    pub(super) fn get_mut(&mut self, cx: &Context<'_>, target: &Target) -> Result<&mut Function, AwsError> {
        self.by_id.get_mut(&target.function).ok_or_else(|| no_such_function(&target.arn(cx)))
    }

    /// Counts an invocation in, if there is room for it. [`Functions::leave`] counts it out.
    pub(super) fn enter(&mut self, id: &FunctionId) -> Result<(), AwsError> {
        let (mut reserved, mut running) = (0_u64, 0_u64);
        for (_, function) in self.by_id.iter().filter(|(other, _)| other.account_id == id.account_id) {
            match function.reserved_concurrency {
                Some(limit) => reserved += u64::from(limit),
                None => running += u64::from(function.running),
            }
        }
        let Some(function) = self.by_id.get_mut(id) else { return Ok(()) };
        match function.reserved_concurrency {
            Some(limit) if function.running >= limit => return Err(throttled(Throttle::Function)),
            None if running >= u64::from(self.account_concurrency).saturating_sub(reserved) => {
                return Err(throttled(Throttle::Account));
            }
            Some(_) | None => {}
        }
        function.running += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self, id: &FunctionId) {
        if let Some(function) = self.by_id.get_mut(id) {
            function.running = function.running.saturating_sub(1);
        }
    }
}

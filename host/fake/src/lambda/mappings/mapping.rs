//! What an event source mapping is, and where it is in its life.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::settings::Settings;
use crate::fake::Shared;
use crate::instant;
use crate::lambda::name::{FunctionId, is_name, is_qualifier};
use crate::region::partition;
use crate::sqs::{NamedQueue, Sqs};

/// How long it takes until a change of a mapping is in force.
const TRANSITION: Duration = Duration::from_secs(1);

/// A function that is called with what arrives in a queue.
#[derive(Clone, Debug)]
pub(crate) struct EventSourceMapping {
    pub(crate) uuid: String,
    pub(crate) region: String,
    pub(crate) function: FunctionId,
    pub(crate) qualifier: Option<String>,
    pub(crate) source: NamedQueue,
    pub(crate) enabled: bool,
    pub(super) settings: Settings,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) modified: SystemTime,
    /// What is under way, and until when.
    transition: Option<(Transition, SystemTime)>,
    /// Is upheld by the task that polls the queue, for as long as that runs.
    pub(super) poller: Weak<()>,
    /// The messages that have been received for the function, and that it is not done with.
    pub(super) under_way: usize,
}

/// What a mapping is told to become, and is not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transition {
    Creating,
    Enabling,
    Disabling,
    Updating,
    Deleting,
}

/// What a mapping does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// It polls its queue.
    Polls,
    /// It does not, at least until then.
    Rests { until: Option<SystemTime> },
}

impl EventSourceMapping {
    /// A mapping that is being created.
    pub(super) fn new(
        shared: &Shared,
        region: &str,
        function: FunctionId,
        source: NamedQueue,
        enabled: bool,
    ) -> Self {
        let now = shared.clock.now();
        let mut mapping = Self::settled(shared, region, function, source, enabled);
        // One that is not to be enabled is made at once.
        mapping.transition = enabled.then(|| (Transition::Creating, now + TRANSITION));
        mapping
    }

    /// A mapping as one that has long been there.
    fn settled(
        shared: &Shared,
        region: &str,
        function: FunctionId,
        source: NamedQueue,
        enabled: bool,
    ) -> Self {
        Self {
            uuid: shared.ids.uuid("event-source-mapping"),
            region: region.to_owned(),
            function,
            qualifier: None,
            source,
            enabled,
            settings: Settings::default(),
            tags: BTreeMap::new(),
            modified: shared.clock.now(),
            transition: None,
            poller: Weak::new(),
            under_way: 0,
        }
    }

    pub(super) fn begin(&mut self, transition: Transition, now: SystemTime) {
        self.transition = Some((transition, now + TRANSITION));
        self.modified = now;
    }

    pub(super) fn transition(&self, now: SystemTime) -> Option<Transition> {
        self.transition.filter(|(_, until)| *until > now).map(|(transition, _)| transition)
    }

    /// `State`
    pub(crate) fn state(&self, now: SystemTime) -> &'static str {
        match self.transition(now) {
            Some(Transition::Creating) => "Creating",
            Some(Transition::Enabling) => "Enabling",
            Some(Transition::Disabling) => "Disabling",
            Some(Transition::Updating) => "Updating",
            Some(Transition::Deleting) => "Deleting",
            None if self.enabled => "Enabled",
            None => "Disabled",
        }
    }

    pub(super) fn activity(&self, now: SystemTime) -> Activity {
        match self.transition.filter(|(_, until)| *until > now) {
            Some((Transition::Creating | Transition::Enabling | Transition::Deleting, until)) => {
                Activity::Rests { until: Some(until) }
            }
            Some((Transition::Updating, _)) | None if self.enabled => Activity::Polls,
            Some((Transition::Updating | Transition::Disabling, _)) | None => Activity::Rests { until: None },
        }
    }

    /// Whether it has been deleted, if not all of it is gone.
    pub(super) fn is_ending(&self) -> bool {
        self.transition.is_some_and(|(transition, _)| transition == Transition::Deleting)
    }

    fn is_gone(&self, now: SystemTime) -> bool {
        self.is_ending() && self.transition.is_some_and(|(_, until)| until <= now)
    }

    /// `EventSourceMappingArn`
    pub(super) fn arn(&self, shared: &Shared) -> String {
        let Self { region, uuid, .. } = self;
        let account_id = self.function.account_id.as_ref().unwrap_or(&shared.account_id);
        format!("arn:{}:lambda:{region}:{account_id}:event-source-mapping:{uuid}", partition(region))
    }
}

/// The mappings of a fake, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Mappings(Vec<EventSourceMapping>);

impl Mappings {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Lets those go that have been deleted.
    pub(in crate::lambda) fn advance(&mut self, now: SystemTime) {
        self.0.retain(|mapping| !mapping.is_gone(now));
    }

    pub(super) fn push(&mut self, mapping: EventSourceMapping) {
        self.0.push(mapping);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &EventSourceMapping> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut EventSourceMapping> {
        self.0.iter_mut()
    }

    pub(super) fn get_mut(&mut self, uuid: &str) -> Option<&mut EventSourceMapping> {
        self.0.iter_mut().find(|mapping| mapping.uuid == uuid)
    }
}

/// An event source mapping as it is read: of `lambda/.innkeeper.json` of a [seed](crate::folder), or of an
/// [`InlineSeed`](crate::InlineSeed).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventSourceMappingDocument {
    function: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qualifier: Option<String>,
    /// The ARN of the queue, or its name.
    source: String,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    uuid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// None is the account of the fake itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "instant::option")]
    modified: Option<SystemTime>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Settings::is_default")]
    settings: Settings,
}

fn yes() -> bool {
    true
}

impl EventSourceMappingDocument {
    /// A mapping of a queue, by its ARN or name, to a function, with the defaults of `CreateEventSourceMapping`.
    pub fn new(function: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            function: function.into(),
            qualifier: None,
            source: source.into(),
            enabled: true,
            uuid: None,
            region: None,
            account_id: None,
            modified: None,
            tags: BTreeMap::new(),
            settings: Settings::default(),
        }
    }

    pub(super) fn of(mapping: &EventSourceMapping) -> Self {
        Self {
            function: mapping.function.name.clone(),
            qualifier: mapping.qualifier.clone(),
            source: mapping.source.arn().to_owned(),
            enabled: mapping.enabled,
            uuid: Some(mapping.uuid.clone()),
            region: Some(mapping.region.clone()),
            account_id: mapping.function.account_id.clone(),
            modified: Some(mapping.modified),
            tags: mapping.tags.clone(),
            settings: mapping.settings.clone(),
        }
    }

    /// The mapping that the document says, as one that has long been there.
    pub(super) fn mapping(self, shared: &Arc<Shared>) -> Result<EventSourceMapping, String> {
        if !is_name(&self.function) {
            return Err(format!("`{}` is no name of a function", self.function));
        }
        if let Some(qualifier) = self.qualifier.as_deref().filter(|qualifier| !is_qualifier(qualifier)) {
            return Err(format!("`{qualifier}` is no qualifier of a function"));
        }
        let arn = if self.source.starts_with("arn:") {
            self.source.clone()
        } else {
            Sqs::new(Arc::clone(shared)).arn(&self.source)
        };
        let source = NamedQueue::parse(&arn);
        let source = source.ok_or_else(|| format!("`{}` is neither a queue nor its ARN", self.source))?;
        let region = self.region.unwrap_or_else(|| source.region().to_owned());
        self.settings.check(source.is_fifo()).map_err(|error| error.message)?;
        let account_id = shared.other_account(self.account_id);
        let function = FunctionId { account_id, name: self.function };
        let mut mapping = EventSourceMapping::settled(shared, &region, function, source, self.enabled);
        mapping.qualifier = self.qualifier;
        mapping.settings = self.settings;
        mapping.tags = self.tags;
        if let Some(uuid) = self.uuid {
            mapping.uuid = uuid;
        }
        if let Some(modified) = self.modified {
            mapping.modified = modified;
        }
        Ok(mapping)
    }
}

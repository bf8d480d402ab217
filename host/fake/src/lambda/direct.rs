//! Lambda without a client.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::canned::{Canned, Code, FunctionDocument};
use super::create::Uploaded;
use super::document::LambdaDocument;
use super::function::{Alias, Function, FunctionState};
use super::guest::{GuestFunction, NoCode};
use super::handler::{Closure, FunctionError, FunctionEvent, FunctionResponse, Handler};
use super::mappings::EventSourceMappingDocument;
use super::name::{FunctionId, LATEST, is_alias, is_name};
use super::record::Invocation;
use super::store::LambdaState;
use crate::fake::Shared;

/// The fake's Lambda without a client: functions, and the invocations of them. From [`FakeAws::lambda`].
///
/// [`FakeAws::lambda`]: crate::FakeAws::lambda
#[derive(Clone, Debug)]
pub struct Lambda {
    shared: Arc<Shared>,
}

/// A function of the fake, to be configured. From [`Lambda::function`] and [`Lambda::handler`].
///
/// Defaults: active, a timeout of 3 s, 128 MB, no version but `$LATEST`, no alias, no reserved concurrency.
#[derive(Clone)]
pub struct LambdaFunction {
    shared: Arc<Shared>,
    id: FunctionId,
}

/// Why a function cannot be made as a test wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LambdaDirectError {
    /// Names are 1 to 64 of letters, digits, `-` and `_`.
    #[error("`{0}` is not a function name: 1 to 64 of a-z, A-Z, 0-9, `-` and `_`")]
    InvalidName(String),
    /// Aliases are words with something else than digits in it.
    #[error("`{0}` is not an alias: 1 to 128 of a-z, A-Z, 0-9, `-` and `_`, not only digits")]
    InvalidAlias(String),
    /// There is no such version.
    #[error("there is no version `{version}` of `{function}`")]
    NoSuchVersion {
        /// The function.
        function: String,
        /// The version.
        version: String,
    },
    /// A document of a seed that contradicts itself.
    #[error("{0}")]
    Document(String),
}

impl Lambda {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Makes a function of a closure, in place of what has its name. It answers with bytes, text or JSON.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use innkeeper_fake::{FakeAws, FunctionError};
    /// use serde_json::{Value, json};
    ///
    /// let fake = FakeAws::new();
    /// fake.lambda().function("double", |event| async move {
    ///     let number: Value = event.json()?;
    ///     event.log.line(format_args!("doubling {number}"));
    ///     let number = number.as_i64().ok_or_else(|| FunctionError::new("ValueError", "not a number"))?;
    ///     Ok(json!(number * 2))
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`LambdaDirectError::InvalidName`].
    pub fn function<F, Fut, T>(
        &self,
        name: impl Into<String>,
        handler: F,
    ) -> Result<LambdaFunction, LambdaDirectError>
    where
        F: Fn(FunctionEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, FunctionError>> + Send + 'static,
        T: Into<FunctionResponse> + Send + 'static,
    {
        self.handler(name, Closure(handler))
    }

    /// Makes a function of a [`Handler`], in place of what has its name.
    ///
    /// # Errors
    ///
    /// [`LambdaDirectError::InvalidName`].
    pub fn handler(
        &self,
        name: impl Into<String>,
        handler: impl Handler,
    ) -> Result<LambdaFunction, LambdaDirectError> {
        self.function_of(FunctionId::own(name), Arc::new(handler))
    }

    /// Removes a function, and says whether it was there.
    pub fn remove(&self, name: impl AsRef<str>) -> bool {
        let id = FunctionId::own(name.as_ref());
        let mut functions = self.shared.lambda.functions();
        functions.guests.remove(&id);
        functions.by_id.remove(&id).inspect(|_| self.shared.lambda.stir()).is_some()
    }

    /// The functions of seeds that are guests and have no code yet, by name. The fake runs no guests: whoever has a host gives each
    /// its code with [`GuestFunction::resolve`]. Until then an invocation fails with the error type `NoCode`.
    pub fn guest_functions(&self) -> Vec<GuestFunction> {
        self.shared.lambda.functions().guests.values().cloned().collect()
    }

    /// The names of the functions, sorted.
    pub fn functions(&self) -> Vec<String> {
        let functions = self.shared.lambda.functions();
        let own = functions.by_id.keys().filter(|id| id.account_id.is_none());
        own.map(|id| id.name.clone()).collect()
    }

    /// The invocations that were accepted, in the order of their arrival; the last
    /// [`INVOCATION_LIMIT`](crate::INVOCATION_LIMIT).
    pub fn invocations(&self) -> Vec<Invocation> {
        self.shared.lambda.invocations()
    }

    /// The invocations of one function.
    pub fn invocations_of(&self, function: impl AsRef<str>) -> Vec<Invocation> {
        let mut invocations = self.invocations();
        invocations
            .retain(|invocation| invocation.account_id.is_none() && invocation.function == function.as_ref());
        invocations
    }

    /// Forgets the invocations so far. Numbers go on.
    pub fn clear_invocations(&self) {
        self.shared.lambda.clear_invocations();
    }

    /// Waits until every asynchronous invocation is done (has succeeded, has failed three times, or was dropped), and until no event
    /// source mapping has messages for its function. A message that its function has failed for is waited for no longer: it is
    /// in flight until the queue's visibility timeout is over. Functions that go on for ever, since they invoke themselves or send to
    /// their own queue, are not: it returns after 10,000 further invocations.
    pub async fn idle(&self) {
        LambdaState::idle(&self.shared).await;
    }

    /// Sets how many invocations may run at once in all, 1000 by default. Functions without a limit of their own share
    /// what the others have not reserved; beyond that a call is a `TooManyRequestsException` with the reason
    /// `ConcurrentInvocationLimitExceeded`.
    pub fn set_account_concurrency(&self, limit: u32) {
        self.shared.lambda.functions().account_concurrency = limit;
    }

    pub(crate) fn seed_function(
        &self,
        mut id: FunctionId,
        document: FunctionDocument,
        file: &Path,
    ) -> Result<(), LambdaDirectError> {
        id.account_id = self.shared.other_account(id.account_id);
        match document.code().map_err(LambdaDirectError::Document)? {
            Code::Answers(answers) => {
                self.function_from(id, &document, Arc::new(Canned(answers)))?;
            }
            Code::Uploaded => {
                self.function_from(id, &document, Arc::new(Uploaded))?;
            }
            Code::Guest(guest) => {
                self.function_from(id.clone(), &document, Arc::new(NoCode::new(file, &guest)))?;
                let function = GuestFunction::new(self.clone(), id.clone(), guest, file, document);
                self.shared.lambda.functions().guests.insert(id, function);
            }
        }
        Ok(())
    }

    /// Adds layers and event source mappings, after the functions and queues of a seed.
    pub(crate) fn seed_document(&self, document: LambdaDocument) -> Result<(), String> {
        document.apply(&self.shared)
    }

    /// Adds event source mappings alone.
    pub(crate) fn seed_mappings(
        &self,
        mappings: Vec<EventSourceMappingDocument>,
    ) -> Result<(), LambdaDirectError> {
        LambdaState::seed_mappings(&self.shared, mappings).map_err(LambdaDirectError::Document)
    }

    /// A function as its document says, in place of what has its name.
    pub(super) fn function_from(
        &self,
        id: FunctionId,
        document: &FunctionDocument,
        handler: Arc<dyn Handler>,
    ) -> Result<LambdaFunction, LambdaDirectError> {
        let function = self.function_of(id, handler)?;
        if let Some(description) = &document.description {
            function.description(description);
        }
        if let Some(seconds) = document.timeout {
            function.timeout(Duration::from_secs(seconds.into()));
        }
        if let Some(megabytes) = document.memory_size {
            function.memory_size(megabytes);
        }
        if let Some(limit) = document.reserved_concurrency {
            function.reserved_concurrency(limit);
        }
        for number in 1..=document.versions {
            function.publish_as(format!("version {number}"));
        }
        for (alias, version) in &document.aliases {
            function.alias(alias, version)?;
        }
        let code = document.code().map_err(LambdaDirectError::Document)?;
        let function = function.change(|function| {
            function.code = Some(code);
            if let Some(kept) = document.kept.clone() {
                kept.apply(function);
            }
        });
        self.shared.lambda.stir();
        Ok(function)
    }

    fn function_of(
        &self,
        id: FunctionId,
        handler: Arc<dyn Handler>,
    ) -> Result<LambdaFunction, LambdaDirectError> {
        if !is_name(&id.name) {
            return Err(LambdaDirectError::InvalidName(id.name));
        }
        let function = Function::new(handler, self.shared.clock.now(), &self.shared.ids);
        let mut functions = self.shared.lambda.functions();
        functions.guests.remove(&id);
        functions.by_id.insert(id.clone(), function);
        drop(functions);
        self.shared.lambda.stir();
        Ok(LambdaFunction { shared: Arc::clone(&self.shared), id })
    }
}

impl LambdaFunction {
    /// The function's name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// Sets `Timeout`: when this has passed the invocation fails with `Sandbox.Timedout`.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn timeout(&self, timeout: Duration) -> Self {
        self.change(|function| function.latest.configuration.timeout = timeout)
    }

    /// Sets `MemorySize`, in MB. Nothing enforces it.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn memory_size(&self, megabytes: u32) -> Self {
        self.change(|function| function.latest.configuration.memory_size = megabytes)
    }

    /// Sets `Description`.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn description(&self, description: impl Into<String>) -> Self {
        self.change(|function| function.latest.configuration.description = description.into())
    }

    /// Adds a variable to `Environment`, which is shown and not set.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn environment(&self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.change(|function| {
            function.latest.configuration.environment.insert(name.into(), value.into());
        })
    }

    /// Sets how many invocations of this function may run at once. Beyond that a call is a `TooManyRequestsException`
    /// with the reason `ReservedFunctionConcurrentInvocationLimitExceeded`. Zero stops the function.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn reserved_concurrency(&self, limit: u32) -> Self {
        self.change(|function| function.reserved_concurrency = Some(limit))
    }

    /// Sets the state.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn state(&self, state: FunctionState) -> Self {
        self.change(|function| function.set_state(state, None))
    }

    /// Makes the function pending, and active when this has passed by the fake's clock.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn pending_for(&self, duration: Duration) -> Self {
        let active_at = self.shared.clock.now() + duration;
        self.change(|function| function.set_state(FunctionState::Pending, Some(active_at)))
    }

    /// Publishes `$LATEST` as it is, as `PublishVersion` does, and gives the number. As long as nothing has changed since
    /// the last version that is the last version's.
    pub fn publish(&self) -> String {
        self.publish_with(None)
    }

    fn publish_as(&self, description: String) -> String {
        self.publish_with(Some(description))
    }

    fn publish_with(&self, description: Option<String>) -> String {
        let now = self.shared.clock.now();
        let mut functions = self.shared.lambda.functions();
        let function = functions.by_id.get_mut(&self.id);
        function.map_or_else(
            || LATEST.to_owned(),
            |function| function.publish(description, now, &self.shared.ids),
        )
    }

    /// Points an alias at a version, `$LATEST` or a number, in place of what has its name.
    ///
    /// # Errors
    ///
    /// [`LambdaDirectError::InvalidAlias`], [`LambdaDirectError::NoSuchVersion`].
    pub fn alias(
        &self,
        alias: impl Into<String>,
        version: impl Into<String>,
    ) -> Result<Self, LambdaDirectError> {
        let (alias, version) = (alias.into(), version.into());
        if !is_alias(&alias) {
            return Err(LambdaDirectError::InvalidAlias(alias));
        }
        let mut functions = self.shared.lambda.functions();
        let function = functions.by_id.get_mut(&self.id);
        let function = function.filter(|function| {
            let number = version == LATEST || version.bytes().all(|byte| byte.is_ascii_digit());
            number && function.version(Some(&version)).is_some()
        });
        let function = function.ok_or_else(|| LambdaDirectError::NoSuchVersion {
            function: self.id.name.clone(),
            version: version.clone(),
        })?;
        let revision_id = self.shared.ids.uuid("revision");
        function
            .aliases
            .insert(alias, Alias { version, description: String::new(), revision_id, routing: None });
        drop(functions);
        self.shared.lambda.stir();
        Ok(self.clone())
    }

    /// Lets the function be called with what arrives in a queue, given by its name or ARN, as `CreateEventSourceMapping` does with its
    /// defaults. The mapping is enabled at once.
    ///
    /// # Errors
    ///
    /// [`LambdaDirectError::Document`]: that is no name of a queue.
    pub fn event_source(&self, queue: impl Into<String>) -> Result<Self, LambdaDirectError> {
        let mapping = EventSourceMappingDocument::new(self.name(), queue);
        LambdaState::seed_mappings(&self.shared, vec![mapping]).map_err(LambdaDirectError::Document)?;
        Ok(self.clone())
    }

    /// Replaces the code of `$LATEST`. Published versions keep theirs.
    #[expect(clippy::return_self_not_must_use, reason = "it is done, whether or not another follows")]
    pub fn update<F, Fut, T>(&self, handler: F) -> Self
    where
        F: Fn(FunctionEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, FunctionError>> + Send + 'static,
        T: Into<FunctionResponse> + Send + 'static,
    {
        let now = self.shared.clock.now();
        let revision_id = self.shared.ids.uuid("revision");
        self.change(|function| {
            function.latest.handler = Arc::new(Closure(handler));
            function.latest.modified = now;
            function.latest.revision_id = revision_id;
        })
    }

    fn change(&self, change: impl FnOnce(&mut Function)) -> Self {
        if let Some(function) = self.shared.lambda.functions().by_id.get_mut(&self.id) {
            change(function);
        }
        self.clone()
    }
}

impl fmt::Debug for LambdaFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaFunction").field("name", &self.id.name).finish_non_exhaustive()
    }
}

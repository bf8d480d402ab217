//! Functions of the fake Lambda that are guests of a host: a guest that invokes a function, and the function, run in one process.
//!
//! The host and the fake do not know each other. This is where they meet: [`GuestFunction`] is the code of a function to the fake,
//! and a caller of a guest to the host.

use std::time::Duration;

use async_trait::async_trait;
use innkeeper::{CallError, Called, Guest, Host, Limit};
use innkeeper_fake::{
    FakeAws, FunctionError, FunctionEvent, FunctionLog, FunctionResponse, Handler, LambdaDirectError,
};
use serde_json::json;
use tokio::task::JoinSet;

/// The longest time of a function: Lambda's own limit, in seconds.
const MAX_TIMEOUT: u32 = 900;

/// A guest as the code of a function. It runs with its own policy, limits and configuration, not with those of whoever invokes it.
///
/// A guest is called with the event's payload, and what it returns is the answer, byte for byte. A failure that it reports (the `err`
/// of a plugin's `run`) is a function error that is `Handled`; a trap, a limit and a failed exit are `Unhandled`, as those of a
/// runtime are. What it writes beside its answer is the function's log.
pub struct GuestFunction {
    guest: Guest,
}

/// Why a function of a seed that is a guest cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// There is no such guest, or it cannot be made ready.
    #[error("`{file}` says that the function `{function}` is the guest `{guest}`")]
    Guest {
        /// The file of the seed.
        file: String,
        /// The function.
        function: String,
        /// The guest.
        guest: String,
        /// What is wrong with it.
        source: Box<innkeeper::Error>,
    },
    /// The fake does not take the function.
    #[error(transparent)]
    Function(#[from] LambdaDirectError),
}

/// Gives each function of the fake's seed that is a guest its code: the guest of that name of the host, which has to reach this fake.
///
/// A function has the guest's own time and memory, if its document says nothing else.
///
/// # Errors
///
/// [`ResolveError`], for the first that cannot be run. Those before it have their code.
///
/// From then on the fake and the host keep each other alive, until [`FakeAws::reset`] lets go of the functions.
pub async fn resolve_functions(fake: &FakeAws, host: &Host) -> Result<(), ResolveError> {
    for function in fake.lambda().guest_functions() {
        let guest = host.guest(function.guest()).await.map_err(|source| ResolveError::Guest {
            file: function.file().display().to_string(),
            function: function.name().to_owned(),
            guest: function.guest().to_owned(),
            source: Box::new(source),
        })?;
        let (timeout, memory) = (seconds(guest.limits().timeout), megabytes(guest.limits().memory));
        function.default_timeout(timeout).default_memory_size(memory).resolve(GuestFunction::new(guest))?;
    }
    Ok(())
}

impl GuestFunction {
    /// The guest as a function.
    pub fn new(guest: Guest) -> Self {
        Self { guest }
    }

    fn failure(&self, error: &CallError, event: &FunctionEvent) -> FunctionError {
        let unhandled = |error_type: &str, what: &str| {
            // As Lambda words what its runtimes report.
            let message = format!("RequestId: {} Error: {what}", event.request_id);
            event.log.line(&message);
            FunctionError::payload(json!({ "errorType": error_type, "errorMessage": message }))
        };
        match error {
            CallError::Reported(message) => FunctionError::new("Error", message.clone()).handled(),
            CallError::Limit { limit: Limit::Timeout { after }, .. } => unhandled(
                "Sandbox.Timedout",
                &format!("Task timed out after {:.2} seconds", after.as_secs_f64()),
            ),
            error => unhandled("Runtime.ExitError", &format!("guest `{}`: {error}", self.guest.name())),
        }
    }
}

#[async_trait]
impl Handler for GuestFunction {
    async fn handle(&self, event: FunctionEvent) -> Result<FunctionResponse, FunctionError> {
        // A task of its own, which ends with this future: what the function computes is not to count as what its caller does, and a
        // guest that invokes itself is not to go deeper into one stack.
        let mut task = JoinSet::new();
        let (guest, payload) = (self.guest.clone(), event.payload.clone());
        task.spawn(async move { guest.call(&payload).await });
        let Called { result, log } = match task.join_next().await {
            Some(Ok(called)) => called,
            Some(Err(error)) => return Err(FunctionError::new("Runtime.ExitError", error.to_string())),
            None => return Err(FunctionError::new("Runtime.ExitError", "the guest was not called")),
        };
        write_lines(&event.log, &log);
        result.map(FunctionResponse::from).map_err(|error| self.failure(&error, &event))
    }
}

/// The guest's words, ending with a line break, so that the lines that Lambda adds stand by themselves.
fn write_lines(log: &FunctionLog, text: &[u8]) {
    log.write(text);
    if text.last().is_some_and(|last| *last != b'\n') {
        log.write(b"\n");
    }
}

/// A second above the guest's own limit: so it is that which ends the guest, whose log is then not lost.
fn seconds(limit: Duration) -> u32 {
    u32::try_from(limit.as_secs().saturating_add(1)).unwrap_or(MAX_TIMEOUT).min(MAX_TIMEOUT)
}

fn megabytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 20)).unwrap_or(u32::MAX)
}

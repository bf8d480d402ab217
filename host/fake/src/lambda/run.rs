//! One run of a function: its log, its time, its failures.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::function::Configuration;
use super::handler::{FunctionError, FunctionEvent, FunctionLog, Handler};
use super::name::FunctionId;
use crate::fake::Shared;

/// The longest answer of `Invoke`, in bytes: 6 MB and a little.
pub(super) const MAX_RESPONSE: usize = 6_291_556;

/// What is to run.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) configuration: Configuration,
    pub(super) function: FunctionId,
    pub(super) arn: String,
    pub(super) version: String,
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) client_context: Option<Value>,
}

/// A function that is running. As long as this is there it counts as one that does.
pub(super) struct Run {
    pub(super) log: FunctionLog,
    shared: Arc<Shared>,
    function: FunctionId,
    request_id: String,
    memory_size: u32,
    timeout: Duration,
    started: SystemTime,
    deadline: Instant,
    chunks: Option<BoxStream<'static, Result<Bytes, FunctionError>>>,
}

impl Job {
    /// Starts the function, which the caller has counted in, and waits until it begins to answer.
    pub(super) async fn start(
        &self,
        shared: &Arc<Shared>,
        attempt: u32,
    ) -> Result<Run, (Run, FunctionError)> {
        let timeout = self.configuration.timeout;
        let log = FunctionLog::default();
        log.line(format_args!("START RequestId: {} Version: {}", self.request_id, self.version));
        let started = shared.clock.now();
        let mut run = Run {
            log: log.clone(),
            shared: Arc::clone(shared),
            function: self.function.clone(),
            request_id: self.request_id.clone(),
            memory_size: self.configuration.memory_size,
            timeout,
            started,
            deadline: Instant::now() + timeout,
            chunks: None,
        };
        let event = FunctionEvent {
            payload: self.payload.clone(),
            function_name: self.function.name.clone(),
            invoked_function_arn: self.arn.clone(),
            version: self.version.clone(),
            request_id: self.request_id.clone(),
            client_context: self.client_context.clone(),
            attempt,
            deadline: started + timeout,
            log,
        };
        let handled = AssertUnwindSafe(self.handler.handle(event)).catch_unwind();
        match timeout_at(run.deadline, handled).await {
            Ok(Ok(Ok(response))) => {
                run.chunks = Some(response.0);
                Ok(run)
            }
            Ok(Ok(Err(error))) => Err((run, error)),
            Ok(Err(_panic)) => {
                let error = run.crashed();
                Err((run, error))
            }
            Err(_elapsed) => {
                let error = run.timed_out();
                Err((run, error))
            }
        }
    }

    /// Runs the function to its end.
    pub(super) async fn run(
        &self,
        shared: &Arc<Shared>,
        attempt: u32,
    ) -> (Run, Result<Bytes, FunctionError>) {
        let mut run = match self.start(shared, attempt).await {
            Ok(run) => run,
            Err((run, error)) => {
                run.end();
                return (run, Err(error));
            }
        };
        let result = run.collect().await;
        run.end();
        (run, result)
    }
}

impl Run {
    /// The next piece of the answer; none at its end.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, FunctionError>> {
        let next = AssertUnwindSafe(self.chunks.as_mut()?.next()).catch_unwind();
        let next = match timeout_at(self.deadline, next).await {
            Ok(Ok(next)) => next,
            Ok(Err(_panic)) => Some(Err(self.crashed())),
            Err(_elapsed) => Some(Err(self.timed_out())),
        };
        if !matches!(next, Some(Ok(_))) {
            self.chunks = None;
        }
        next
    }

    async fn collect(&mut self) -> Result<Bytes, FunctionError> {
        let mut payload = BytesMut::new();
        while let Some(chunk) = self.next().await {
            payload.extend_from_slice(&chunk?);
            if payload.len() > MAX_RESPONSE {
                return Err(FunctionError::new(
                    "Function.ResponseSizeTooLarge",
                    format!(
                        "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes)."
                    ),
                ));
            }
        }
        Ok(payload.freeze())
    }

    /// Writes the last lines of the log.
    pub(super) fn end(&self) {
        let taken =
            self.shared.clock.now().duration_since(self.started).unwrap_or_default().min(self.timeout);
        self.log.line(format_args!("END RequestId: {}", self.request_id));
        self.log.line(format_args!(
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB\t",
            self.request_id,
            taken.as_secs_f64() * 1000.0,
            taken.as_millis().max(1),
            self.memory_size,
            self.memory_size.min(64),
        ));
    }

    fn crashed(&self) -> FunctionError {
        self.failed("Runtime.ExitError", "Error: Runtime exited with error: exit status 101")
    }

    fn timed_out(&self) -> FunctionError {
        let message = format!("Error: Task timed out after {:.2} seconds", self.timeout.as_secs_f64());
        self.failed("Sandbox.Timedout", &message)
    }

    fn failed(&self, error_type: &str, message: &str) -> FunctionError {
        let message = format!("RequestId: {} {message}", self.request_id);
        self.log.line(&message);
        FunctionError::payload(json!({ "errorType": error_type, "errorMessage": message }))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.shared.lambda.functions().leave(&self.function);
    }
}

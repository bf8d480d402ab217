//! Functions of a seed that are guests: code that somebody else has to run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::canned::FunctionDocument;
use super::direct::{Lambda, LambdaDirectError, LambdaFunction};
use super::handler::{FunctionError, FunctionEvent, FunctionResponse, Handler};
use super::name::FunctionId;

/// A function of a seed (`lambda/FUNCTION.json`) that is a guest, and that has no code yet. From [`Lambda::guest_functions`].
#[derive(Clone)]
pub struct GuestFunction {
    lambda: Lambda,
    id: FunctionId,
    guest: String,
    file: PathBuf,
    document: Arc<FunctionDocument>,
}

impl GuestFunction {
    pub(super) fn new(
        lambda: Lambda,
        id: FunctionId,
        guest: String,
        file: &Path,
        document: FunctionDocument,
    ) -> Self {
        Self { lambda, id, guest, file: file.to_owned(), document: Arc::new(document) }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.id.name
    }

    /// The guest's name, as the seed has it. The fake has not looked for it.
    pub fn guest(&self) -> &str {
        &self.guest
    }

    /// The file that says so, for messages.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Sets the timeout in seconds that the function has if its document says none.
    #[must_use]
    pub fn default_timeout(mut self, seconds: u32) -> Self {
        Arc::make_mut(&mut self.document).timeout.get_or_insert(seconds);
        self
    }

    /// Sets the memory in MB that the function has if its document says none.
    #[must_use]
    pub fn default_memory_size(mut self, megabytes: u32) -> Self {
        Arc::make_mut(&mut self.document).memory_size.get_or_insert(megabytes);
        self
    }

    /// Gives the function its code, and so all of its versions. Whatever has its name by now is replaced.
    ///
    /// The handler lives as long as the function. One that reaches this fake, as a guest of a host does, keeps it alive:
    /// [`Lambda::remove`] and [`FakeAws::reset`](crate::FakeAws::reset) let go of both.
    ///
    /// # Errors
    ///
    /// None as a rule: the document has been seeded before.
    pub fn resolve(self, handler: impl Handler) -> Result<LambdaFunction, LambdaDirectError> {
        self.lambda.function_from(self.id, &self.document, Arc::new(handler))
    }
}

impl fmt::Debug for GuestFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuestFunction")
            .field("name", &self.id.name)
            .field("guest", &self.guest)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// The code of a function as long as nobody has given it its own.
pub(super) struct NoCode(String);

impl NoCode {
    pub(super) fn new(file: &Path, guest: &str) -> Self {
        Self(format!(
            "`{}` says that the function is the guest `{guest}`, and nothing here runs guests",
            file.display()
        ))
    }
}

#[async_trait]
impl Handler for NoCode {
    async fn handle(&self, _event: FunctionEvent) -> Result<FunctionResponse, FunctionError> {
        Err(FunctionError::new("NoCode", self.0.clone()))
    }
}

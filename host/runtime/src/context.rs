//! What a store has to hold so that its guest can call AWS, and how a linker learns of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use innkeeper_aws::{Class, ClientFactory, Scope};
use innkeeper_policy::Policy;
use wasmtime::component::{HasData, Linker, ResourceTable};

use crate::audit::AuditSink;
use crate::bindings;
use crate::gate::Gate;
use crate::limits::Limits;

/// The AWS side of one store: a guest's policy, its scope, and what it calls things.
///
/// Cheap to clone: the clones share one gate. Use one per store.
#[derive(Clone)]
pub struct AwsCtx {
    gate: Arc<Gate>,
    names: Arc<BTreeMap<String, String>>,
    call_bytes: u64,
}

impl AwsCtx {
    /// Begins one for the guest of a policy, with clients of `factory` for `scope`.
    pub fn builder(factory: ClientFactory, scope: Scope, policy: Policy) -> AwsCtxBuilder {
        AwsCtxBuilder::new(factory, scope, policy)
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// What the manifest says that `name` stands for, or the name itself.
    pub(crate) fn resolve<'a>(&'a self, name: &'a str) -> &'a str {
        self.names.get(name).map_or(name, String::as_str)
    }

    /// How many bytes one call may return.
    pub(crate) fn call_bytes(&self) -> u64 {
        self.call_bytes
    }
}

/// Builds an [`AwsCtx`].
pub struct AwsCtxBuilder {
    factory: ClientFactory,
    scope: Scope,
    policy: Policy,
    classes: BTreeMap<String, Class>,
    names: BTreeMap<String, String>,
    audit: Arc<dyn AuditSink>,
    call_bytes: u64,
}

impl AwsCtxBuilder {
    /// The defaults: each operation in the configuration class that [`Class::of`] says, no names, no audit trail but the log, and the
    /// `host_call_bytes` of [`Limits::default`].
    pub fn new(factory: ClientFactory, scope: Scope, policy: Policy) -> Self {
        Self {
            factory,
            scope,
            policy,
            classes: BTreeMap::new(),
            names: BTreeMap::new(),
            audit: Arc::new(()),
            call_bytes: Limits::default().host_call_bytes,
        }
    }

    /// The configuration class of operations, by their names in AWS's API, where it is not to be the one that [`Class::of`] says.
    #[must_use]
    pub fn classes(mut self, classes: impl IntoIterator<Item = (String, Class)>) -> Self {
        self.classes = classes.into_iter().collect();
        self
    }

    /// What the guest calls things: from its names to AWS's names or ARNs.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = (String, String)>) -> Self {
        self.names = names.into_iter().collect();
        self
    }

    /// Where decisions and calls are written down.
    #[must_use]
    pub fn audit(mut self, sink: Arc<dyn AuditSink>) -> Self {
        self.audit = sink;
        self
    }

    /// How many bytes one call may return to the guest. What it may take is the store's
    /// [`set_hostcall_fuel`](wasmtime::Store::set_hostcall_fuel).
    #[must_use]
    pub fn call_bytes(mut self, bytes: u64) -> Self {
        self.call_bytes = bytes;
        self
    }

    /// The context. Nothing is loaded and nothing is connected before the guest's first call.
    pub fn build(self) -> AwsCtx {
        AwsCtx {
            gate: Arc::new(Gate::new(self.factory, self.scope, self.policy, self.classes, self.audit)),
            names: Arc::new(self.names),
            call_bytes: self.call_bytes,
        }
    }
}

/// A store's data from which a guest's calls of AWS are served.
pub trait AwsView: Send {
    /// The context and the table of the store's handles. Called at each host call; must not block.
    fn aws(&mut self) -> AwsCtxView<'_>;
}

/// What [`AwsView`] borrows of a store.
pub struct AwsCtxView<'a> {
    /// The AWS side of the store.
    pub ctx: &'a mut AwsCtx,
    /// The store's handles. Bound their number with [`ResourceTable::set_max_capacity`].
    pub table: &'a mut ResourceTable,
}

/// For wasmtime's generated code: the shape of what a store lends.
struct HasAws;

impl HasData for HasAws {
    type Data<'a> = AwsCtxView<'a>;
}

impl bindings::common_types::Host for AwsCtxView<'_> {}

/// Adds `innkeeper:aws` to a linker of one's own. Add `wasi:io` too, from `wasmtime-wasi`: bodies are its streams.
///
/// # Errors
///
/// Where the linker has one of the interfaces already.
pub fn add_to_linker<T: AwsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    bindings::common_types::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::s3_types::add_to_linker::<T, HasAws>(linker, T::aws)?;
    bindings::s3::add_to_linker::<T, HasAws>(linker, T::aws)
}

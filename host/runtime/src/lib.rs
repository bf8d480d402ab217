//! Runs WebAssembly components that work with AWS and never see a key.
//!
//! A *guest* is a component that imports `innkeeper:aws`. The host carries out what the guest asks for with the host's own
//! credentials, after the guest's policy has allowed it, within the guest's limits, and writes down what was done.
//!
//! # From a manifest to a running guest
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = innkeeper::Host::from_manifest("innkeeper.toml")?;
//! let guest = host.guest("thumbnailer").await?;
//! let reply = guest.run(br#"{"bucket": "uploads", "prefix": "incoming/"}"#).await?;
//! println!("{}", String::from_utf8_lossy(&reply.output));
//! # Ok(())
//! # }
//! ```
//!
//! A guest is called as often as one likes, also at the same time: each call has a store of its own. [`Host::builder`] takes
//! a factory, an engine with a cache of compiled code, an audit trail, and settings in place of the manifest's.
//!
//! # In a wasmtime store of one's own
//!
//! Those who have a linker and a store already add `innkeeper:aws` to them: a context in the store's data, a view of it, and
//! [`add_to_linker`].
//!
//! ```
//! use innkeeper::policy::Policy;
//! use innkeeper::aws::{ClientFactory, Scope};
//! use innkeeper::{AwsCtx, AwsCtxView, AwsView};
//! use wasmtime::component::{Linker, ResourceTable};
//! use wasmtime::{Engine, Store};
//! use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
//!
//! struct MyState {
//!     table: ResourceTable,
//!     wasi: WasiCtx,
//!     aws: AwsCtx,
//! }
//!
//! impl WasiView for MyState {
//!     fn ctx(&mut self) -> WasiCtxView<'_> {
//!         WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
//!     }
//! }
//!
//! impl AwsView for MyState {
//!     fn aws(&mut self) -> AwsCtxView<'_> {
//!         AwsCtxView { ctx: &mut self.aws, table: &mut self.table }
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::default();
//! let mut linker = Linker::<MyState>::new(&engine);
//! wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
//! innkeeper::add_to_linker(&mut linker)?;
//!
//! let factory = ClientFactory::builder().build()?;
//! let scope = Scope::builder().guest("my-guest").build()?;
//! // Without a statement everything is denied.
//! let policy = Policy::builder("my-guest").build()?;
//! let state = MyState {
//!     table: ResourceTable::new(),
//!     wasi: WasiCtx::builder().build(),
//!     aws: AwsCtx::builder(factory, scope, policy).build(),
//! };
//! let mut store = Store::new(&engine, state);
//! // ... instantiate a component in `store` with `linker`, and call it ...
//! # let _ = &mut store;
//! # Ok(())
//! # }
//! ```
//!
//! # How a call goes
//!
//! `s3` takes the guest's call; the *gate* asks the policy about each IAM request that the operation needs, and is the only
//! one that can hand out a client; the client comes from the factory's cache; the SDK sends; its error becomes a case of the
//! WIT variant in one place; a body streams to the guest and is never whole in the host.

pub mod audit;
mod bindings;
mod cache;
mod component;
mod context;
mod cpu_time;
mod engine;
mod error;
pub mod exchange;
mod failure;
mod gate;
mod guest;
mod host;
pub mod inspect;
mod lambda;
mod limits;
pub mod manifest;
mod output;
pub mod quota;
mod s3;
mod sdk_error;
mod sqs;
mod state;
mod trigger;
mod wasi;

pub use innkeeper_aws as aws;
pub use innkeeper_policy as policy;

pub use self::cache::CompiledCache;
pub use self::component::{ComponentBytes, ComponentError, MAX_COMPONENT_BYTES, Problem};
pub use self::context::{AwsCtx, AwsCtxBuilder, AwsCtxView, AwsView, add_to_linker};
pub use self::engine::Engine;
pub use self::error::{CallError, Error, GuestBacktrace, Limit};
pub use self::guest::{Called, Guest, Reply};
pub use self::host::{Host, HostBuilder};
pub use self::limits::Limits;
pub use self::manifest::{Manifest, ManifestError};
pub use self::trigger::{CONDITION_KEYS, Trigger};
pub use self::wasi::WasiError;
pub use self::wasi::http::{
    AddressRange, AddressRangeError, HostPattern, HostPatternError, HttpGrant, MethodPattern,
    MethodPatternError, Resolver,
};

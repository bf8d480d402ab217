//! What a guest calls of `innkeeper:aws`, and what it is answered, function by function: for recordings.
//!
//! The audit trail says what was asked of AWS. This says what the *guest* asked: which function of the WIT package, with which arguments,
//! and what came of it, as JSON in WIT's own words. It is off unless a host has an [`ExchangeSink`], and then the functions that guests
//! are linked to are the same ones with a note before and after; without one, nothing of this is in the way.
//!
//! # What is written
//!
//! Records are objects whose keys are WIT's names, variants strings (`"no-such-key"`) or objects of one key (`{"other": "..."}`), an
//! option that is not there `null`. A handle is a word for it, `bucket uploads` or `message 3`, which is the same throughout one call of
//! the guest.
//!
//! Bytes and bodies are never written: `{"bytes": 5, "sha256": "2cf2..."}` stands for them. Neither is what gives somebody access: a
//! receipt handle stays in the host and is no part of the WIT package; of a presigned URL there is what comes before its query, and not
//! when it expires; and of a place in a listing (`continuation-token`) only that there was one.

mod lambda;
mod s3;
mod sqs;
mod stream;
mod value;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::DynOutputStream;

use self::stream::{Digest, TeeOutput};
pub use self::value::BodyDigest;
use crate::bindings;
use crate::context::{AwsCtxView, AwsView};

/// A function of `innkeeper:aws` that a guest has called.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Numbers the exchanges of a guest on a host.
    pub id: u64,
    /// The guest's name.
    pub guest: Arc<str>,
    /// The function, in WIT's words and with its interface: `s3.bucket.get-object`.
    pub function: String,
    /// The handle that it was called on, as a word; `None` for a function that is no method.
    pub on: Option<String>,
    /// Its arguments, by their names in WIT.
    pub arguments: Map<String, Value>,
}

/// Where exchanges go.
///
/// Called within a guest's call, in the order in which things happen. It must not block and must not panic. A guest that is ended while
/// it waits for an answer has an exchange that is not answered.
pub trait ExchangeSink: Send + Sync {
    /// The guest has called a function. What is asked of AWS for it comes after this.
    fn called(&self, exchange: &Exchange);
    /// It was answered, with `{"ok": ...}` or `{"err": ...}`.
    fn answered(&self, guest: &str, id: u64, answer: &Value);
    /// The body that the answer gave, or the one that the guest was to write (`upload.body`), has come to its end, or was dropped before
    /// it (`whole` is then false; of one that is written nobody knows but the guest).
    fn streamed(&self, guest: &str, id: u64, body: &BodyDigest, whole: bool);
}

/// What one call of a guest needs to tell its exchanges.
#[derive(Clone)]
pub(crate) struct Recorder {
    guest: Arc<str>,
    sink: Arc<dyn ExchangeSink>,
    next: Arc<AtomicU64>,
    labels: Arc<Mutex<Labels>>,
}

/// The words for handles, by their place in the table of the store.
#[derive(Debug, Default)]
struct Labels {
    words: BTreeMap<u32, String>,
    /// How many there have been of a kind that has no names.
    numbers: BTreeMap<&'static str, usize>,
    /// What the exchange under way calls the thing that it is about.
    name: Option<String>,
}

impl Recorder {
    pub(crate) fn new(guest: Arc<str>, sink: Arc<dyn ExchangeSink>) -> Self {
        Self { guest, sink, next: Arc::default(), labels: Arc::default() }
    }

    /// The one for another call of the guest, which has handles of its own.
    pub(crate) fn for_call(&self) -> Self {
        Self { labels: Arc::default(), ..self.clone() }
    }

    fn labels(&self) -> MutexGuard<'_, Labels> {
        self.labels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Labels {
    /// The word for a handle: the one that it has, or a new one.
    fn of(&mut self, handle: u32, kind: &'static str) -> String {
        if let Some(word) = self.words.get(&handle) {
            return word.clone();
        }
        let word = if let Some(name) = self.name.as_ref().filter(|_| is_named(kind)) {
            format!("{kind} {name}")
        } else {
            let number = self.numbers.entry(kind).or_default();
            *number += 1;
            format!("{kind} {number}")
        };
        self.words.insert(handle, word.clone());
        word
    }
}

/// Whether what a handle of this kind is of has a name that the guest gave.
fn is_named(kind: &str) -> bool {
    matches!(kind, "bucket" | "queue" | "function" | "upload")
}

/// The functions of a view, with a note before and after each.
struct Recorded<'a> {
    view: AwsCtxView<'a>,
}

/// An exchange under way.
struct Open(Option<u64>);

/// A value of the WIT package, as it is written.
trait Written {
    fn write(&self, labels: &mut Labels) -> Value;

    /// Looks on at the body that an answer gives.
    fn tee(&mut self, _: &mut ResourceTable, _: impl FnOnce() -> Digest) {}
}

/// An error of the WIT package; `None`: a trap, which is no answer.
trait Refused {
    fn error(&self) -> Option<Value>;
}

impl Recorded<'_> {
    /// The guest calls a function, on a handle of a kind.
    fn begin(
        &self,
        function: &str,
        on: Option<(u32, &'static str)>,
        write: impl FnOnce(&mut Map<String, Value>, &mut Labels),
    ) -> Open {
        let Some(recorder) = self.view.ctx.recorder() else { return Open(None) };
        let exchange = {
            let mut labels = recorder.labels();
            let mut arguments = Map::new();
            write(&mut arguments, &mut labels);
            let name = ["name", "key"].into_iter().find_map(|key| arguments.get(key)?.as_str());
            labels.name = name.map(str::to_owned);
            Exchange {
                id: recorder.next.fetch_add(1, Ordering::Relaxed),
                guest: Arc::clone(&recorder.guest),
                function: function.replace('_', "-"),
                on: on.map(|(handle, kind)| labels.of(handle, kind)),
                arguments,
            }
        };
        recorder.sink.called(&exchange);
        Open(Some(exchange.id))
    }

    /// It is answered.
    fn end<T: Written, F: Refused>(&mut self, open: &Open, answered: &mut Result<T, F>) {
        let (Some(recorder), Some(id)) = (self.view.ctx.recorder().cloned(), open.0) else { return };
        let answer = match answered {
            Ok(value) => Some(("ok", value.write(&mut recorder.labels()))),
            Err(failure) => failure.error().map(|error| ("err", error)),
        };
        if let Some((key, value)) = answer {
            let answer = Map::from_iter([(key.to_owned(), value)]);
            recorder.sink.answered(&recorder.guest, id, &Value::Object(answer));
        }
        if let Ok(value) = answered {
            let (sink, guest) = (Arc::clone(&recorder.sink), Arc::clone(&recorder.guest));
            let told = move |body: &BodyDigest, whole: bool| sink.streamed(&guest, id, body, whole);
            value.tee(self.view.table, || Digest::new(told));
        }
    }

    /// A handle is gone, and its place may be another's.
    fn forget(&self, handle: u32) {
        if let Some(recorder) = self.view.ctx.recorder() {
            recorder.labels().words.remove(&handle);
        }
    }
}

/// Writes the arguments of a function down.
fn argument(arguments: &mut Map<String, Value>, labels: &mut Labels, name: &str, value: &impl Written) {
    let name = name.replace('_', "-");
    let value = value::concealed(&name, value.write(labels));
    arguments.insert(name, value);
}

/// A function of an interface, recorded: carried out by the view, as it would be without.
macro_rules! exchange {
    (function $interface:ident::$host:ident, $prefix:literal, $name:ident($($argument:ident: $ty:ty),*) -> $out:ty) => {
        async fn $name(&mut self, $($argument: $ty),*) -> Result<$out, Failure> {
            let open = self.begin(concat!($prefix, stringify!($name)), None, |_arguments, _labels| {
                $(argument(_arguments, _labels, stringify!($argument), &$argument);)*
            });
            let mut answered = $interface::$host::$name(&mut self.view, $($argument),*).await;
            self.end(&open, &mut answered);
            answered
        }
    };
    (method $interface:ident::$host:ident, $prefix:literal, $kind:literal $this:ty, $name:ident($($argument:ident: $ty:ty),*) -> $out:ty) => {
        async fn $name(&mut self, this: Resource<$this>, $($argument: $ty),*) -> Result<$out, Failure> {
            let on = Some((this.rep(), $kind));
            let open = self.begin(concat!($prefix, $kind, ".", stringify!($name)), on, |_arguments, _labels| {
                $(argument(_arguments, _labels, stringify!($argument), &$argument);)*
            });
            let mut answered = $interface::$host::$name(&mut self.view, this, $($argument),*).await;
            self.end(&open, &mut answered);
            answered
        }
    };
}
use exchange;

/// The end of a handle.
macro_rules! dropped {
    ($interface:ident::$host:ident, $this:ty) => {
        async fn drop(&mut self, this: Resource<$this>) -> wasmtime::Result<()> {
            self.forget(this.rep());
            $interface::$host::drop(&mut self.view, this).await
        }
    };
}
use dropped;

/// Values without handles, which write themselves.
macro_rules! written {
    ($($ty:ty),* $(,)?) => {
        $(impl Written for $ty {
            fn write(&self, _: &mut Labels) -> Value {
                value::of(self)
            }
        })*
    };
}
use written;

written! {
    (), u32, u64, String, Option<u32>, Option<u64>, Option<String>, Vec<String>, Option<Vec<String>>,
    Vec<(String, String)>,
}

/// Handles of a kind, as arguments and as answers.
macro_rules! handles {
    ($($kind:literal $ty:ty),* $(,)?) => {
        $(
            impl Written for Resource<$ty> {
                fn write(&self, labels: &mut Labels) -> Value {
                    labels.of(self.rep(), $kind).into()
                }
            }
        )*
    };
}
use handles;

impl<T: 'static> Written for Vec<Resource<T>>
where
    Resource<T>: Written,
{
    fn write(&self, labels: &mut Labels) -> Value {
        self.iter().map(|handle| handle.write(labels)).collect()
    }
}

impl<T: 'static> Written for Option<Resource<T>>
where
    Resource<T>: Written,
{
    fn write(&self, labels: &mut Labels) -> Value {
        self.as_ref().map_or(Value::Null, |handle| handle.write(labels))
    }
}

impl<T: 'static> Written for Vec<(Resource<T>, u32)>
where
    Resource<T>: Written,
{
    fn write(&self, labels: &mut Labels) -> Value {
        self.iter()
            .map(|(handle, number)| Value::from(vec![handle.write(labels), (*number).into()]))
            .collect()
    }
}

impl Written for Vec<u8> {
    fn write(&self, _: &mut Labels) -> Value {
        BodyDigest::of(self).to_value()
    }
}

impl Written for Resource<DynOutputStream> {
    fn write(&self, _: &mut Labels) -> Value {
        "stream".into()
    }

    fn tee(&mut self, table: &mut ResourceTable, digest: impl FnOnce() -> Digest) {
        TeeOutput::put_before(table, self, digest());
    }
}

macro_rules! refused {
    ($($service:ident),*) => {
        $(impl Refused for crate::$service::Failure {
            fn error(&self) -> Option<Value> {
                match self {
                    Self::Error(error) => Some(value::of(error)),
                    Self::Trap(_) => None,
                }
            }
        })*
    };
}
refused!(s3, sqs, lambda);

struct HasRecorded;

impl HasData for HasRecorded {
    type Data<'a> = Recorded<'a>;
}

impl bindings::common_types::Host for Recorded<'_> {}

/// As [`add_to_linker`](crate::add_to_linker), with exchanges told to the context's sink.
pub(crate) fn add_to_linker<T: AwsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    fn recorded<T: AwsView>(state: &mut T) -> Recorded<'_> {
        Recorded { view: state.aws() }
    }
    bindings::common_types::add_to_linker::<T, HasRecorded>(linker, recorded)?;
    bindings::s3_types::add_to_linker::<T, HasRecorded>(linker, recorded)?;
    bindings::s3::add_to_linker::<T, HasRecorded>(linker, recorded)?;
    bindings::sqs_types::add_to_linker::<T, HasRecorded>(linker, recorded)?;
    bindings::sqs::add_to_linker::<T, HasRecorded>(linker, recorded)?;
    bindings::lambda_types::add_to_linker::<T, HasRecorded>(linker, recorded)?;
    bindings::lambda::add_to_linker::<T, HasRecorded>(linker, recorded)
}

//! What a component imports and exports, found without compiling or running it.

use serde::Serialize;
use wit_component::DecodedWasm;
use wit_parser::{Function, Resolve, Type, TypeDefKind, WorldItem, WorldKey};

use crate::component::{ComponentBytes, ComponentError, Problem};

/// The WASI 0.2 packages that the host provides. What is behind them is what the guest's manifest grants.
const WASI_PACKAGES: &[&str] =
    &["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];

/// The interfaces of `wasi:http` that the host provides: a guest sends requests and takes none.
const HTTP_INTERFACES: &[&str] = &["outgoing-handler", "types"];

/// The interfaces of `innkeeper:aws` that this host implements.
const AWS_INTERFACES: &[&str] =
    &["common-types", "lambda", "lambda-types", "s3", "s3-types", "sqs", "sqs-types"];

/// What is known of a component from its types alone.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Inspection {
    /// The size of the file in bytes.
    pub size: u64,
    /// Whether the file is a core module, of which a component is made when it is loaded.
    pub from_module: bool,
    /// What it imports.
    pub imports: Vec<Item>,
    /// What it exports.
    pub exports: Vec<Item>,
    /// How it is run; `None` for a component that exports nothing that can be.
    pub entry: Option<Entry>,
}

/// What of a component is called when it is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// `run` of the world `innkeeper:aws/plugin`, with the input as its argument.
    Plugin,
    /// `run` of `wasi:cli/run`, with the input on standard input.
    Command,
}

/// An interface, or a function at the root of the world.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Item {
    /// The name, such as `innkeeper:aws/s3@0.2.0` or `run`.
    pub name: String,
    /// The functions, in WIT's words: `bucket.get-object`. Those of the interface that the component has types for; a toolchain
    /// leaves out what is not used.
    pub functions: Vec<String>,
    /// Who provides it.
    pub provider: Provider,
}

/// Who provides what a component imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Innkeeper, by calling AWS within the guest's policy.
    Aws,
    /// Innkeeper, as WASI, with what the guest's manifest grants behind it.
    Wasi,
    /// Innkeeper: the `config` of the guest's manifest.
    Config,
    /// Nobody. A component that imports it is refused.
    Nobody,
}

impl Inspection {
    /// Looks at a component.
    ///
    /// # Errors
    ///
    /// [`ComponentError`] for a component whose types cannot be read.
    pub fn of(component: &ComponentBytes) -> Result<Self, Box<ComponentError>> {
        let decoded = wit_component::decode(&component.bytes)
            .map_err(|error| Problem::Types(error.into()).at(&component.path))?;
        let DecodedWasm::Component(resolve, world) = decoded else {
            return Err(Problem::NoEntry(Vec::new()).at(&component.path));
        };
        let items = |items: &indexmap::IndexMap<WorldKey, WorldItem>| {
            items.iter().filter_map(|(key, item)| Item::of(&resolve, key, item)).collect()
        };
        let Some(world) = resolve.worlds.get(world) else {
            return Err(Problem::NoEntry(Vec::new()).at(&component.path));
        };
        Ok(Self {
            size: component.file_size,
            from_module: component.from_module,
            imports: items(&world.imports),
            exports: items(&world.exports),
            entry: Entry::of(&resolve, &world.exports),
        })
    }

    /// The names of the imports that nobody provides.
    pub fn unknown_imports(&self) -> Vec<String> {
        let unknown = self.imports.iter().filter(|import| import.provider == Provider::Nobody);
        unknown.map(|import| import.name.clone()).collect()
    }
}

impl Inspection {
    /// The import through which requests are sent, if there is one.
    pub(crate) fn outgoing_http(&self) -> Option<&str> {
        self.imports_of("wasi:http/outgoing-handler").next()
    }

    /// The names of the imports of an interface, whatever their version.
    pub(crate) fn imports_of<'a>(&'a self, interface: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.imports.iter().map(|import| import.name.as_str());
        names.filter(move |name| name.split_once('@').map_or(*name, |(name, _)| name) == interface)
    }
}

impl Entry {
    fn of(resolve: &Resolve, exports: &indexmap::IndexMap<WorldKey, WorldItem>) -> Option<Self> {
        let is_plugin = |(key, item): (&WorldKey, &WorldItem)| match (key, item) {
            (WorldKey::Name(name), WorldItem::Function(function)) => {
                name == "run" && is_plugin_run(resolve, function)
            }
            _ => false,
        };
        if exports.iter().any(is_plugin) {
            return Some(Self::Plugin);
        }
        let is_command = |key: &WorldKey| resolve.name_world_key(key).starts_with("wasi:cli/run@0.2.");
        exports.keys().any(is_command).then_some(Self::Command)
    }
}

/// Whether a function is a `func(input: list<u8>) -> result<list<u8>, string>`.
fn is_plugin_run(resolve: &Resolve, function: &Function) -> bool {
    let kind = |ty: &Type| {
        let mut ty = *ty;
        loop {
            let Type::Id(id) = ty else { return None };
            match &resolve.types.get(id)?.kind {
                TypeDefKind::Type(alias) => ty = *alias,
                kind => return Some(kind),
            }
        }
    };
    let is_bytes = |ty: &Type| matches!(kind(ty), Some(TypeDefKind::List(Type::U8)));
    let Some(TypeDefKind::Result(result)) = function.result.as_ref().and_then(kind) else { return false };
    matches!(function.params.as_slice(), [input] if is_bytes(&input.ty))
        && result.ok.as_ref().is_some_and(is_bytes)
        && result.err == Some(Type::String)
}

impl Item {
    fn of(resolve: &Resolve, key: &WorldKey, item: &WorldItem) -> Option<Self> {
        let name = resolve.name_world_key(key);
        let functions = match item {
            WorldItem::Interface { id, .. } => {
                let interface = resolve.interfaces.get(*id)?;
                interface.functions.keys().map(|name| readable(name)).collect()
            }
            WorldItem::Function(_) => Vec::new(),
            WorldItem::Type { .. } => return None,
        };
        let provider = provider(&name);
        Some(Self { name, functions, provider })
    }
}

/// From the component model's `[method]bucket.get-object` to `bucket.get-object`.
pub(crate) fn readable(function: &str) -> String {
    function.rsplit_once(']').map_or(function, |(_, name)| name).to_owned()
}

/// Who provides an import of this name.
fn provider(import: &str) -> Provider {
    let (interface, version) = import.split_once('@').unwrap_or((import, ""));
    let (package, name) = interface.split_once('/').unwrap_or((interface, ""));
    match package {
        "innkeeper:aws" if AWS_INTERFACES.contains(&name) && version.starts_with("0.2.") => Provider::Aws,
        "wasi:config" if name == "store" => Provider::Config,
        "wasi:http" if HTTP_INTERFACES.contains(&name) && version.starts_with("0.2.") => Provider::Wasi,
        wasi if WASI_PACKAGES.contains(&wasi) && version.starts_with("0.2.") => Provider::Wasi,
        _ => Provider::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn component(wat: &str) -> ComponentBytes {
        ComponentBytes::from_file_bytes(Path::new("guest.wasm"), wat::parse_str(wat).unwrap()).unwrap()
    }

    #[test]
    fn names_the_imports_that_nobody_provides() {
        let component = component(
            r#"(component
                (import "wasi:io/poll@0.2.3" (instance))
                (import "acme:db/query@1.0.0" (instance (export "ask" (func))))
                (import "log" (func)))"#,
        );
        assert_eq!(Inspection::of(&component).unwrap().unknown_imports(), ["acme:db/query@1.0.0", "log"]);
    }

    #[test]
    fn a_plugin_is_known_by_the_type_of_run() {
        let with_run = |result: &str| {
            component(&format!(
                r#"(component
                    (core module $m
                        (memory (export "memory") 1)
                        (func (export "run") (param i32 i32) (result i32) unreachable)
                        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
                    (core instance $i (instantiate $m))
                    (func (export "run") (param "input" (list u8)) (result {result})
                        (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#
            ))
        };
        let entry = |result: &str| Inspection::of(&with_run(result)).unwrap().entry;
        assert_eq!(entry("(result (list u8) (error string))"), Some(Entry::Plugin));
        assert_eq!(entry("(result (list u8) (error u32))"), None);
        assert_eq!(entry("(list u8)"), None);
        assert_eq!(Inspection::of(&component("(component)")).unwrap().entry, None);
    }

    #[test]
    fn provides_each_interface_by_its_name_and_version() {
        assert_eq!(provider("innkeeper:aws/s3@0.2.0"), Provider::Aws);
        assert_eq!(provider("innkeeper:aws/s3@0.3.0"), Provider::Nobody);
        assert_eq!(provider("innkeeper:aws/dynamodb@0.2.0"), Provider::Nobody);
        assert_eq!(provider("wasi:cli/stdout@0.2.9"), Provider::Wasi);
        assert_eq!(provider("wasi:http/outgoing-handler@0.2.0"), Provider::Wasi);
        assert_eq!(provider("wasi:http/incoming-handler@0.2.0"), Provider::Nobody);
        assert_eq!(provider("wasi:http/handler@0.3.0"), Provider::Nobody);
        assert_eq!(provider("wasi:io/streams"), Provider::Nobody);
        assert_eq!(provider("wasi:config/store@0.2.0-rc.1"), Provider::Config);
    }

    #[test]
    fn lists_functions_in_wit_words() {
        assert_eq!(readable("[method]bucket.get-object"), "bucket.get-object");
        assert_eq!(readable("[static]bucket.open"), "bucket.open");
        assert_eq!(readable("stream-error"), "stream-error");
    }
}

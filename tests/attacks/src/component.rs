//! Where hostile components come from.

use std::fs;
use std::path::Path;

use innkeeper_tests::PROGRAMS;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component to be attacked with.
#[derive(Clone, Debug)]
pub enum Component {
    /// A file that was compiled from Rust.
    Program(&'static str),
    /// A program of `tests/programs`, by its name.
    Test(&'static str),
    /// The bytes of a file, whatever they are.
    Bytes(Vec<u8>),
}

impl Component {
    /// A program of `tests/programs`, by its name.
    pub const fn test(name: &'static str) -> Self {
        Self::Test(name)
    }

    /// A component in WebAssembly text.
    pub fn text(wat: &str) -> Self {
        Self::Bytes(wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}")))
    }

    /// Puts it where a manifest can name it.
    pub(crate) fn place(&self, file: &Path) {
        let placed = match self {
            Self::Program(path) => fs::copy(path, file).map(drop),
            Self::Test(name) => {
                fs::copy(Path::new(PROGRAMS).join(name).with_extension("wasm"), file).map(drop)
            }
            Self::Bytes(bytes) => fs::write(file, bytes),
        };
        placed.unwrap_or_else(|error| panic!("{self:?}: {error}"));
    }
}

/// A plugin in the text of a core module: its imports, other items, and the body of `run`.
///
/// `run` has `$input` and `$length`, and returns what `$answer` does, of the place and the length of the output. `$realloc` hands out
/// memory and takes none back. Imports are named as the canonical ABI has it; bytes 0 to 1023 are for anything.
pub fn core_guest(imports: &str, items: &str, run: &str) -> Component {
    let text = format!(
        r#"(module
            {imports}
            (memory (export "memory") 2)
            (global $top (mut i32) (i32.const 65536))
            (func $realloc (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
                (local $place i32)
                (local.set $place (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
                (global.set $top (i32.add (local.get $place) (local.get $new)))
                (block $fits
                    (br_if $fits (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
                    (drop (memory.grow (i32.add (i32.shr_u (local.get $new) (i32.const 16)) (i32.const 1)))))
                (local.get $place))
            (func $answer (param $place i32) (param $length i32) (result i32)
                (i32.store (i32.const 1024) (i32.const 0))
                (i32.store (i32.const 1028) (local.get $place))
                (i32.store (i32.const 1032) (local.get $length))
                (i32.const 1024))
            {items}
            (func (export "run") (param $input i32) (param $length i32) (result i32)
                (local $i i32)
                {run}))"#
    );
    let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut resolve = Resolve::default();
    resolve.push_dir(here.join("../../wit")).expect("the WIT of the host");
    let attacks = here.join("wit/wasi.wit");
    let package = resolve.push_file(&attacks).unwrap_or_else(|error| panic!("{error:#}"));
    let world = resolve.select_world(&[package], Some("attacker")).expect("the world of the attackers");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("the types");
    let encoded =
        ComponentEncoder::default().validate(true).module(&module).and_then(|mut encoder| encoder.encode());
    Component::Bytes(encoded.unwrap_or_else(|error| panic!("{error:#}\n{text}")))
}

//! Core modules to components.

use wit_component::ComponentEncoder;

/// The first bytes of a component: the magic number, the version and the layer.
const COMPONENT_PREAMBLE: &[u8] = b"\0asm\x0d\0\x01\0";

/// Why a core module cannot become a component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComponentError {
    /// The bytes are no WebAssembly.
    #[error("it is no WebAssembly module")]
    NotWebAssembly {
        /// What is wrong with them.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The module does not say which WIT world it is for.
    #[error(
        "it carries no WIT world, so nothing says what it imports and exports; a Rust guest gets one from \
         `innkeeper_guest::plugin!`, or from `wit_bindgen::generate!` and the `export!` that it makes"
    )]
    NoWorld,
    /// The module does not have what its world says, or imports what its world does not name.
    #[error("it does not fit its WIT world")]
    Mismatch {
        /// Where they differ.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Makes a component of a core module that carries its WIT world in a custom section, as every guest of `wit-bindgen` does. What
/// is a component already is returned as it is.
///
/// # Errors
///
/// [`ComponentError`].
///
/// ```
/// let error = innkeeper_build::component(b"\0asm\x01\0\0\0".to_vec()).unwrap_err();
/// assert!(matches!(error, innkeeper_build::ComponentError::NoWorld));
/// ```
pub fn component(module: Vec<u8>) -> Result<Vec<u8>, ComponentError> {
    if module.starts_with(COMPONENT_PREAMBLE) {
        return Ok(module);
    }
    let (without_world, _) = wit_component::metadata::decode(&module)
        .map_err(|error| ComponentError::NotWebAssembly { source: error.into() })?;
    if without_world.is_none() {
        return Err(ComponentError::NoWorld);
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| ComponentError::Mismatch { source: error.into() })
}

#[cfg(test)]
mod tests {
    use wit_component::StringEncoding;
    use wit_parser::Resolve;

    use super::*;

    /// A module with the text, and the section for the world of the WIT.
    fn module(text: &str, wit: &str) -> Vec<u8> {
        let mut module = wat::parse_str(text).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("test.wit", wit).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        module
    }

    const WIT: &str = "package a:b; world w { import answer: func() -> u32; export ask: func() -> u32; }";
    const TEXT: &str =
        r#"(module (import "$root" "answer" (func $answer (result i32))) (export "ask" (func $answer)))"#;

    #[test]
    fn a_module_with_a_world_becomes_a_component_once() {
        let made = component(module(TEXT, WIT)).unwrap();
        wasmparser::Validator::new().validate_all(&made).unwrap();
        assert_eq!(component(made.clone()).unwrap(), made);
    }

    #[test]
    fn errors_when_there_is_no_world() {
        let error = component(wat::parse_str(TEXT).unwrap()).unwrap_err();
        assert!(matches!(error, ComponentError::NoWorld));
    }

    #[test]
    fn errors_when_the_world_names_an_export_that_is_not_there() {
        let error = component(module("(module)", WIT)).unwrap_err();
        assert!(matches!(error, ComponentError::Mismatch { .. }));
    }

    #[test]
    fn errors_when_the_module_imports_what_its_world_does_not_name() {
        let text = r#"(module (import "env" "secret" (func $f (result i32))) (export "ask" (func $f)))"#;
        let error = component(module(text, WIT)).unwrap_err();
        assert!(matches!(error, ComponentError::Mismatch { .. }));
    }

    #[test]
    fn errors_when_it_is_no_webassembly_or_cut_short() {
        let whole = module(TEXT, WIT);
        for bytes in [&b""[..], b"not wasm", &whole[..6], &whole[..whole.len() - 5]] {
            assert!(
                matches!(component(bytes.to_vec()), Err(ComponentError::NotWebAssembly { .. })),
                "{bytes:?}"
            );
        }
    }
}

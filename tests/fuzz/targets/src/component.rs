//! Files that are taken for components.

use std::path::Path;

use innkeeper::ComponentBytes;
use innkeeper::inspect::Inspection;

/// Takes the bytes of a file for a component, and looks at its types. It is not compiled: the compiler has fuzz targets of its own.
pub fn component(bytes: &[u8]) {
    match ComponentBytes::from_file_bytes(Path::new("guest.wasm"), bytes.to_vec()) {
        Ok(component) => match Inspection::of(&component) {
            Ok(inspection) => assert_eq!(inspection.size, bytes.len() as u64),
            Err(error) => assert!(!error.to_string().is_empty()),
        },
        Err(error) => assert!(error.to_string().starts_with("`guest.wasm`: ")),
    }
}

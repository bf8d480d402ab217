//! The WIT package: it parses, it is a component type that the component tools take, and every item of it is documented.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use wit_parser::{PackageId, Resolve, TypeDefKind};

fn package() -> (Resolve, PackageId) {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit")).unwrap();
    (resolve, package)
}

#[test]
fn every_item_is_documented() {
    let (resolve, package) = package();
    let package = &resolve.packages[package];
    let mut bare = Vec::new();
    let mut check = |name: String, docs: &wit_parser::Docs| {
        if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
            bare.push(name);
        }
    };
    for (name, id) in &package.worlds {
        check(format!("world {name}"), &resolve.worlds[*id].docs);
    }
    for (name, id) in &package.interfaces {
        let interface = &resolve.interfaces[*id];
        check(format!("interface {name}"), &interface.docs);
        for (function, item) in &interface.functions {
            check(format!("{name}.{function}"), &item.docs);
        }
        for (ty, id) in &interface.types {
            let definition = &resolve.types[*id];
            // A `use` of another interface's type has its documentation there.
            let used = matches!(&definition.kind, TypeDefKind::Type(wit_parser::Type::Id(_)));
            if !used {
                check(format!("{name}.{ty}"), &definition.docs);
            }
            let parts: Vec<(&String, &wit_parser::Docs)> = match &definition.kind {
                TypeDefKind::Record(record) => {
                    record.fields.iter().map(|field| (&field.name, &field.docs)).collect()
                }
                TypeDefKind::Variant(variant) => {
                    variant.cases.iter().map(|case| (&case.name, &case.docs)).collect()
                }
                TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| (&case.name, &case.docs)).collect(),
                TypeDefKind::Flags(flags) => {
                    flags.flags.iter().map(|flag| (&flag.name, &flag.docs)).collect()
                }
                _ => Vec::new(),
            };
            for (part, docs) in parts {
                check(format!("{name}.{ty}.{part}"), docs);
            }
        }
    }
    assert!(bare.is_empty(), "without documentation: {bare:#?}");
}

#[test]
fn the_package_survives_the_component_tools() {
    let (resolve, package) = package();
    let binary = wit_component::encode(&resolve, package).unwrap();
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&binary).unwrap();
    let decoded = wit_component::decode(&binary).unwrap();
    let again = &decoded.resolve().packages[decoded.package()];
    assert_eq!(again.name.to_string(), "innkeeper:aws@0.2.0");
    assert_eq!(again.interfaces.len(), resolve.packages[package].interfaces.len());
}

#[test]
fn types_are_apart_from_functions() {
    let (resolve, package) = package();
    for (name, id) in &resolve.packages[package].interfaces {
        let functions = resolve.interfaces[*id].functions.len();
        assert_eq!(name.ends_with("-types"), functions == 0, "{name} has {functions} functions");
    }
}

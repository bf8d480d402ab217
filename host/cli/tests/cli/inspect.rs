use serde_json::json;

use crate::guests;
use crate::support::Project;

fn project() -> Project {
    Project::new("").with("keeper.wasm", guests::keeper())
}

#[test]
fn shows_what_a_guest_could_use_and_how_it_is_run() {
    let run = project().innkeeper(&["inspect", "keeper.wasm"]).exits(0);
    let stdout = String::from_utf8_lossy(&run.stdout);
    for text in [
        "keeper.wasm: component, ",
        "Imports of AWS, within the guest's policy\n",
        "  innkeeper:aws/s3@0.2.0\n",
        "    bucket.put-object\n",
        "Exports\n  run\n",
        "can be run here as a plugin, by its function `run`\n",
    ] {
        assert!(stdout.contains(text), "`{text}` is not in\n{run}");
    }
}

#[test]
fn the_document_says_the_same() {
    let document = project().innkeeper(&["inspect", "--json", "keeper.wasm"]).exits(0).json();
    assert_eq!(document["entry"], json!("plugin"));
    assert_eq!(document["runnable"], json!(true));
    assert_eq!(document["exports"], json!([{"name": "run", "functions": []}]));
    let imports = document["imports"].as_array().unwrap();
    let s3 = imports.iter().find(|import| import["name"] == "innkeeper:aws/s3@0.2.0").unwrap();
    assert_eq!(s3["provider"], json!("aws"));
    assert!(s3["functions"].as_array().unwrap().contains(&json!("bucket.delete-object")), "{s3}");
}

#[test]
fn a_command_is_known_by_its_export() {
    let run =
        project().with("command.wasm", guests::command(0)).innkeeper(&["inspect", "command.wasm"]).exits(0);
    let stdout = String::from_utf8_lossy(&run.stdout);
    assert!(stdout.contains("Imports nothing\n\nExports\n  wasi:cli/run@0.2.3\n    run\n"), "{run}");
    assert!(stdout.contains("can be run here as a command, by `wasi:cli/run`\n"), "{run}");
}

#[test]
fn errors_when_the_file_is_no_component() {
    let project = project();
    project
        .innkeeper(&["inspect", "innkeeper.toml"])
        .exits(4)
        .says(&["`innkeeper.toml`: the file is no WebAssembly"])
        .prints("");
    project.innkeeper(&["inspect", "none.wasm"]).exits(4).says(&["there is no component `none.wasm`"]);
}

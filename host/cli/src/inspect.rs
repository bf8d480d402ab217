//! `innkeeper inspect`: what a component imports and exports.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use innkeeper::inspect::{Entry, Inspection, Item, Provider};
use innkeeper::{ComponentBytes, ComponentError, MAX_COMPONENT_BYTES, Problem};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::style::{ADDED, FAINT, REMOVED, TITLE, styled};
use crate::text::{size, visible};

const EXAMPLES: &str = "\
Examples:
    innkeeper inspect thumbnailer.wasm
    innkeeper inspect --json thumbnailer.wasm

The document of --json:
  file         the file
  size         its length in bytes
  from-module  whether it is a core module, of which a component is made
  entry        \"plugin\", \"command\", or null if it exports nothing that can be run
  runnable     whether it can be run here: it has an entry, and all it imports is provided
  imports      [{name, functions, provider}]; provider is \"aws\", \"wasi\", \"config\" or
               \"nobody\"
  exports      [{name, functions}]

The exit code is 0 for every component, whether or not it can be run here.";

/// The arguments.
#[derive(Debug, clap::Args)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{}", Exit::help()))]
pub(crate) struct Args {
    /// The component, or the core module that carries its WIT
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Document<'a> {
    file: String,
    size: u64,
    from_module: bool,
    entry: Option<Entry>,
    runnable: bool,
    imports: &'a [Item],
    exports: Vec<Export<'a>>,
}

#[derive(Serialize)]
struct Export<'a> {
    name: &'a str,
    functions: &'a [String],
}

impl Args {
    pub(crate) fn run(self) -> Exit {
        let shown = inspect(&self.file).and_then(|inspection| {
            if !self.json {
                return output::print_text(&render(&self.file, &inspection));
            }
            let document = serde_json::to_string(&document(&self.file, &inspection)).map_err(|error| {
                Failure::doing(Exit::Io, "the inspection cannot be written as JSON", &error)
            })?;
            output::print_document(&document)
        });
        match shown {
            Ok(()) => Exit::Success,
            Err(failure) => {
                failure.print();
                failure.exit()
            }
        }
    }
}

fn inspect(file: &Path) -> Result<Inspection, Failure> {
    let failed = |problem| Failure::from(ComponentError { path: file.to_owned(), problem });
    let metadata = std::fs::metadata(file).map_err(|error| failed(Problem::Read(error)))?;
    if metadata.len() > MAX_COMPONENT_BYTES {
        return Err(failed(Problem::TooLarge));
    }
    let bytes = std::fs::read(file).map_err(|error| failed(Problem::Read(error)))?;
    let component = ComponentBytes::from_file_bytes(file, bytes).map_err(|error| Failure::from(*error))?;
    Inspection::of(&component).map_err(|error| Failure::from(*error))
}

fn is_runnable(inspection: &Inspection) -> bool {
    inspection.entry.is_some() && inspection.unknown_imports().is_empty()
}

fn document<'a>(file: &Path, inspection: &'a Inspection) -> Document<'a> {
    Document {
        file: file.display().to_string(),
        size: inspection.size,
        from_module: inspection.from_module,
        entry: inspection.entry,
        runnable: is_runnable(inspection),
        imports: &inspection.imports,
        exports: inspection
            .exports
            .iter()
            .map(|export| Export { name: &export.name, functions: &export.functions })
            .collect(),
    }
}

fn render(file: &Path, inspection: &Inspection) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, file, inspection);
    out
}

fn write(out: &mut String, file: &Path, inspection: &Inspection) -> fmt::Result {
    let kind = if inspection.from_module { "core module that carries its WIT" } else { "component" };
    writeln!(
        out,
        "{}: {kind}, {}",
        styled(TITLE, visible(&file.display().to_string())),
        size(inspection.size)
    )?;
    for (provider, title) in [
        (Provider::Aws, "Imports of AWS, within the guest's policy"),
        (Provider::Config, "Imports its configuration, the `config` of its manifest"),
        (Provider::Wasi, "Imports of WASI, with what the manifest grants behind them"),
        (Provider::Nobody, "Imports that nobody provides"),
    ] {
        let imports: Vec<_> =
            inspection.imports.iter().filter(|import| import.provider == provider).collect();
        if imports.is_empty() {
            continue;
        }
        let style = if provider == Provider::Nobody { REMOVED } else { TITLE };
        writeln!(out, "\n{}", styled(style, title))?;
        for import in imports {
            // What of WASI a toolchain links is seldom what the guest's author meant: the names are enough.
            write_item(
                out,
                import,
                if provider == Provider::Wasi { Detail::Name } else { Detail::Functions },
            )?;
        }
    }
    if inspection.imports.is_empty() {
        writeln!(out, "\n{}", styled(TITLE, "Imports nothing"))?;
    }
    writeln!(
        out,
        "\n{}",
        styled(TITLE, if inspection.exports.is_empty() { "Exports nothing" } else { "Exports" })
    )?;
    for export in &inspection.exports {
        write_item(out, export, Detail::Functions)?;
    }
    write_verdict(out, inspection)
}

/// How much of an item is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Name,
    Functions,
}

fn write_item(out: &mut String, item: &Item, detail: Detail) -> fmt::Result {
    writeln!(out, "  {}", visible(&item.name))?;
    if detail == Detail::Functions {
        for function in &item.functions {
            writeln!(out, "    {}", styled(FAINT, visible(function)))?;
        }
    }
    Ok(())
}

fn write_verdict(out: &mut String, inspection: &Inspection) -> fmt::Result {
    let cannot = styled(REMOVED, "cannot be run here:");
    writeln!(out)?;
    match inspection.entry {
        _ if !inspection.unknown_imports().is_empty() => {
            writeln!(out, "{cannot} it imports what nobody provides")
        }
        None => writeln!(
            out,
            "{cannot} it exports no `run: func(list<u8>) -> result<list<u8>, string>` and no `wasi:cli/run`"
        ),
        Some(Entry::Plugin) => {
            writeln!(out, "{} as a plugin, by its function `run`", styled(ADDED, "can be run here"))
        }
        Some(Entry::Command) => {
            writeln!(out, "{} as a command, by `wasi:cli/run`", styled(ADDED, "can be run here"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspection(wat: &str) -> Inspection {
        let bytes = wat::parse_str(wat).unwrap();
        Inspection::of(&ComponentBytes::from_file_bytes(Path::new("g.wasm"), bytes).unwrap()).unwrap()
    }

    fn plain(inspection: &Inspection) -> String {
        let text = render(Path::new("g.wasm"), inspection);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn imports_stand_by_who_provides_them() {
        let text = plain(&inspection(
            r#"(component
                (import "wasi:io/poll@0.2.3" (instance))
                (import "acme:db/query@1.0.0" (instance (export "ask" (func))))
                (import "wasi:config/store@0.2.0-rc.1" (instance)))"#,
        ));
        let length = text.split_once("component, ").unwrap().1.split_once('\n').unwrap().0;
        assert_eq!(
            text,
            format!(
                "g.wasm: component, {length}\n\
                 \n\
                 Imports its configuration, the `config` of its manifest\n  wasi:config/store@0.2.0-rc.1\n\
                 \n\
                 Imports of WASI, with what the manifest grants behind them\n  wasi:io/poll@0.2.3\n\
                 \n\
                 Imports that nobody provides\n  acme:db/query@1.0.0\n    ask\n\
                 \n\
                 Exports nothing\n\
                 \n\
                 cannot be run here: it imports what nobody provides\n"
            )
        );
    }

    #[test]
    fn a_component_without_an_entry_cannot_be_run() {
        let inspection = inspection("(component)");
        assert!(plain(&inspection).contains("cannot be run here: it exports no `run"));
        let document = serde_json::to_value(document(Path::new("g.wasm"), &inspection)).unwrap();
        assert_eq!(document["runnable"], serde_json::json!(false));
        assert_eq!(document["entry"], serde_json::json!(null));
    }
}

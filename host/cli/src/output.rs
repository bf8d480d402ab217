//! Standard output.

use std::io::{self, IsTerminal as _, Write as _};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::json;
use crate::text::visible_lines;

/// What a guest returned: byte for byte where a program reads it, and as text where a person does. A terminal is sent
/// nothing that it would act on.
pub(crate) fn print_result(output: &[u8]) -> Result<(), Failure> {
    if !io::stdout().is_terminal() {
        return print(output);
    }
    print(for_terminal(output).as_bytes())
}

/// A JSON document, on a line of its own.
pub(crate) fn print_document(document: &str) -> Result<(), Failure> {
    if !io::stdout().is_terminal() {
        return print(format!("{document}\n").as_bytes());
    }
    let document = json::parse(document).map_or_else(|| json::visible(document), json::pretty);
    print(format!("{document}\n").as_bytes())
}

/// Text of our own, in which what others wrote has been made visible. Colours are taken out where there is no terminal.
pub(crate) fn print_text(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).or_else(|error| failed(&error))
}

fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).or_else(|error| failed(&error))
}

/// A reader that has had enough (`| head`) is no failure.
fn failed(error: &io::Error) -> Result<(), Failure> {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Failure::doing(Exit::Io, "cannot write to standard output", error)),
    }
}

fn for_terminal(output: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(output) else {
        return format!(
            "({} bytes that are not text; redirect standard output to keep them)\n",
            output.len()
        );
    };
    match json::parse(text) {
        Some(document) => format!("{}\n", json::pretty(document)),
        None if text.is_empty() => String::new(),
        None => format!("{}\n", visible_lines(text, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_what_it_can_show() {
        assert_eq!(for_terminal(b"{\"a\":[1]}"), "{\n  \"a\": [\n    1\n  ]\n}\n");
        assert_eq!(for_terminal(b"a\x1b[2J\nb"), "a\\u{1b}[2J\nb\n");
        assert_eq!(for_terminal(b""), "");
        assert_eq!(
            for_terminal(b"\xff\xfe"),
            "(2 bytes that are not text; redirect standard output to keep them)\n"
        );
    }
}

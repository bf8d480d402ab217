#![no_main]
//! Makes the directory called `in` hold more, by the `steps` one after the other, and says what came of each.

use test_programs::wasi::wasi::filesystem::preopens::get_directories;
use test_programs::wasi::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, OutputStream, PathFlags, filesystem_error_code,
};
use test_programs::wasi::wasi::io::streams::StreamError;
use test_programs::{Input, Value, json};

test_programs::program!(run);

/// What `blocking-write-and-flush` takes at once.
const PIECE: usize = 4096;

fn run(input: &Input) -> Result<Value, ()> {
    let directories = get_directories();
    let named = |name: &str| {
        let found = directories.iter().find(|(_, other)| other == name);
        found.map(|(directory, _)| directory).unwrap_or_else(|| panic!("there is no `{name}`"))
    };
    let done: Vec<String> = input
        .objects("steps")
        .iter()
        .map(|step| {
            let to = step.option("to-in").unwrap_or_else(|| input.text("in").to_owned());
            let done = take(step, named(input.text("in")), named(&to));
            done.map_or_else(|error| error.name().to_owned(), |()| "ok".to_owned())
        })
        .collect();
    Ok(json!(done))
}

fn take(step: &Input, directory: &Descriptor, other: &Descriptor) -> Result<(), ErrorCode> {
    let path = step.text("path");
    let number = |name: &str| step.number(name).unwrap_or(0);
    let bytes = vec![7; number("bytes") as usize];
    let open = |path: &str, flags: OpenFlags| {
        let access = DescriptorFlags::READ | DescriptorFlags::WRITE;
        directory.open_at(PathFlags::empty(), path, flags | OpenFlags::CREATE, access)
    };
    let none = OpenFlags::empty();
    match step.text("do") {
        "replace" => stream(open(path, OpenFlags::TRUNCATE)?.write_via_stream(0)?, &bytes),
        "stream-at" => stream(open(path, none)?.write_via_stream(number("at"))?, &bytes),
        "append" => stream(open(path, none)?.append_via_stream()?, &bytes),
        "write-when-ready" => when_ready(open(path, none)?.write_via_stream(0)?, &bytes),
        "write" => open(path, none)?.write(&bytes, number("at")).map(drop),
        "set-size" => open(path, none)?.set_size(number("size")),
        "make-directory" => directory.create_directory_at(path),
        "make-many" => (0..number("count")).try_for_each(|n| open(&format!("{path}{n}"), none).map(drop)),
        "remove" => directory.unlink_file_at(path),
        // Files that nobody finds any more, all of them open until the last is written.
        "hold-removed" => {
            let mut held = Vec::new();
            for _ in 0..number("count") {
                let file = open(path, none)?;
                stream(file.write_via_stream(0)?, &bytes)?;
                directory.unlink_file_at(path)?;
                held.push(file);
            }
            Ok(())
        }
        "rename" => directory.rename_at(path, other, step.text("to")),
        "link" => directory.link_at(PathFlags::empty(), path, other, step.text("to")),
        "link-by-name" => directory.symlink_at(step.text("to"), path),
        step => panic!("`{step}` is no step"),
    }
}

fn stream(stream: OutputStream, bytes: &[u8]) -> Result<(), ErrorCode> {
    bytes.chunks(PIECE).try_for_each(|piece| stream.blocking_write_and_flush(piece)).map_err(code)
}

/// Writes as much as it may, as soon as it may.
fn when_ready(stream: OutputStream, mut bytes: &[u8]) -> Result<(), ErrorCode> {
    while !bytes.is_empty() {
        stream.subscribe().block();
        let permitted = stream.check_write().map_err(code)?.min(bytes.len() as u64);
        let (piece, rest) = bytes.split_at(permitted as usize);
        if !piece.is_empty() {
            stream.write(piece).map_err(code)?;
        }
        bytes = rest;
    }
    stream.blocking_flush().map_err(code)
}

fn code(error: StreamError) -> ErrorCode {
    match error {
        StreamError::LastOperationFailed(error) => filesystem_error_code(&error).unwrap_or(ErrorCode::Io),
        StreamError::Closed => ErrorCode::Pipe,
    }
}

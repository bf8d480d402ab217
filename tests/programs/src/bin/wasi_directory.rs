#![no_main]
//! Uses files of the directories that it is given: in the one called `in`, the `steps` one after the other.

use test_programs::wasi::wasi::filesystem::preopens::get_directories;
use test_programs::wasi::wasi::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags,
};
use test_programs::{Input, Value, json};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, ()> {
    let directories = get_directories();
    let names: Vec<&str> = directories.iter().map(|(_, name)| name.as_str()).collect();
    let wanted = input.option("in");
    let directory = directories.iter().find(|(_, name)| Some(name) == wanted.as_ref());
    let done: Vec<Value> = match directory {
        Some((directory, _)) => {
            input.objects("steps").iter().map(|step| answer(take(step, directory))).collect()
        }
        None => Vec::new(),
    };
    Ok(json!({ "directories": names, "steps": done }))
}

fn take(step: &Input, directory: &Descriptor) -> Result<Value, ErrorCode> {
    let follow = PathFlags::SYMLINK_FOLLOW;
    if let Some(path) = step.option("read") {
        let file = directory.open_at(follow, &path, OpenFlags::empty(), DescriptorFlags::READ)?;
        let (bytes, _) = file.read(1000, 0)?;
        return Ok(json!(String::from_utf8_lossy(&bytes)));
    }
    if let Some(path) = step.option("write") {
        let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
        let file = directory.open_at(follow, &path, OpenFlags::CREATE, flags)?;
        return Ok(json!(file.write(step.text("content").as_bytes(), 0)?));
    }
    if let Some(path) = step.option("link") {
        return directory.symlink_at(step.text("to"), &path).map(|()| json!(null));
    }
    directory.unlink_file_at(step.text("remove")).map(|()| json!(null))
}

fn answer(result: Result<Value, ErrorCode>) -> Value {
    result.unwrap_or_else(|error| json!({ "error": error.name() }))
}

#![no_main]
//! Does one thing again and again, as fast as the host lets it, and says how much came of it: the guest's side of the benchmarks.

use std::io::{Read, Write};

use test_programs::s3::{Bucket, Error, ListObjectsOptions, Upload};
use test_programs::{Input, Value, json};

test_programs::program!(run);

/// What is read or written at once, by this guest and by the bare SDK that it is measured against.
const PIECE: usize = 64 * 1024;

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let key = input.option("key").unwrap_or_default();
    let bytes = input.number("bytes").unwrap_or(0);
    let operation = operation(input.text("operation"));
    // Made once, as the bare SDK's side does.
    let body = if input.text("operation") == "put" { vec![b'x'; bytes as usize] } else { Vec::new() };
    let mut moved = 0;
    for _ in 0..input.number("times").unwrap_or(1) {
        moved += operation(&bucket, &key, bytes, &body)?;
    }
    Ok(json!({ "moved": moved }))
}

/// Does it once, and says how many bytes, or objects, it was about.
type Operation = fn(&Bucket, &str, u64, &[u8]) -> Result<u64, Error>;

fn operation(name: &str) -> Operation {
    match name {
        "read" => read,
        "get" => get,
        "put" => put,
        "upload" => upload,
        "list" => list,
        other => panic!("`{other}` is no operation"),
    }
}

/// Whole, in one call.
fn read(bucket: &Bucket, key: &str, _: u64, _: &[u8]) -> Result<u64, Error> {
    Ok(bucket.read_object(key, u64::MAX, &Default::default())?.bytes.len() as u64)
}

/// As a stream, of which nothing is kept.
fn get(bucket: &Bucket, key: &str, _: u64, _: &[u8]) -> Result<u64, Error> {
    let mut body = bucket.get_object(key, &Default::default())?.body;
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        match Read::read(&mut body, &mut piece)? {
            0 => return Ok(length),
            read => length += read as u64,
        }
    }
}

/// Whole, in one call.
fn put(bucket: &Bucket, key: &str, bytes: u64, body: &[u8]) -> Result<u64, Error> {
    bucket.put_object(key, body, &Default::default())?;
    Ok(bytes)
}

/// As a stream, of which nothing is kept. Its length is not told.
fn upload(bucket: &Bucket, key: &str, bytes: u64, _: &[u8]) -> Result<u64, Error> {
    let upload = bucket.upload_object(key, None, &Default::default())?;
    let mut body = upload.body()?;
    let piece = vec![b'x'; PIECE];
    let mut left = bytes;
    while left > 0 {
        let next = left.min(PIECE as u64);
        body.write_all(&piece[..next as usize])?;
        left -= next;
    }
    Upload::finish(upload)?;
    Ok(bytes)
}

/// All pages, of which one at a time is kept.
fn list(bucket: &Bucket, prefix: &str, _: u64, _: &[u8]) -> Result<u64, Error> {
    let options = ListObjectsOptions { prefix: Some(prefix.to_owned()), ..Default::default() };
    bucket.list_objects(&options)?.objects().try_fold(0, |count, object| object.map(|_| count + 1))
}

#![no_main]
//! Uploads an object of so many bytes, each of which says where it stands; or another object, which it reads at the same time. At the
//! end it does what it is told: `finish`, `abort`, `drop`, `leave` or `trap`.

use std::io::Write;

use test_programs::s3::{Bucket, Error, Upload};
use test_programs::{Input, Value, byte_at, json, put_options, stored};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let upload = bucket.upload_object(input.text("key"), input.number("size"), &put_options(input))?;
    let mut body = upload.body()?;
    match input.option("source") {
        Some(key) => {
            let mut source = bucket.get_object(&key, &Default::default())?.body;
            std::io::copy(&mut source, &mut body)?;
        }
        None => {
            let bytes = input.number("bytes").unwrap_or(0);
            let piece = input.number("piece").unwrap_or(64 * 1024).max(1);
            let mut written = 0;
            while written < bytes {
                let next = (written + piece).min(bytes);
                let piece: Vec<u8> = (written..next).map(byte_at).collect();
                body.write_all(&piece)?;
                written = next;
            }
        }
    }
    match input.option("end").as_deref() {
        None | Some("finish") => Upload::finish(upload).map(|output| stored(&output)),
        Some("abort") => Upload::abort(upload).map(|()| json!({})),
        Some("drop") => Ok(json!({})),
        Some("leave") => {
            std::mem::forget((upload, body));
            Ok(json!({}))
        }
        Some("trap") => panic!("as it was told"),
        Some(other) => panic!("`{other}` is no end"),
    }
}

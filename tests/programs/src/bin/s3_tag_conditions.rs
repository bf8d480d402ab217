#![no_main]
//! Does to one object, and to another beside it, all that a policy can decide on by tags; and says what came of each.

use std::io::Write;

use test_programs::s3::{
    Bucket, CopiedTags, CopyObjectOptions, Error, GetObjectOptions, HeadObjectOptions,
    ObjectAttributesOptions, PresignGetOptions, Upload,
};
use test_programs::{Input, Value, json, put_options};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, Error> {
    let bucket = Bucket::open(input.text("bucket"))?;
    let (key, to) = (input.text("key"), input.text("to"));
    let (version, tags) = (input.option("version"), input.pairs("tags"));
    let at = || version.clone();

    let get = bucket.get_object(key, &GetObjectOptions { version_id: at(), ..Default::default() });
    let read = bucket.read_object(key, 1024, &GetObjectOptions { version_id: at(), ..Default::default() });
    let head = bucket.head_object(key, &HeadObjectOptions { version_id: at(), ..Default::default() });
    let attributes = bucket
        .get_object_attributes(key, &ObjectAttributesOptions { version_id: at(), ..Default::default() });
    let presign =
        bucket.presign_get_object(key, &PresignGetOptions { version_id: at(), ..Default::default() });
    let get_tags = bucket.get_object_tags(key, version.as_deref());
    let copy = CopyObjectOptions {
        source_version_id: at(),
        tags: Some(CopiedTags::Replace(tags.clone())),
        ..Default::default()
    };
    let copy = bucket.copy_object(to, &bucket, key, &copy);
    let put = bucket.put_object(to, b"put", &put_options(input));
    let upload = upload(&bucket, to, input);
    let set_tags = bucket.set_object_tags(key, version.as_deref(), &input.pairs("set-tags"));
    let delete_tags = bucket.delete_object_tags(key, version.as_deref());
    Ok(json!({
        "get": told(get),
        "read": told(read),
        "head": told(head),
        "attributes": told(attributes),
        "presign": told(presign),
        "get-tags": told(get_tags),
        "copy": told(copy),
        "put": told(put),
        "upload": told(upload),
        "set-tags": told(set_tags),
        "delete-tags": told(delete_tags),
    }))
}

fn upload(bucket: &Bucket, key: &str, input: &Input) -> Result<(), Error> {
    let upload = bucket.upload_object(key, None, &put_options(input))?;
    // More than one part, so that it begins as an upload.
    upload.body()?.write_all(&vec![7; input.number("upload-bytes").unwrap_or(3) as usize])?;
    Upload::finish(upload).map(drop)
}

fn told<T>(outcome: Result<T, Error>) -> String {
    outcome.map_or_else(|error| format!("{error:?}"), |_| "ok".to_owned())
}

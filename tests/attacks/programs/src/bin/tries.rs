#![no_main]
//! Makes calls of AWS, one after the other, and says what came of each: a value, or the error as `"error: ..."`. A call that fails does not
//! keep it from the next.

use std::fmt::Debug;
use std::io::Write;

use test_programs::lambda::{Error, Function, InvokeOptions, InvokeStreamOptions};
use test_programs::s3::{
    Bucket, Checksum, CopyObjectOptions, DeleteObjectOptions, Existence, HeadObjectOptions,
    ListObjectVersionsOptions, ListObjectsOptions, ListUploadsOptions, ObjectAttributesOptions,
    ObjectIdentifier, PresignGetOptions, PresignPutOptions, RestoreObjectOptions, Upload,
};
use test_programs::sqs::Queue;
use test_programs::{
    Input, Value, algorithm, existence, get_options, json, presigned, put_options, queue_settings,
    receive_options, response_headers, send_options, stored,
};

test_programs::program!(run);

fn run(input: &Input) -> Result<Value, String> {
    Ok(input.objects("calls").iter().map(|call| attempt(call).unwrap_or_else(|error| json!(error))).collect())
}

fn attempt(call: &Input) -> Result<Value, String> {
    let name = call.text("do");
    match name.split_once('.') {
        Some(("s3", name)) => s3(name, call),
        Some(("sqs", name)) => sqs(name, call),
        Some(("lambda", name)) => lambda(name, call),
        _ => panic!("`{name}` is no call"),
    }
}

fn error(error: impl Debug) -> String {
    format!("error: {error:?}")
}

fn s3(name: &str, call: &Input) -> Result<Value, String> {
    let bucket = Bucket::open(call.text("bucket")).map_err(error)?;
    let key = call.option("key").unwrap_or_default();
    let version = call.option("version");
    Ok(match name {
        "open" => json!(null),
        "read" => {
            let object = bucket.read_object(&key, u64::MAX, &get_options(call)).map_err(error)?;
            json!(String::from_utf8_lossy(&object.bytes))
        }
        "head" => {
            let options = HeadObjectOptions { version_id: version, ..HeadObjectOptions::default() };
            json!(bucket.head_object(&key, &options).map_err(error)?.size)
        }
        "put" => {
            let body = call.option("body").unwrap_or_default();
            stored(&bucket.put_object(&key, body.as_bytes(), &put_options(call)).map_err(error)?)
        }
        "delete" => {
            let options = DeleteObjectOptions { version_id: version, ..DeleteObjectOptions::default() };
            json!(bucket.delete_object(&key, &options).map_err(error)?.delete_marker)
        }
        "delete-many" => {
            let identifier = |object: &Input| ObjectIdentifier {
                key: object.text("key").to_owned(),
                version_id: object.option("version"),
                if_match: None,
            };
            let objects: Vec<_> = call.objects("objects").iter().map(identifier).collect();
            let results = bucket.delete_objects(&objects).map_err(error)?;
            results.into_iter().map(|it| it.map_or_else(|e| json!(error(e)), |_| json!("deleted"))).collect()
        }
        "copy" => {
            let options = CopyObjectOptions {
                source_version_id: call.option("source-version"),
                tags: call
                    .is("replace-tags")
                    .then(|| test_programs::s3::CopiedTags::Replace(call.pairs("tags"))),
                ..CopyObjectOptions::default()
            };
            let source = Bucket::open(call.text("source-bucket")).map_err(error)?;
            stored(&bucket.copy_object(&key, &source, call.text("source-key"), &options).map_err(error)?)
        }
        "tags" => json!(bucket.get_object_tags(&key, version.as_deref()).map_err(error)?),
        "set-tags" => {
            let numbered =
                (0..call.number("count").unwrap_or_default()).map(|n| (n.to_string(), String::new()));
            let tags: Vec<_> = call.pairs("tags").into_iter().chain(numbered).collect();
            bucket.set_object_tags(&key, version.as_deref(), &tags).map_err(error)?;
            json!(null)
        }
        "delete-tags" => {
            bucket.delete_object_tags(&key, version.as_deref()).map_err(error)?;
            json!(null)
        }
        "attributes" => {
            let options =
                ObjectAttributesOptions { version_id: version, max_parts: None, part_number_marker: None };
            json!(bucket.get_object_attributes(&key, &options).map_err(error)?.size)
        }
        "restore" => {
            let options = RestoreObjectOptions {
                version_id: version,
                days: call.small("days").unwrap_or(1),
                tier: None,
            };
            json!(format!("{:?}", bucket.restore_object(&key, &options).map_err(error)?))
        }
        "list" => {
            let options = ListObjectsOptions {
                prefix: call.option("prefix"),
                page_size: call.small("page-size"),
                continuation_token: call.option("token"),
                ..ListObjectsOptions::default()
            };
            let listing = bucket.list_objects(&options).map_err(error)?;
            let page = listing.next_page().map_err(error)?;
            let objects = page.map(|page| page.objects).unwrap_or_default();
            let keys: Vec<_> = objects.into_iter().map(|object| object.key).collect();
            json!({ "keys": keys, "token": listing.continuation_token() })
        }
        "versions" => {
            let options = ListObjectVersionsOptions {
                prefix: call.option("prefix"),
                page_size: call.small("page-size"),
                continuation_token: call.option("token"),
                ..ListObjectVersionsOptions::default()
            };
            let page = bucket.list_object_versions(&options).map_err(error)?.next_page().map_err(error)?;
            json!(page.map_or(0, |page| page.versions.len()))
        }
        "uploads" => {
            let options =
                ListUploadsOptions { prefix: call.option("prefix"), ..ListUploadsOptions::default() };
            let page = bucket.list_uploads(&options).map_err(error)?.next_page().map_err(error)?;
            json!(page.map_or(0, |page| page.uploads.len()))
        }
        "abort" => {
            bucket.abort_upload(&key, call.text("upload")).map_err(error)?;
            json!(null)
        }
        "presign-get" => {
            let options = PresignGetOptions {
                expires_in: call.small("expires-in"),
                version_id: version,
                response_headers: response_headers(call),
            };
            presigned(&bucket.presign_get_object(&key, &options).map_err(error)?)
        }
        "presign-put" => {
            let checksum = call.option("algorithm").zip(call.option("checksum"));
            let options = PresignPutOptions {
                expires_in: call.small("expires-in"),
                content_type: call.option("content-type"),
                content_length: call.number("content-length"),
                checksum: checksum.map(|(name, value)| Checksum { algorithm: algorithm(&name), value }),
                if_none_match: call.option("if-none-match"),
            };
            presigned(&bucket.presign_put_object(&key, &options).map_err(error)?)
        }
        // Writes so many bytes, pauses for so many seconds, and writes more.
        "upload" => {
            let upload =
                bucket.upload_object(&key, call.number("size"), &put_options(call)).map_err(error)?;
            let mut body = upload.body().map_err(error)?;
            let mut write = |bytes: Option<u64>| {
                let bytes = usize::try_from(bytes.unwrap_or_default()).unwrap_or(usize::MAX);
                body.write_all(&vec![b'x'; bytes])
            };
            // What comes of the upload is said at its end.
            let _ = write(call.number("bytes"));
            if let Some(seconds @ 1..) = call.small("pause") {
                // A clock would be an import that not every toolchain has: this waits for what never comes.
                let _ = bucket.wait_for_object("never", Existence::Exists, seconds);
            }
            let _ = write(call.number("more"));
            drop(body);
            stored(&Upload::finish(upload).map_err(error)?)
        }
        "wait" => {
            let seconds = call.small("seconds").unwrap_or_default();
            bucket.wait_for_object(&key, existence(call), seconds).map_err(error)?;
            json!(null)
        }
        "status" => json!(format!("{:?}", bucket.status().map_err(error)?)),
        "location" => json!(bucket.location().map_err(error)?),
        "create-bucket" => json!(bucket.create().map_err(error)?),
        "delete-bucket" => json!(bucket.delete().map_err(error)?),
        _ => panic!("`{name}` is no call of S3"),
    })
}

fn sqs(name: &str, call: &Input) -> Result<Value, String> {
    if name == "create" {
        let queue = Queue::create(call.text("queue"), &queue_settings(call), &call.pairs("tags"));
        return Ok(json!(queue.map_err(error)?.name()));
    }
    let queue = Queue::open(call.text("queue")).map_err(error)?;
    Ok(match name {
        "open" => json!(queue.name()),
        "send" => {
            let mut options = send_options(call);
            let count = call.number("count").unwrap_or_default();
            let attribute = |n: u64| test_programs::sqs::MessageAttribute::text(format!("a{n}"), "v");
            options.attributes.extend((0..count).map(attribute));
            queue.send_message(call.text("body"), &options).map_err(error)?;
            json!("sent")
        }
        "receive" => {
            let messages = queue.receive_messages(receive_options(call)).map_err(error)?;
            json!(messages.iter().map(|message| &message.content.body).collect::<Vec<_>>())
        }
        // Receives from one queue, and deletes what it received from another.
        "delete-of" => {
            let other = Queue::open(call.text("of")).map_err(error)?;
            let messages = other.receive_messages(receive_options(call)).map_err(error)?;
            let handles: Vec<_> = messages.iter().map(|message| &message.handle).collect();
            let results = queue.delete_messages(&handles).map_err(error)?;
            results.into_iter().map(|it| it.map_or_else(|e| json!(error(e)), |()| json!("deleted"))).collect()
        }
        // What the guest gets to see of a message.
        "shown" => {
            let messages = queue.receive_messages(receive_options(call)).map_err(error)?;
            json!(format!("{messages:?}"))
        }
        "attributes" => json!(queue.get_attributes().map_err(error)?.messages),
        "purge" => json!(queue.purge().map_err(error)?),
        "delete" => json!(queue.delete().map_err(error)?),
        "tag" => json!(queue.tag(&call.pairs("tags")).map_err(error)?),
        _ => panic!("`{name}` is no call of SQS"),
    })
}

fn lambda(name: &str, call: &Input) -> Result<Value, String> {
    let qualifier = call.option("qualifier");
    let function = Function::open(call.text("function"), qualifier.as_deref()).map_err(error)?;
    Ok(match name {
        "open" => json!(null),
        "invoke" => {
            let options = InvokeOptions {
                client_context: call.option("client-context"),
                log_tail: false,
                idempotent: call.is("idempotent"),
            };
            let payload = call.option("payload").unwrap_or_default();
            let answer = function.invoke(payload.as_bytes(), &options).map_err(error)?;
            json!(String::from_utf8_lossy(&answer.payload))
        }
        "stream" => {
            let options = InvokeStreamOptions { client_context: None, idempotent: call.is("idempotent") };
            let payload = call.option("payload").unwrap_or_default();
            let answer = function.invoke_with_response_stream(payload.as_bytes(), &options).map_err(error)?;
            let read = std::io::copy(&mut answer.into_reader(), &mut std::io::sink());
            json!(read.map_err(|cause| error(Error::from(cause)))?)
        }
        "dry-run" => json!(function.dry_run().map_err(error)?),
        "configuration" => json!(format!("{:?}", function.get_configuration().map_err(error)?)),
        "status" => json!(format!("{:?}", function.status().map_err(error)?)),
        "wait" => {
            let seconds = call.small("seconds").unwrap_or_default();
            json!(format!("{:?}", function.wait_until_active(seconds).map_err(error)?))
        }
        _ => panic!("`{name}` is no call of Lambda"),
    })
}

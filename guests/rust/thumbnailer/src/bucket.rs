//! Everything that talks to S3.

use std::io::Read as _;

use innkeeper_guest::s3::{Bucket, Error, GetObjectOptions, ListObjectsOptions, PutObjectOptions};

use crate::job::{Job, Settings};
use crate::metadata::metadata;
use crate::report::{Operation, Outcome, Report};
use crate::thumbnail::{SIGNATURE, Thumbnail, explain, format_of, thumbnail};

/// Where thumbnails are put.
const THUMBS: &str = "thumbs/";

/// Larger objects are not fetched.
const MOST_BYTES: u64 = 32 << 20;

/// What ends the whole job: without the bucket, every object would fail alike.
struct NoSuchBucket;

/// Makes the thumbnails.
pub(crate) fn run(job: &Job, settings: &Settings) -> Result<Report, String> {
    let name = &job.bucket;
    let cannot_list = |error: Error| format!("cannot list `{}` in bucket `{name}`: {error}", job.prefix);
    let bucket = Bucket::open(name).map_err(|error| format!("cannot open bucket `{name}`: {error}"))?;
    let options = ListObjectsOptions {
        prefix: Some(job.prefix.clone()),
        page_size: Some(settings.page_size),
        ..Default::default()
    };
    let mut report = Report::new(name, &job.prefix);
    for page in bucket.list_objects(&options).map_err(cannot_list)?.pages() {
        let page = page.map_err(cannot_list)?;
        report.pages += 1;
        for object in page.objects {
            let outcome = make(&bucket, &object.key, job, settings)
                .map_err(|NoSuchBucket| format!("bucket `{name}` has gone"))?;
            report.add(object.key, outcome);
        }
    }
    Ok(report)
}

/// Makes the thumbnail of one object. Whatever goes wrong with it is its outcome.
fn make(bucket: &Bucket, key: &str, job: &Job, settings: &Settings) -> Result<Outcome, NoSuchBucket> {
    if key.starts_with(THUMBS) {
        return Ok(Outcome::Skipped { reason: "it is a thumbnail".to_owned() });
    }
    let fetched = match fetch(bucket, key) {
        Ok(Ok(fetched)) => fetched,
        Ok(Err(reason)) => return Ok(Outcome::Skipped { reason }),
        Err(error) => return outcome_of(error, Operation::GetObject),
    };
    let Some(format) = format_of(&fetched.bytes) else {
        return Ok(Outcome::Skipped { reason: "it is neither a JPEG nor a PNG".to_owned() });
    };
    let Thumbnail { bytes, width, height, original_width, original_height } =
        match thumbnail(&fetched.bytes, format, settings) {
            Ok(thumbnail) => thumbnail,
            Err(error) => return Ok(Outcome::Failed { reason: explain(&error) }),
        };
    let to = format!("{THUMBS}{}", key.strip_prefix(&job.prefix).unwrap_or(key));
    let options = PutObjectOptions {
        content_type: Some(format.to_mime_type().to_owned()),
        metadata: metadata(key, fetched.etag.as_deref(), original_width, original_height),
        ..Default::default()
    };
    match bucket.put_object(&to, &bytes, &options) {
        Ok(_) => Ok(Outcome::Thumbnail {
            thumbnail: to,
            width,
            height,
            bytes: bytes.len() as u64,
            original_width,
            original_height,
        }),
        Err(error) => outcome_of(error, Operation::PutObject),
    }
}

/// An object that begins as an image does, or the beginning of one that does not.
struct Fetched {
    bytes: Vec<u8>,
    etag: Option<String>,
}

/// Gets an object, or the reason why it need not be got. Of what is no image, only the beginning is read.
fn fetch(bucket: &Bucket, key: &str) -> Result<Result<Fetched, String>, Error> {
    let object = bucket.get_object(key, &GetObjectOptions::default())?;
    if object.info.size > MOST_BYTES {
        return Ok(Err(format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    let etag = object.info.etag;
    let mut body = object.body;
    let mut bytes = Vec::new();
    body.by_ref().take(SIGNATURE as u64).read_to_end(&mut bytes)?;
    if format_of(&bytes).is_some() {
        body.take(MOST_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(Ok(Fetched { bytes, etag }))
}

fn outcome_of(error: Error, operation: Operation) -> Result<Outcome, NoSuchBucket> {
    match error {
        Error::NoSuchBucket => Err(NoSuchBucket),
        Error::AccessDenied => Ok(Outcome::Denied { operation }),
        Error::NoSuchKey => Ok(Outcome::Skipped { reason: "it has gone since it was listed".to_owned() }),
        error => Ok(Outcome::Failed { reason: error.to_string() }),
    }
}

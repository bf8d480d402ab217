//! Uploads in parts.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::objects::bytes;
use super::operation::{Place, answer, place};
use crate::names::{Names, Upload};
use crate::side::Side;

/// The least that a part has which is not the last: 5 MiB.
const LEAST: usize = 5 << 20;

#[derive(Clone, Debug)]
pub(crate) struct Part {
    upload: u8,
    number: i32,
    size: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct PartCopy {
    upload: u8,
    number: i32,
    from: Place,
    range: Option<&'static str>,
}

/// How an upload is completed: as it is, or wrongly.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Completion {
    All,
    /// Without its first part.
    Rest,
    /// With a part that there is not.
    Unknown,
    Nothing,
}

pub(crate) fn part() -> impl Strategy<Value = Part> {
    let size = prop_oneof![8 => Just(12), 1 => Just(LEAST)];
    (any::<u8>(), 1..4, size).prop_map(|(upload, number, size)| Part { upload, number, size })
}

pub(crate) fn part_copy() -> impl Strategy<Value = PartCopy> {
    let range = option::of(select(&["bytes=0-3", "bytes=2-100000"][..]));
    (any::<u8>(), 1..4, place(), range).prop_map(|(upload, number, from, range)| PartCopy {
        upload,
        number,
        from,
        range,
    })
}

pub(crate) fn completion() -> impl Strategy<Value = Completion> {
    prop_oneof![
        6 => Just(Completion::All),
        1 => Just(Completion::Rest),
        1 => Just(Completion::Unknown),
        1 => Just(Completion::Nothing),
    ]
}

/// The answer where no upload was begun.
fn none() -> Value {
    json!({ "none": true })
}

pub(crate) async fn create(side: &Side, place: Place, names: &mut Names) -> Value {
    let Place { bucket, key } = place;
    answer!(side.s3.create_multipart_upload().bucket(bucket).key(key), it => {
        let id = it.upload_id.unwrap_or_default();
        let shown = names.common("upload", Some(&id));
        names.uploads.push(Upload { bucket, key, id, parts: BTreeMap::default() });
        json!({ "upload": shown, "bucket": it.bucket, "key": it.key })
    })
}

impl Part {
    pub(crate) async fn run(self, side: &Side, names: &mut Names) -> Value {
        let Some(upload) = names.upload(self.upload) else { return none() };
        let put = side.s3.upload_part().bucket(upload.bucket).key(upload.key).upload_id(&upload.id);
        let put = put.part_number(self.number).body(ByteStream::from(bytes(self.size)));
        answer!(put, it => {
            upload.parts.insert(self.number, it.e_tag.clone().unwrap_or_default());
            json!({ "etag": it.e_tag, "crc32": it.checksum_crc32 })
        })
    }
}

impl PartCopy {
    pub(crate) async fn run(self, side: &Side, names: &mut Names) -> Value {
        let Some(upload) = names.upload(self.upload) else { return none() };
        let key: String = self.from.key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let copy = side.s3.upload_part_copy().bucket(upload.bucket).key(upload.key).upload_id(&upload.id);
        let copy = copy.part_number(self.number).copy_source(format!("{}/{key}", self.from.bucket));
        answer!(copy.set_copy_source_range(self.range.map(str::to_owned)), it => {
            let etag = it.copy_part_result().and_then(|result| result.e_tag()).map(str::to_owned);
            upload.parts.insert(self.number, etag.clone().unwrap_or_default());
            json!({ "etag": etag })
        })
    }
}

pub(crate) async fn list(side: &Side, upload: u8, most: Option<i32>, names: &mut Names) -> Value {
    let Some(upload) = names.upload(upload) else { return none() };
    let list = side.s3.list_parts().bucket(upload.bucket).key(upload.key).upload_id(&upload.id);
    answer!(list.set_max_parts(most), it => {
        let parts = it.parts().iter().map(|part| json!([part.part_number(), part.size(), part.e_tag()]));
        json!({
            "parts": parts.collect::<Vec<_>>(), "truncated": it.is_truncated, "most": it.max_parts,
            "next": it.next_part_number_marker,
        })
    })
}

impl Completion {
    pub(crate) async fn run(self, side: &Side, upload: u8, names: &mut Names) -> Value {
        let Some(Upload { bucket, key, id, mut parts }) = names.upload(upload).cloned() else {
            return none();
        };
        match self {
            Self::All => {}
            Self::Rest => drop(parts.pop_first()),
            Self::Unknown => drop(parts.insert(9, "\"00000000000000000000000000000000\"".to_owned())),
            Self::Nothing => parts.clear(),
        }
        let parts = parts.into_iter();
        let parts =
            parts.map(|(number, etag)| CompletedPart::builder().part_number(number).e_tag(etag).build());
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let complete = side.s3.complete_multipart_upload().bucket(bucket).key(key).upload_id(id);
        answer!(complete.multipart_upload(parts), it => {
            names.see_etag(bucket, key, it.e_tag());
            json!({
                "etag": it.e_tag, "bucket": it.bucket, "key": it.key,
                "version": names.add_version(bucket, key, it.version_id.as_deref()),
            })
        })
    }
}

pub(crate) async fn abort(side: &Side, upload: u8, names: &mut Names) -> Value {
    let Some(upload) = names.upload(upload) else { return none() };
    let abort = side.s3.abort_multipart_upload().bucket(upload.bucket).key(upload.key).upload_id(&upload.id);
    answer!(abort, _done => json!({}))
}

//! Objects: written, read, copied, deleted.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, Delete, MetadataDirective, ObjectAttributes, ObjectIdentifier,
    TaggingDirective,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::operation::{Place, Tags, Version, answer, place, tags, version};
use crate::names::Names;
use crate::side::{Side, failure};

/// The entity tag of nothing.
const STALE: &str = "\"00000000000000000000000000000000\"";
const RANGES: &[&str] = &[
    "bytes=0-4",
    "bytes=3-",
    "bytes=-3",
    "bytes=0-0",
    "bytes=5-2",
    "bytes=1000-",
    "bytes=0-1,3-4",
    "bytes=-0",
];

/// What a request is made to depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Condition {
    Match(Tag),
    NoneMatch(Tag),
}

/// An entity tag in a condition.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tag {
    Any,
    /// That which the object had when it was last seen.
    Seen,
    Stale,
}

#[derive(Clone, Debug)]
pub(crate) struct Put {
    size: u16,
    content_type: Option<&'static str>,
    metadata: Option<(&'static str, &'static str)>,
    tags: Option<Tags>,
    checksum: Option<ChecksumAlgorithm>,
    when: Option<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) struct Read {
    version: Version,
    range: Option<&'static str>,
    part: Option<i32>,
    when: Option<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) struct Copy {
    from: Place,
    version: Version,
    to: Place,
    metadata: Option<(&'static str, &'static str)>,
    tags: Option<Tags>,
    when: Option<Condition>,
}

pub(crate) fn put() -> impl Strategy<Value = Put> {
    let checksums = [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ];
    (
        size(),
        option::weighted(0.3, select(&["text/plain", "application/json; charset=utf-8"][..])),
        option::weighted(0.3, metadata()),
        option::weighted(0.2, tags()),
        option::weighted(0.3, select(checksums.to_vec())),
        option::weighted(0.3, write_condition()),
    )
        .prop_map(|(size, content_type, metadata, tags, checksum, when)| Put {
            size,
            content_type,
            metadata,
            tags,
            checksum,
            when,
        })
}

pub(crate) fn read() -> impl Strategy<Value = Read> {
    let read = (
        version(),
        option::weighted(0.3, select(RANGES)),
        option::weighted(0.1, 1..3),
        option::weighted(0.2, condition()),
    );
    read.prop_map(|(version, range, part, when)| Read {
        version,
        range,
        part: part.filter(|_| range.is_none()),
        when,
    })
}

pub(crate) fn copy() -> impl Strategy<Value = Copy> {
    let copy = (
        place(),
        version(),
        place(),
        option::weighted(0.3, metadata()),
        option::weighted(0.2, tags()),
        option::weighted(0.2, condition()),
    );
    copy.prop_map(|(from, version, to, metadata, tags, when)| Copy {
        from,
        version,
        to,
        metadata,
        tags,
        when,
    })
}

pub(super) fn size() -> impl Strategy<Value = u16> {
    select(&[0, 1, 5, 12, 300][..])
}

fn metadata() -> impl Strategy<Value = (&'static str, &'static str)> {
    (select(&["owner", "mixed-case"][..]), select(&["ada", "a b", ""][..]))
}

fn condition() -> impl Strategy<Value = Condition> {
    let tag = select(&[Tag::Any, Tag::Seen, Tag::Stale][..]);
    (any::<bool>(), tag)
        .prop_map(|(is, tag)| if is { Condition::Match(tag) } else { Condition::NoneMatch(tag) })
}

/// Of a write: whether there is nothing, or that which was seen. Of the others one is asked for now and then.
fn write_condition() -> impl Strategy<Value = Condition> {
    let usual = [Condition::NoneMatch(Tag::Any), Condition::Match(Tag::Seen), Condition::Match(Tag::Stale)];
    prop_oneof![20 => select(usual.to_vec()), 1 => condition()]
}

/// Bytes that tell where they are.
pub(super) fn bytes(size: usize) -> Vec<u8> {
    (0..size).map(|at| b'a' + u8::try_from(at % 26).unwrap_or(0)).collect()
}

impl Condition {
    /// The two headers, of which one is there.
    fn headers(when: Option<Self>, names: &Names, place: Place) -> (Option<String>, Option<String>) {
        let text = |tag| match tag {
            Tag::Any => "*".to_owned(),
            Tag::Stale => STALE.to_owned(),
            Tag::Seen => {
                let seen = names.etags.get(&(place.bucket.to_owned(), place.key.to_owned()));
                seen.map_or(STALE, String::as_str).to_owned()
            }
        };
        match when {
            None => (None, None),
            Some(Self::Match(tag)) => (Some(text(tag)), None),
            Some(Self::NoneMatch(tag)) => (None, Some(text(tag))),
        }
    }
}

/// The encoding of a header for tags.
fn tag_header(tags: &Tags) -> String {
    let encoded = |text: &str| {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect::<String>()
    };
    tags.iter()
        .map(|(key, value)| format!("{}={}", encoded(key), encoded(value)))
        .collect::<Vec<_>>()
        .join("&")
}

impl Names {
    pub(super) fn see_etag(&mut self, bucket: &str, key: &str, etag: Option<&str>) {
        if let Some(etag) = etag {
            self.etags.insert((bucket.to_owned(), key.to_owned()), etag.to_owned());
        }
    }
}

impl Put {
    pub(crate) async fn run(self, side: &Side, place: Place, names: &mut Names) -> Value {
        let (is, is_not) = Condition::headers(self.when, names, place);
        let metadata = self.metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let put = side
            .s3
            .put_object()
            .bucket(place.bucket)
            .key(place.key)
            .body(ByteStream::from(bytes(self.size.into())))
            .set_content_type(self.content_type.map(str::to_owned))
            .set_metadata(metadata.map(|pair| [pair].into()))
            .set_tagging(self.tags.as_ref().map(tag_header))
            .set_checksum_algorithm(self.checksum)
            .set_if_match(is)
            .set_if_none_match(is_not);
        answer!(put, it => {
            names.see_etag(place.bucket, place.key, it.e_tag());
            json!({
                "etag": it.e_tag,
                "version": names.add_version(place.bucket, place.key, it.version_id.as_deref()),
                "crc32": it.checksum_crc32,
                "crc32c": it.checksum_crc32_c,
                "crc64nvme": it.checksum_crc64_nvme,
                "sha1": it.checksum_sha1,
                "sha256": it.checksum_sha256,
            })
        })
    }
}

/// What a read of an object says of it, in both its forms.
macro_rules! shown {
    ($it:ident, $names:ident) => {
        json!({
            "etag": $it.e_tag,
            "length": $it.content_length,
            "type": $it.content_type,
            "range": $it.content_range,
            "accept": $it.accept_ranges,
            "metadata": $it.metadata.map(BTreeMap::from_iter),
            "version": $names.common("version", $it.version_id.as_deref()),
            "marker": $it.delete_marker,
            "parts": $it.parts_count,
            "tags": $it.tag_count,
            "class": $it.storage_class.map(|class| class.as_str().to_owned()),
            "crc32": $it.checksum_crc32,
            "crc32c": $it.checksum_crc32_c,
            "crc64nvme": $it.checksum_crc64_nvme,
            "sha1": $it.checksum_sha1,
            "sha256": $it.checksum_sha256,
            "modified": $it.last_modified.is_some(),
        })
    };
}

/// What both kinds of reading ask for.
macro_rules! asked {
    ($request:expr, $read:expr, $place:expr, $names:expr) => {{
        let (is, is_not) = Condition::headers($read.when, $names, $place);
        $request
            .bucket($place.bucket)
            .key($place.key)
            .set_version_id($names.version($place.bucket, $place.key, $read.version))
            .set_range($read.range.map(str::to_owned))
            .set_part_number($read.part)
            .set_if_match(is)
            .set_if_none_match(is_not)
            .checksum_mode(ChecksumMode::Enabled)
    }};
}

impl Read {
    pub(crate) async fn get(self, side: &Side, place: Place, names: &mut Names) -> Value {
        let get = asked!(side.s3.get_object(), self, place, names);
        answer!(get, it => {
            let body = match it.body.collect().await {
                Ok(body) => body.into_bytes(),
                Err(error) => return json!({ "error": format!("the body: {error:?}") }),
            };
            let mut shown = shown!(it, names);
            shown["body"] = if body.len() > 1000 { json!(body.len()) } else { json!(String::from_utf8_lossy(&body)) };
            shown
        })
    }

    pub(crate) async fn head(self, side: &Side, place: Place, names: &mut Names) -> Value {
        let head = asked!(side.s3.head_object(), self, place, names);
        answer!(head, it => shown!(it, names))
    }
}

impl Copy {
    pub(crate) async fn run(self, side: &Side, names: &mut Names) -> Value {
        let Self { from, to, .. } = self;
        let (is, is_not) = Condition::headers(self.when, names, from);
        let key: String = from.key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut source = format!("{}/{key}", from.bucket);
        if let Some(id) = names.version(from.bucket, from.key, self.version) {
            source += &format!("?versionId={id}");
        }
        let replaced = |replace: bool| replace.then_some(MetadataDirective::Replace);
        let metadata = self.metadata.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let copy = side
            .s3
            .copy_object()
            .copy_source(source)
            .bucket(to.bucket)
            .key(to.key)
            .set_metadata_directive(replaced(metadata.is_some()))
            .set_metadata(metadata.map(|pair| [pair].into()))
            .set_tagging_directive(self.tags.is_some().then_some(TaggingDirective::Replace))
            .set_tagging(self.tags.as_ref().map(tag_header))
            .set_copy_source_if_match(is)
            .set_copy_source_if_none_match(is_not);
        answer!(copy, it => {
            let etag = it.copy_object_result().and_then(|result| result.e_tag()).map(str::to_owned);
            names.see_etag(to.bucket, to.key, etag.as_deref());
            let of = it.copy_source_version_id.as_deref();
            json!({
                "etag": etag,
                "of": names.common("version", of),
                "version": names.add_version(to.bucket, to.key, it.version_id.as_deref()),
            })
        })
    }
}

pub(crate) async fn attributes(side: &Side, place: Place, version: Version, names: &mut Names) -> Value {
    let get = side
        .s3
        .get_object_attributes()
        .bucket(place.bucket)
        .key(place.key)
        .set_version_id(names.version(place.bucket, place.key, version))
        .object_attributes(ObjectAttributes::Etag)
        .object_attributes(ObjectAttributes::ObjectSize)
        .object_attributes(ObjectAttributes::StorageClass);
    answer!(get, it => json!({
        "etag": it.e_tag,
        "size": it.object_size,
        "class": it.storage_class.map(|class| class.as_str().to_owned()),
        "version": names.common("version", it.version_id.as_deref()),
    }))
}

pub(crate) async fn delete(side: &Side, place: Place, version: Version, names: &mut Names) -> Value {
    let id = names.version(place.bucket, place.key, version);
    let delete = side.s3.delete_object().bucket(place.bucket).key(place.key).set_version_id(id);
    answer!(delete, it => json!({
        "marker": it.delete_marker,
        "version": names.add_version(place.bucket, place.key, it.version_id.as_deref()),
    }))
}

pub(crate) async fn delete_all(side: &Side, bucket: &str, keys: &[&str], names: &mut Names) -> Value {
    let objects = keys.iter().map(|key| ObjectIdentifier::builder().key(*key).build().unwrap());
    let delete = Delete::builder().set_objects(Some(objects.collect())).build().unwrap();
    match side.s3.delete_objects().bucket(bucket).delete(delete).send().await {
        Ok(it) => {
            let deleted = it.deleted().iter().map(|deleted| {
                let key = deleted.key().unwrap_or_default();
                let marker = names.add_version(bucket, key, deleted.delete_marker_version_id());
                let version = names.common("version", deleted.version_id());
                json!({ "key": key, "marker": deleted.delete_marker(), "marker-version": marker, "version": version })
            });
            let deleted: Vec<_> = deleted.collect();
            let errors = it.errors().iter().map(|error| json!([error.key(), error.code()]));
            json!({ "deleted": deleted, "errors": errors.collect::<Vec<_>>() })
        }
        Err(error) => failure(&error),
    }
}

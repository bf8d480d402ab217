//! Uploads in parts: from `CreateMultipartUpload` to the object that `CompleteMultipartUpload` makes of them.

mod complete;
mod create;
mod list_parts;
mod list_uploads;
mod part;

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use s3s::dto::{Initiator, Owner};
use s3s::{S3ErrorCode, S3Result};

pub(crate) use complete::{abort, complete};
pub(crate) use create::create;
pub(crate) use list_parts::list_parts;
pub(crate) use list_uploads::list_uploads;
pub(crate) use part::{upload_part, upload_part_copy};

use super::acl::{Acl, owner_of};
use super::checksum::{Checksum, ChecksumAlgorithm, ChecksumKind};
use super::description::Description;
use super::error::{error, invalid_argument};
use super::object::Object;
use super::store::Bucket;
use crate::account::Accounts;

/// The highest number of a part.
const MAX_PART_NUMBER: u16 = 10_000;
/// The shortest part, the last one excepted: 5 MiB.
const MIN_PART: usize = 5 * 1024 * 1024;

/// How many finished uploads a bucket remembers.
const MAX_FINISHED: usize = 1000;

/// The uploads of a bucket.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    /// By key and upload id. Ids sort by their age.
    pub(super) unfinished: BTreeMap<(String, String), Upload>,
    finished: BTreeMap<String, Finished>,
}

/// An upload that is neither completed nor aborted.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) initiated: SystemTime,
    /// The canonical user id of who has created it.
    pub(super) initiator: String,
    /// That of the object to be.
    pub(super) acl: Option<Acl>,
    pub(super) description: Description,
    /// The checksum that the client asked for. Without one, S3 makes its own.
    pub(super) checksum: Option<(ChecksumAlgorithm, ChecksumKind)>,
    pub(super) parts: BTreeMap<u16, UploadedPart>,
}

/// A part as it was uploaded, or copied. Cheap to clone: the body is shared.
#[derive(Clone, Debug)]
pub(super) struct UploadedPart {
    pub(super) body: Bytes,
    pub(super) etag: String,
    pub(super) checksum: Option<Checksum>,
    pub(super) last_modified: SystemTime,
}

/// What an upload has become.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) key: String,
    /// Numbers and entity tags of the parts that were asked for.
    pub(super) parts: Vec<(u16, String)>,
    /// Without its bytes: it may have been overwritten since.
    pub(super) object: Object,
    /// `x-amz-expiration`, as it was then.
    pub(super) expiration: Option<String>,
}

impl Uploads {
    /// What a finished upload has become. Completing once more, as a client does that has lost the answer, gives the same
    /// answer.
    pub(super) fn finished(&self, id: &str) -> Option<&Finished> {
        self.finished.get(id)
    }

    pub(super) fn finish(&mut self, id: String, finished: Finished) {
        self.unfinished.remove(&(finished.key.clone(), id.clone()));
        self.finished.insert(id, finished);
        if self.finished.len() > MAX_FINISHED {
            // The oldest, since ids sort by their age.
            self.finished.pop_first();
        }
    }
}

impl Upload {
    /// The canonical user id of the owner of the object to be.
    fn owner(&self, bucket: &Bucket) -> String {
        bucket.acl_of(self.acl.as_ref()).owner
    }

    /// The storage class as listings show it.
    fn storage_class(&self) -> String {
        self.description.headers.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned())
    }
}

fn initiator_of(accounts: &Accounts, upload: &Upload) -> Initiator {
    let Owner { display_name, id } = owner_of(accounts, &upload.initiator);
    Initiator { display_name, id }
}

fn upload<'a>(bucket: &'a mut Bucket, key: &str, id: &str) -> S3Result<&'a mut Upload> {
    let place = (key.to_owned(), id.to_owned());
    bucket.uploads.unfinished.get_mut(&place).ok_or_else(|| error(S3ErrorCode::NoSuchUpload))
}

fn part_number(number: i32) -> S3Result<u16> {
    u16::try_from(number).ok().filter(|number| (1..=MAX_PART_NUMBER).contains(number)).ok_or_else(|| {
        let message = format!("Part number must be an integer between 1 and {MAX_PART_NUMBER}, inclusive");
        invalid_argument("partNumber", &number.to_string(), message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_only_the_last_finished_uploads() {
        let checksum = Checksum::of(ChecksumAlgorithm::Crc32, b"");
        let object =
            Object::new(Bytes::new(), crate::s3::ObjectHeaders::default(), checksum, SystemTime::UNIX_EPOCH);
        let mut uploads = Uploads::default();
        for number in 0..=MAX_FINISHED {
            let finished = Finished {
                key: "key".to_owned(),
                parts: Vec::new(),
                object: object.clone(),
                expiration: None,
            };
            uploads.finish(format!("{number:016x}"), finished);
        }
        assert!(uploads.finished(&format!("{:016x}", 0)).is_none());
        assert!(uploads.finished(&format!("{:016x}", 1)).is_some());
    }
}

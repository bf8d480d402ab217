//! What was done: the answer.

use serde::Serialize;

/// The answer, with an entry for every object under the prefix.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    /// How many pages the listing had.
    pub(crate) pages: u64,
    pub(crate) totals: Totals,
    /// In the order of the keys' UTF-8 bytes, as S3 lists them.
    pub(crate) objects: Vec<Entry>,
}

/// How many objects there were of each outcome, and the bytes of all thumbnails.
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) thumbnails: u64,
    pub(crate) thumbnail_bytes: u64,
    pub(crate) skipped: u64,
    pub(crate) denied: u64,
    pub(crate) failed: u64,
}

/// One object.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What became of an object.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It has a thumbnail.
    Thumbnail {
        /// The thumbnail's key.
        thumbnail: String,
        width: u32,
        height: u32,
        bytes: u64,
        original_width: u32,
        original_height: u32,
    },
    /// It needs none.
    Skipped { reason: String },
    /// The policy does not allow what it would take.
    Denied { operation: Operation },
    /// It should have one, but something went wrong.
    Failed { reason: String },
}

/// What was denied.
#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
pub(crate) enum Operation {
    GetObject,
    PutObject,
}

impl Report {
    /// One of nothing yet.
    pub(crate) fn new(bucket: &str, prefix: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
            pages: 0,
            totals: Totals::default(),
            objects: Vec::new(),
        }
    }

    /// Adds an object.
    pub(crate) fn add(&mut self, key: String, outcome: Outcome) {
        let totals = &mut self.totals;
        match &outcome {
            Outcome::Thumbnail { bytes, .. } => {
                totals.thumbnails += 1;
                totals.thumbnail_bytes += bytes;
            }
            Outcome::Skipped { .. } => totals.skipped += 1,
            Outcome::Denied { .. } => totals.denied += 1,
            Outcome::Failed { .. } => totals.failed += 1,
        }
        self.objects.push(Entry { key, outcome });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_counts_its_objects_by_outcome() {
        let mut report = Report::new("uploads", "in/");
        report.pages = 1;
        report.add(
            "in/a.jpg".to_owned(),
            Outcome::Thumbnail {
                thumbnail: "thumbs/a.jpg".to_owned(),
                width: 256,
                height: 171,
                bytes: 9,
                original_width: 640,
                original_height: 427,
            },
        );
        report.add("in/b.txt".to_owned(), Outcome::Skipped { reason: "not an image".to_owned() });
        report.add("in/c.jpg".to_owned(), Outcome::Denied { operation: Operation::GetObject });
        report.add("in/d.jpg".to_owned(), Outcome::Failed { reason: "no answer came in time".to_owned() });
        assert_eq!(
            serde_json::to_value(&report).unwrap(),
            json!({
                "bucket": "uploads",
                "prefix": "in/",
                "pages": 1,
                "totals": { "thumbnails": 1, "thumbnail_bytes": 9, "skipped": 1, "denied": 1, "failed": 1 },
                "objects": [
                    { "key": "in/a.jpg", "outcome": "thumbnail", "thumbnail": "thumbs/a.jpg", "width": 256, "height": 171,
                      "bytes": 9, "original_width": 640, "original_height": 427 },
                    { "key": "in/b.txt", "outcome": "skipped", "reason": "not an image" },
                    { "key": "in/c.jpg", "outcome": "denied", "operation": "GetObject" },
                    { "key": "in/d.jpg", "outcome": "failed", "reason": "no answer came in time" },
                ],
            })
        );
    }
}

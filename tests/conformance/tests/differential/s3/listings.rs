//! Listings, which are followed from page to page.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::operation::answer;
use crate::names::Names;
use crate::side::Side;

/// No listing of a trace has more pages.
const MOST_PAGES: usize = 60;

#[derive(Clone, Debug)]
pub(crate) struct Page {
    prefix: Option<&'static str>,
    delimiter: Option<&'static str>,
    most: Option<i32>,
    /// Where the first page begins, where it can be said.
    after: Option<&'static str>,
}

pub(crate) fn page() -> impl Strategy<Value = Page> {
    let page = (
        option::of(select(&["a", "a/", "b c", "none"][..])),
        option::of(select(&["/", "b"][..])),
        option::weighted(0.4, select(&[1, 2, 1000, 0][..])),
        option::weighted(0.3, select(&["a", "a/b", "a/", "zz"][..])),
    );
    page.prop_map(|(prefix, delimiter, most, after)| {
        // AWS does not say whether a common prefix is listed that the listing begins within.
        Page { prefix, delimiter, most, after: after.filter(|_| delimiter.is_none()) }
    })
}

/// The answer of the next page, or the failure in place of all.
macro_rules! next {
    ($request:expr, $pages:ident) => {{
        if $pages.len() == MOST_PAGES {
            return json!({ "error": "it does not end" });
        }
        match $request.send().await {
            Ok(output) => output,
            Err(error) => return $crate::side::failure(&error),
        }
    }};
}

macro_rules! prefixes {
    ($it:ident) => {
        $it.common_prefixes().iter().map(|prefix| prefix.prefix()).collect::<Vec<_>>()
    };
}

impl Page {
    fn texts(&self) -> [Option<String>; 3] {
        [self.prefix, self.delimiter, self.after].map(|text| text.map(str::to_owned))
    }

    /// How it was asked for pages, and what was on them in all.
    fn whole(pages: &[Value]) -> Value {
        let of = |name: &str| {
            let lists = pages.iter().filter_map(|page| page.get(name)?.as_array());
            lists.flatten().cloned().collect::<Vec<_>>()
        };
        json!({ "objects": of("objects"), "markers": of("markers"), "prefixes": of("prefixes"), "pages": pages })
    }

    pub(crate) async fn objects(self, side: &Side, bucket: &str) -> Value {
        let [prefix, delimiter, mut marker] = self.texts();
        let mut pages = Vec::new();
        loop {
            let list = side.s3.list_objects().bucket(bucket).set_prefix(prefix.clone());
            let list =
                list.set_delimiter(delimiter.clone()).set_max_keys(self.most).set_marker(marker.clone());
            let it = next!(list, pages);
            let objects =
                it.contents().iter().map(|it| json!([it.key(), it.size(), it.e_tag()])).collect::<Vec<_>>();
            pages.push(json!({
                "objects": objects, "prefixes": prefixes!(it), "truncated": it.is_truncated, "most": it.max_keys,
                "prefix": it.prefix, "delimiter": it.delimiter, "marker": it.marker, "next": it.next_marker,
            }));
            if it.is_truncated() != Some(true) {
                return Self::whole(&pages);
            }
            // Without a delimiter the last key is what to go on after.
            marker = it.next_marker.clone().or_else(|| Some(it.contents().last()?.key()?.to_owned()));
        }
    }

    pub(crate) async fn objects_v2(self, side: &Side, bucket: &str) -> Value {
        let [prefix, delimiter, after] = self.texts();
        let mut token = None;
        let mut pages = Vec::new();
        loop {
            let list = side.s3.list_objects_v2().bucket(bucket).set_prefix(prefix.clone());
            let list = list.set_delimiter(delimiter.clone()).set_max_keys(self.most);
            let list = list.set_start_after(after.clone()).set_continuation_token(token.take());
            let it = next!(list, pages);
            let objects =
                it.contents().iter().map(|it| json!([it.key(), it.size(), it.e_tag()])).collect::<Vec<_>>();
            pages.push(json!({
                "objects": objects, "prefixes": prefixes!(it), "truncated": it.is_truncated, "most": it.max_keys,
                "prefix": it.prefix, "delimiter": it.delimiter, "after": it.start_after, "count": it.key_count,
                "more": it.next_continuation_token.is_some(),
            }));
            token = it.next_continuation_token;
            if token.is_none() {
                return Self::whole(&pages);
            }
        }
    }

    pub(crate) async fn versions(self, side: &Side, bucket: &str, names: &mut Names) -> Value {
        let [prefix, delimiter, _] = self.texts();
        let (mut marker, mut id_marker) = (None, None);
        // moto's listing of nothing at all does not end.
        let most = self.most.filter(|most| *most > 0);
        let mut pages = Vec::new();
        loop {
            let list = side.s3.list_object_versions().bucket(bucket).set_prefix(prefix.clone());
            let list = list.set_delimiter(delimiter.clone()).set_max_keys(most);
            let list = list.set_key_marker(marker.take()).set_version_id_marker(id_marker.take());
            let it = next!(list, pages);
            let versions = it.versions().iter().map(|it| {
                json!([
                    it.key(),
                    names.common("version", it.version_id()),
                    it.is_latest(),
                    it.size(),
                    it.e_tag()
                ])
            });
            let versions: Vec<_> = versions.collect();
            let markers = it
                .delete_markers()
                .iter()
                .map(|it| json!([it.key(), names.common("version", it.version_id()), it.is_latest()]))
                .collect::<Vec<_>>();
            pages.push(json!({
                "objects": versions, "markers": markers, "prefixes": prefixes!(it), "truncated": it.is_truncated,
                "prefix": it.prefix, "delimiter": it.delimiter, "most": it.max_keys,
                "next": it.next_key_marker, "next-id": names.common("version", it.next_version_id_marker.as_deref()),
            }));
            if it.is_truncated != Some(true) {
                return Self::whole(&pages);
            }
            (marker, id_marker) = (it.next_key_marker, it.next_version_id_marker);
        }
    }

    /// The first page alone: moto has one.
    pub(crate) async fn uploads(self, side: &Side, bucket: &str, names: &mut Names) -> Value {
        let [prefix, delimiter, _] = self.texts();
        let list =
            side.s3.list_multipart_uploads().bucket(bucket).set_prefix(prefix).set_delimiter(delimiter);
        answer!(list, it => {
            let uploads = it.uploads().iter().map(|it| json!([it.key(), names.common("upload", it.upload_id())]));
            // Of one key in the order of their beginning, which two may share.
            let mut uploads: Vec<_> = uploads.collect();
            uploads.sort_by_key(Value::to_string);
            json!({ "uploads": uploads, "prefixes": prefixes!(it), "truncated": it.is_truncated })
        })
    }
}

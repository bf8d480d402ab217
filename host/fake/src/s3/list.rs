use std::ops::Bound;
use std::sync::Arc;

use s3s::S3Result;

use super::error::invalid_argument;
use super::object::Object;
use super::store::Objects;

/// What a listing asks for, of either version of `ListObjects`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Listing<'a> {
    pub(crate) prefix: &'a str,
    /// Never empty: S3 takes an empty delimiter for none.
    pub(crate) delimiter: Option<&'a str>,
    /// Only entries after this key or common prefix.
    pub(crate) after: &'a str,
    /// The most entries to answer with, objects and common prefixes together.
    pub(crate) max: usize,
}

/// One page of a listing.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) contents: Vec<(String, T)>,
    pub(crate) common_prefixes: Vec<String>,
    /// The key, or the common prefix, at the end of the page if more follow: where the next page starts.
    pub(crate) next: Option<String>,
}

/// The most entries on a page; more may be asked for, and this many come.
const MAX_PAGE: i32 = 1000;

/// How many entries a page is to have, as the answer repeats it and as a length. `argument` is AWS's name for it.
pub(crate) fn page_size(argument: &str, requested: Option<i32>) -> S3Result<(i32, usize)> {
    let size = requested.unwrap_or(MAX_PAGE).min(MAX_PAGE);
    let length = usize::try_from(size).map_err(|_| {
        let message = format!("Argument {argument} must be an integer between 0 and 2147483647");
        invalid_argument(argument, &size.to_string(), message)
    })?;
    Ok((size, length))
}

impl Listing<'_> {
    pub(crate) fn page(self, objects: &Objects) -> Page<Arc<Object>> {
        let start =
            if self.after < self.prefix { Bound::Included(self.prefix) } else { Bound::Excluded(self.after) };
        let objects = objects.range::<str, _>((start, Bound::Unbounded));
        self.page_of(objects.map(|(key, object)| (key.as_str(), Arc::clone(object))))
    }

    /// A page of anything that goes by key, from the first item on that is not before the page. A key may have several.
    pub(crate) fn page_of<'a, T>(self, items: impl Iterator<Item = (&'a str, T)>) -> Page<T> {
        let mut page = Page { contents: Vec::new(), common_prefixes: Vec::new(), next: None };
        // A page of nothing is complete, or a client would ask for the next one for ever.
        if self.max == 0 {
            return page;
        }
        let mut last: Option<String> = None;
        for (key, item) in items {
            let Some(rest) = key.strip_prefix(self.prefix) else { break };
            let rolled_up = self.delimiter.and_then(|delimiter| {
                let end = rest.find(delimiter)? + self.prefix.len() + delimiter.len();
                key.get(..end)
            });
            if let Some(common) = rolled_up {
                // Everything below a prefix that an earlier entry or page has already named. A marker inside of a
                // prefix does not hide it: that prefix has not been answered yet.
                if common == self.after || last.as_deref() == Some(common) {
                    continue;
                }
            }
            if page.contents.len() + page.common_prefixes.len() == self.max {
                page.next = last;
                break;
            }
            if let Some(common) = rolled_up {
                page.common_prefixes.push(common.to_owned());
                last = Some(common.to_owned());
            } else {
                page.contents.push((key.to_owned(), item));
                last = Some(key.to_owned());
            }
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::SystemTime;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::s3::checksum::{Checksum, ChecksumAlgorithm};
    use crate::s3::object::ObjectHeaders;

    fn objects<'a>(keys: impl IntoIterator<Item = &'a str>) -> Objects {
        let checksum = Checksum::of(ChecksumAlgorithm::Crc32, b"");
        let object = Object::new(Bytes::new(), ObjectHeaders::default(), checksum, SystemTime::UNIX_EPOCH);
        let object = Arc::new(object);
        keys.into_iter().map(|key| (key.to_owned(), Arc::clone(&object))).collect()
    }

    /// Every entry of a listing, page by page.
    fn walk(
        objects: &Objects,
        prefix: &str,
        delimiter: Option<&str>,
        max: usize,
    ) -> (Vec<String>, Vec<String>) {
        let (mut keys, mut prefixes, mut after) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = Listing { prefix, delimiter, after: &after, max }.page(objects);
            assert!(page.contents.len() + page.common_prefixes.len() <= max);
            keys.extend(page.contents.into_iter().map(|(key, _)| key));
            prefixes.extend(page.common_prefixes);
            match page.next {
                Some(next) => after = next,
                None => return (keys, prefixes),
            }
        }
    }

    #[test]
    fn rolls_keys_up_at_the_delimiter() {
        let objects = objects(["a", "b/1", "b/2", "c/d/1", "c/e"]);
        let (keys, prefixes) = walk(&objects, "", Some("/"), 1);
        assert_eq!(keys, ["a"]);
        assert_eq!(prefixes, ["b/", "c/"]);
        let (keys, prefixes) = walk(&objects, "c/", Some("/"), 1000);
        assert_eq!(keys, ["c/e"]);
        assert_eq!(prefixes, ["c/d/"]);
    }

    #[test]
    fn a_start_inside_of_a_prefix_still_answers_the_prefix() {
        let objects = objects(["a/1", "a/2", "b"]);
        let page =
            Listing { delimiter: Some("/"), after: "a/1", max: 10, ..Listing::default() }.page(&objects);
        assert_eq!(page.common_prefixes, ["a/"]);
    }

    #[test]
    fn a_page_of_nothing_is_the_last() {
        let page = Listing { max: 0, ..Listing::default() }.page(&objects(["a"]));
        assert!(page.contents.is_empty() && page.next.is_none());
    }

    #[test]
    fn a_page_that_ends_exactly_is_the_last() {
        let page = Listing { max: 2, ..Listing::default() }.page(&objects(["a", "b"]));
        assert_eq!(page.contents.len(), 2);
        assert_eq!(page.next, None);
    }

    proptest! {
        #[test]
        fn pages_together_are_the_sorted_keys(keys in prop::collection::btree_set("[a-c/é]{1,5}", 0..40), prefix in "[a-c/]{0,2}", max in 1usize..5) {
            let objects = objects(keys.iter().map(String::as_str));
            let (listed, prefixes) = walk(&objects, &prefix, None, max);
            let expected: Vec<_> = keys.into_iter().filter(|key| key.starts_with(&prefix)).collect();
            prop_assert_eq!(listed, expected);
            prop_assert!(prefixes.is_empty());
        }

        #[test]
        fn roll_up_agrees_with_a_naive_model(
            keys in prop::collection::btree_set("[a-b/-]{1,6}", 0..40),
            prefix in "[a-b/]{0,2}",
            delimiter in "(/|-|a/|é)",
            max in 1usize..5,
        ) {
            let objects = objects(keys.iter().map(String::as_str));
            let (mut contents, mut common) = (BTreeSet::new(), BTreeSet::new());
            for key in keys.iter().filter(|key| key.starts_with(&prefix)) {
                match key[prefix.len()..].split_once(&delimiter) {
                    Some((head, _)) => common.insert(format!("{prefix}{head}{delimiter}")),
                    None => contents.insert(key.clone()),
                };
            }
            let (keys, prefixes) = walk(&objects, &prefix, Some(&delimiter), max);
            prop_assert_eq!(keys, contents.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(prefixes, common.into_iter().collect::<Vec<_>>());
        }
    }
}

//! What is stored with a thumbnail, so that one can tell what it was made of.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// S3 takes user metadata of so many bytes, names and values together.
const MOST: usize = 2048;

/// A value of user metadata is printable ASCII. The rest of a key, and `%` itself, is written as in a URL; so are spaces, which may not
/// stand at either end.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The user metadata of a thumbnail.
pub(crate) fn metadata(
    key: &str,
    etag: Option<&str>,
    original_width: u32,
    original_height: u32,
) -> Vec<(String, String)> {
    let mut metadata = vec![
        ("original-width".to_owned(), original_width.to_string()),
        ("original-height".to_owned(), original_height.to_string()),
    ];
    if let Some(etag) = etag {
        metadata.push(("source-etag".to_owned(), etag.to_owned()));
    }
    // A key has up to 1,024 bytes, which can come to three times as many here. Then the thumbnail's own key has to do.
    let source = ("source-key".to_owned(), utf8_percent_encode(key, ENCODED).to_string());
    let length = |(name, value): &(String, String)| name.len() + value.len();
    if metadata.iter().map(length).sum::<usize>() + length(&source) <= MOST {
        metadata.push(source);
    }
    metadata
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_thumbnail_names_its_source() {
        let metadata = metadata("incoming/ä b.jpg", Some("\"abc\""), 640, 427);
        let value = |name: &str| metadata.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str());
        assert_eq!(value("source-key"), Some("incoming/%C3%A4%20b.jpg"));
        assert_eq!(value("source-etag"), Some("\"abc\""));
        assert_eq!(value("original-width"), Some("640"));
        assert_eq!(value("original-height"), Some("427"));
    }

    #[test]
    fn a_key_that_does_not_fit_is_left_out() {
        let names = |key: &str| metadata(key, None, 1, 1).into_iter().map(|pair| pair.0).collect::<Vec<_>>();
        assert!(names(&"a".repeat(1024)).contains(&"source-key".to_owned()));
        assert!(!names(&"ä".repeat(512)).contains(&"source-key".to_owned()));
    }

    proptest! {
        #[test]
        fn any_key_gives_metadata_that_s3_takes(key in "\\PC{0,512}") {
            let metadata = metadata(&key, None, u32::MAX, u32::MAX);
            let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(bytes <= MOST);
            for (_, value) in metadata {
                prop_assert!(value.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{}", value);
            }
        }
    }
}

//! Whether a document of XML has come to its end.
//!
//! The SDK's parser takes the end of the bytes for the end of every element that is open. A listing that was cut short on its way, where
//! the connection does not show it, would be one with fewer keys, and the error that S3 puts into an answer that began as a success would
//! be none.

/// How much of the beginning is kept: a declaration, and the name of the root with its attributes.
const HEAD: usize = 1_024;

/// How much of the end is kept: the end tag of the root.
const TAIL: usize = 256;

/// The beginning and the end of a document.
#[derive(Debug, Default)]
pub(crate) struct XmlEnds {
    head: Vec<u8>,
    /// The last bytes, and at times more than are needed.
    tail: Vec<u8>,
}

impl XmlEnds {
    /// Takes the next bytes of the document.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let missing = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend(bytes.iter().take(missing));
        self.tail.extend(bytes.iter().skip(bytes.len().saturating_sub(TAIL)));
        let spare = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..spare);
    }

    /// Whether the root is closed by the last bytes. What is empty or no XML is whole: it is for the parser to say what it is.
    pub(crate) fn is_whole(&self) -> bool {
        let Some(start) = root(self.head.trim_ascii_start()) else {
            return self.head.trim_ascii_start().first() != Some(&b'<');
        };
        let name = start.split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')).next();
        let name = name.unwrap_or_default();
        let Some(last) = self.tail.trim_ascii_end().strip_suffix(b">") else { return false };
        // `</Name>`, or the `<Name/>` of a root without content.
        let closed = last.trim_ascii_end().strip_suffix(name).is_some_and(|before| before.ends_with(b"</"));
        let start_tag = start.split(|byte| *byte == b'>').next().unwrap_or_default();
        !name.is_empty() && (closed || (start_tag.ends_with(b"/") && last.ends_with(b"/")))
    }
}

/// What is behind the `<` of the root: behind declarations, comments and a document type.
fn root(mut text: &[u8]) -> Option<&[u8]> {
    text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    loop {
        text = text.trim_ascii_start().strip_prefix(b"<")?;
        if !matches!(text.first(), Some(b'?' | b'!')) {
            return Some(text);
        }
        let end = text.iter().position(|byte| *byte == b'>')?;
        text = text.get(end + 1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole(text: &str, piece: usize) -> bool {
        let mut ends = XmlEnds::default();
        text.as_bytes().chunks(piece).for_each(|bytes| ends.push(bytes));
        ends.is_whole()
    }

    #[test]
    fn a_document_is_whole_when_its_root_is_closed() {
        let long =
            format!("<?xml version=\"1.0\"?>\n<Page xmlns=\"x\">{}</Page>", "<Key>k</Key>".repeat(1_000));
        for text in [
            "",
            " \n",
            "not xml",
            "{\"json\": 1}",
            "<Page/>",
            "<Page xmlns=\"x\" />\n",
            "<Page></Page>",
            "<Page></Page >\r\n",
            "  <?xml version=\"1.0\"?>\n<!-- a comment -->\n<Page a=\"b\"><Page></Page></Page>",
            "\u{feff}<Page></Page>",
            &long,
        ] {
            for piece in [1, 7, 10_000] {
                assert!(is_whole(text, piece), "{text:.60} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_document_is_not_whole_before_that() {
        let long = format!("<Page>{}", "<Key>k</Key>".repeat(1_000));
        for text in [
            "<",
            "<Page",
            "<Page>",
            "<Page><Key>k</Key>",
            "<Page></Pag",
            "<Page></Page",
            "<Page><Empty/>",
            "<Page></Other>",
            "<?xml version=\"1.0\"?>",
            "<!DOCTYPE",
            &long,
        ] {
            for piece in [1, 7, 10_000] {
                assert!(!is_whole(text, piece), "{text:.60} in pieces of {piece}");
            }
        }
    }
}

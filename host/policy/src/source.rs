//! Where a rule or a mistake stands: a manifest's text, a place in it, and a message about it.

mod diagnostic;

use std::{fmt, ops::Range, sync::Arc};

pub use diagnostic::{Colour, Diagnostic, Diagnostics, nearest};

/// The text of a manifest or policy document, with the name by which messages call it. Cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<Inner>);

struct Inner {
    file: Arc<str>,
    text: Box<str>,
    /// The byte at which each line begins. Never empty: the first line begins at 0.
    lines: Box<[usize]>,
}

impl Source {
    /// Takes a text, and the file name that messages show for it. The file is not opened.
    pub fn new(file: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into().into_boxed_str();
        let lines = std::iter::once(0)
            .chain(text.bytes().zip(1..).filter_map(|(b, next)| (b == b'\n').then_some(next)));
        Self(Arc::new(Inner { file: file.into().into(), lines: lines.collect(), text }))
    }

    /// The file name, as it was given.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The line and column of a byte. A byte behind the end stands for the end, one inside a character for the character.
    pub fn locate(&self, byte: usize) -> Location {
        let byte = self.floor(byte);
        let line = self.0.lines.partition_point(|&start| start <= byte);
        let start = line.checked_sub(1).and_then(|index| self.0.lines.get(index)).copied().unwrap_or(0);
        let column = self.text().get(start..byte).map_or(0, |before| before.chars().count()) + 1;
        Location { file: Arc::clone(&self.0.file), line, column }
    }

    /// The text between two bytes, widened to whole characters and cut at the end of the text.
    pub fn slice(&self, span: Range<usize>) -> &str {
        let span = self.clamp(span);
        self.text().get(span).unwrap_or_default()
    }

    /// One line, counted from 1, without its line break.
    pub fn line(&self, line: usize) -> Option<&str> {
        let start = *self.0.lines.get(line.checked_sub(1)?)?;
        self.text().get(start..)?.lines().next().or(Some(""))
    }

    /// The nearest span that is wholly inside the text and on character boundaries.
    fn clamp(&self, span: Range<usize>) -> Range<usize> {
        let start = self.floor(span.start);
        let mut end = span.end.clamp(start, self.text().len());
        while !self.text().is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    fn floor(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text().len());
        while !self.text().is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }
}

/// Shows the file name only: a manifest may hold what should not be in a log.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("file", &self.file()).finish_non_exhaustive()
    }
}

/// A place in a file. `Display` is `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file's name, as it was given to [`Source::new`].
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters (Unicode scalar values), counted from 1.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(source: &Source, byte: usize) -> (usize, usize) {
        let Location { line, column, .. } = source.locate(byte);
        (line, column)
    }

    #[test]
    fn counts_lines_and_columns_from_one() {
        let source = Source::new("a.toml", "ab\ncd\n");
        assert_eq!(place(&source, 0), (1, 1));
        assert_eq!(place(&source, 2), (1, 3));
        assert_eq!(place(&source, 3), (2, 1));
        assert_eq!(source.locate(4).to_string(), "a.toml:2:2");
        assert_eq!(place(&source, 6), (3, 1));
    }

    #[test]
    fn counts_columns_in_characters() {
        let source = Source::new("a.toml", "é€x");
        assert_eq!(place(&source, 5), (1, 3));
        assert_eq!(place(&source, 1), (1, 1), "inside a character");
    }

    #[test]
    fn stays_inside_the_text() {
        let source = Source::new("a.toml", "é");
        assert_eq!(place(&source, usize::MAX), (1, 2));
        assert_eq!(source.slice(1..1), "é", "a span inside a character covers it");
        assert_eq!(source.slice(0..1), "é");
        assert_eq!(source.slice(5..9), "");
        assert_eq!(place(&Source::new("a.toml", ""), 0), (1, 1));
    }

    #[test]
    fn finds_a_line_without_its_break() {
        let source = Source::new("a.toml", "ab\r\ncd\n");
        assert_eq!(source.line(1), Some("ab"));
        assert_eq!(source.line(2), Some("cd"));
        assert_eq!(source.line(3), Some(""));
        assert_eq!(source.line(0), None);
        assert_eq!(source.line(4), None);
    }
}

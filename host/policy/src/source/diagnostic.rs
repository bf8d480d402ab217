use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Location, Source};
use crate::text::quoted;

/// What is wrong with a manifest or policy document, where, and what to do about it.
///
/// `Display` is one line, `file:line:column: message`; [`render`](Self::render) shows the line itself, with a caret.
#[derive(Clone)]
pub struct Diagnostic(Box<Inner>);

#[derive(Clone)]
struct Inner {
    message: String,
    place: Option<Place>,
    label: Option<String>,
    help: Option<String>,
}

#[derive(Clone)]
struct Place {
    source: Source,
    span: Range<usize>,
    location: Location,
}

/// Whether a rendered diagnostic carries ANSI colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// Plain text, for files, pipes and logs.
    #[default]
    Never,
    /// ANSI escape sequences, for terminals.
    Always,
}

impl Diagnostic {
    /// A message about no place in particular, such as a file that cannot be read.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner { message: message.into(), place: None, label: None, help: None }))
    }

    /// A message about the bytes `span` of a source. A span that leaves the text is cut at its end.
    pub fn at(source: &Source, span: Range<usize>, message: impl Into<String>) -> Self {
        let span = source.clamp(span);
        let place = Place { source: source.clone(), location: source.locate(span.start), span };
        Self(Box::new(Inner { message: message.into(), place: Some(place), label: None, help: None }))
    }

    /// What the TOML parser found wrong with a source, at the place that it names.
    ///
    /// For an unknown key, the help names the known key that is nearest, or all of them.
    pub fn from_toml(source: &Source, error: &toml::de::Error) -> Self {
        // The parser's messages may have several lines; `Display` here is one.
        let message = error.message().split('\n').map(str::trim).collect::<Vec<_>>().join(", ");
        // Of tables within tables without end the parser says no more than that it gives up: that is about the whole document.
        let span = error.span().unwrap_or(0..0);
        match unknown_key(&message).map(|(key, known)| known_keys(key, &known)) {
            Some(help) => Self::at(source, span, message).with_help(help),
            None => Self::at(source, span, message),
        }
    }

    /// An unknown key at the bytes `span` of a source, with the nearest known key as help.
    pub fn unknown_key(source: &Source, span: Range<usize>, key: &str, known: &[&str]) -> Self {
        Self::at(source, span, format!("unknown key {}", quoted(key))).with_help(known_keys(key, known))
    }

    /// Says what to do next, in a line of its own.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Puts a few words beside the caret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.0.label = Some(label.into());
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it is wrong.
    pub fn location(&self) -> Option<&Location> {
        self.0.place.as_ref().map(|place| &place.location)
    }

    /// The bytes of the source that are wrong.
    pub fn span(&self) -> Option<Range<usize>> {
        self.0.place.as_ref().map(|place| place.span.clone())
    }

    /// The line of the source in which the mistake begins.
    pub fn source_line(&self) -> Option<&str> {
        let place = self.0.place.as_ref()?;
        place.source.line(place.location.line)
    }

    /// What to do next.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The message with the source's line, a caret under the mistake, and the help, over several lines and without a final
    /// line break.
    pub fn render(&self, colour: Colour) -> String {
        let title = Level::ERROR.primary_title(self.message());
        let help = self.help().map(|help| Level::HELP.message(help));
        let group = match &self.0.place {
            Some(Place { source, span, .. }) => {
                let annotation = AnnotationKind::Primary.span(span.clone()).label(self.0.label.as_deref());
                title.element(Snippet::source(source.text()).path(source.file()).annotation(annotation))
            }
            None => title.elements(std::iter::empty::<annotate_snippets::Message<'_>>()),
        };
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        };
        renderer.render(&[group.elements(help)])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location() {
            Some(location) => write!(f, "{location}: {}", self.message()),
            None => f.write_str(self.message()),
        }
    }
}

impl fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Diagnostic")
            .field("message", &self.message())
            .field("location", &self.location())
            .field("help", &self.help())
            .finish()
    }
}

impl std::error::Error for Diagnostic {}

/// All that is wrong with one document: one diagnostic or more, in the order in which they were found.
///
/// `Display` is one line each.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    first: Diagnostic,
    rest: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Takes what was found, or `None` if nothing was.
    pub fn from_found(found: impl IntoIterator<Item = Diagnostic>) -> Option<Self> {
        let mut found = found.into_iter();
        Some(Self { first: found.next()?, rest: found.collect() })
    }

    /// The one that was found first.
    pub fn first(&self) -> &Diagnostic {
        &self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// Each with its snippet, with an empty line between them.
    pub fn render(&self, colour: Colour) -> String {
        self.iter().map(|diagnostic| diagnostic.render(colour)).collect::<Vec<_>>().join("\n\n")
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(first: Diagnostic) -> Self {
        Self { first, rest: Vec::new() }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::iter::Chain<std::iter::Once<Diagnostic>, std::vec::IntoIter<Diagnostic>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.first).chain(self.rest)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first.fmt(f)?;
        self.rest.iter().try_for_each(|diagnostic| write!(f, "\n{diagnostic}"))
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate that a mistyped word most likely stands for, without regard to case; none if all are too far from it.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        // A third of the word may be wrong, as in rustc: beyond that a suggestion is more a riddle than a help.
        .filter(|&(distance, candidate)| {
            distance <= word.chars().count().max(candidate.chars().count()).div_ceil(3)
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

fn known_keys(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!(
            "known here: {}",
            known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The key and the known keys of serde's message about an unknown field, which is the only form in which it hands them on.
/// What is made of them is help for a person: whether it is an error never hangs on the text.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let (key, rest) = message.strip_prefix("unknown field `")?.split_once("`, expected ")?;
    Some((key, rest.split('`').skip(1).step_by(2).collect()))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Manifest {
        #[expect(dead_code, reason = "only the errors of reading it are looked at")]
        region: Option<String>,
        #[expect(dead_code, reason = "only the errors of reading it are looked at")]
        profile: Option<String>,
    }

    fn read(text: &str) -> Diagnostic {
        let source = Source::new("innkeeper.toml", text);
        Diagnostic::from_toml(&source, &toml::from_str::<Manifest>(text).unwrap_err())
    }

    #[test]
    fn shows_one_line_with_the_place() {
        let source = Source::new("innkeeper.toml", "[aws]\nregion = 1\n");
        let diagnostic = Diagnostic::at(&source, 15..16, "`region` is a string");
        assert_eq!(diagnostic.to_string(), "innkeeper.toml:2:10: `region` is a string");
        assert_eq!(diagnostic.source_line(), Some("region = 1"));
        assert_eq!(diagnostic.span(), Some(15..16));
        assert_eq!(Diagnostic::new("no such file").to_string(), "no such file");
    }

    #[test]
    fn renders_the_line_a_caret_and_the_help() {
        let source = Source::new("innkeeper.toml", "[aws]\nregion = 1\n");
        let diagnostic = Diagnostic::at(&source, 15..16, "`region` is a string")
            .with_label("not a string")
            .with_help("put it in quotes");
        let expected = "\
error: `region` is a string
 --> innkeeper.toml:2:10
  |
2 | region = 1
  |          ^ not a string
  |
  = help: put it in quotes";
        assert_eq!(diagnostic.render(Colour::Never), expected);
        assert!(diagnostic.render(Colour::Always).contains("\u{1b}["));
    }

    #[test]
    fn renders_without_a_place() {
        let diagnostic = Diagnostic::new("cannot read `a.toml`").with_help("is it there?");
        let rendered = diagnostic.render(Colour::Never);
        assert!(rendered.starts_with("error: cannot read `a.toml`"), "{rendered}");
        assert!(rendered.contains("help: is it there?"), "{rendered}");
    }

    #[test]
    fn names_the_nearest_known_key() {
        let diagnostic = read("regoin = \"eu-west-1\"\n");
        assert_eq!(diagnostic.location().map(|at| (at.line, at.column)), Some((1, 1)));
        assert_eq!(
            diagnostic.to_string(),
            "innkeeper.toml:1:1: unknown field `regoin`, expected `region` or `profile`"
        );
        assert_eq!(diagnostic.help(), Some("did you mean `region`?"));
        assert_eq!(read("colour = 1\n").help(), Some("known here: `region`, `profile`"));
    }

    #[test]
    fn keeps_the_place_of_a_syntax_error() {
        let diagnostic = read("region = \n");
        assert_eq!(diagnostic.location().map(|at| at.line), Some(1));
        assert!(!diagnostic.message().contains('\n'));
    }

    #[test]
    fn survives_spans_that_leave_the_text() {
        for text in ["", "\n", "é", "a\r\nb", "\u{feff}a", "\t\u{7}"] {
            let source = Source::new("a", text);
            for span in [0..0, 0..99, 1..1, 99..99, usize::MAX..usize::MAX] {
                let diagnostic = Diagnostic::at(&source, span, "wrong");
                assert!(diagnostic.render(Colour::Never).contains("wrong"));
            }
        }
    }

    #[test]
    fn suggests_nothing_that_is_far_away() {
        assert_eq!(nearest("s3:GetObjekt", ["s3:GetObject", "s3:PutObject"]), Some("s3:GetObject"));
        assert_eq!(nearest("S3:GETOBJECT", ["s3:GetObject"]), Some("s3:GetObject"));
        assert_eq!(nearest("banana", ["s3:GetObject"]), None);
    }
}

mod relation;

use std::cmp::Ordering;

/// A compiled pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// These bytes.
    Literal(Box<[u8]>),
    /// `?`: one character.
    One(Scope),
    /// `*`: any characters, or none.
    Many(Scope),
}

/// How far a wildcard reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Over everything.
    Text,
    /// Up to the next colon, so that it stays in its field of an ARN.
    Field,
}

/// A policy variable that cannot be honoured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VariableError {
    /// It has no closing brace.
    #[error("the policy variable has no closing `}}`")]
    Unclosed,
    /// It stands for a value that the host does not know.
    #[error("the policy variable {} has no value here, as a guest has no user name, tags or session", crate::text::quoted(.0))]
    Unknown(String),
}

impl Glob {
    /// Appends a pattern: `*`, `?`, IAM's escapes `${*}`, `${?}` and `${$}` for the characters themselves, and literal text.
    ///
    /// `last` is how far a `*` reaches that ends the pattern, `scope` how far every other wildcard does.
    pub(crate) fn push(&mut self, pattern: &str, scope: Scope, last: Scope) -> Result<(), VariableError> {
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            rest = match c {
                '*' => {
                    self.push_many(if after.is_empty() { last } else { scope });
                    after
                }
                '?' => {
                    self.tokens.push(Token::One(scope));
                    after
                }
                '$' if let Some(variable) = after.strip_prefix('{') => {
                    let (character, after) = escaped(variable)?;
                    self.push_literal(character);
                    after
                }
                _ => {
                    // The first character is literal whatever it is; a `$` that opens no variable is one, too.
                    let end = after.find(['*', '?', '$']).map_or(rest.len(), |at| at + c.len_utf8());
                    let (literal, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                    self.push_literal(literal);
                    after
                }
            };
        }
        Ok(())
    }

    /// Appends text that stands for itself.
    pub(crate) fn push_literal(&mut self, text: &str) {
        if let Some(Token::Literal(literal)) = self.tokens.last_mut() {
            *literal = [literal, text.as_bytes()].concat().into();
        } else if !text.is_empty() {
            self.tokens.push(Token::Literal(text.as_bytes().into()));
        }
    }

    /// Several stars in a row are one: the widest of them.
    fn push_many(&mut self, scope: Scope) {
        match self.tokens.last_mut() {
            Some(Token::Many(Scope::Text)) => {}
            Some(Token::Many(last)) => *last = scope,
            _ => self.tokens.push(Token::Many(scope)),
        }
    }

    /// Whether the pattern is text only.
    pub(crate) fn is_literal(&self) -> bool {
        self.tokens.iter().all(|token| matches!(token, Token::Literal(_)))
    }

    /// Whether the pattern is `*`.
    pub(crate) fn is_any(&self) -> bool {
        matches!(self.tokens.as_slice(), [Token::Many(Scope::Text)])
    }

    /// Whether the pattern's own text has this character.
    pub(crate) fn has_literal(&self, byte: u8) -> bool {
        self.literals().any(|literal| literal.contains(&byte))
    }

    /// The pattern's pieces of text, in order.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Literal(literal) => Some(&**literal),
            Token::One(_) | Token::Many(_) => None,
        })
    }

    /// The text with which every match begins.
    pub(crate) fn prefix(&self) -> &[u8] {
        match self.tokens.first() {
            Some(Token::Literal(literal)) => literal,
            _ => &[],
        }
    }

    /// Whether the pattern matches the text that the segments make up together. Allocates nothing, and takes time in
    /// proportion to the length of the text times that of the pattern at most.
    pub(crate) fn matches(&self, segments: &[&str]) -> bool {
        // After a mismatch the last star takes one character more. Earlier stars need not be tried again: what follows one
        // was found at the first place possible, which leaves the most for the rest. A star that is bound to its field can
        // only move up to the next colon; then the last star before it that is not bound moves on.
        let (mut tokens, mut text) = (self.tokens.as_slice(), Cursor::new(segments));
        let (mut wide, mut bound) = (None, None);
        loop {
            let step = match tokens.split_first() {
                Some((Token::Many(Scope::Text), [])) => return true,
                Some((Token::Many(Scope::Text), rest)) => {
                    (wide, bound) = (Some((rest, text)), None);
                    Some((rest, text))
                }
                Some((Token::Many(Scope::Field), rest)) => {
                    bound = Some((rest, text));
                    Some((rest, text))
                }
                Some((Token::Literal(literal), rest)) => text.literal(literal).map(|text| (rest, text)),
                Some((Token::One(scope), rest)) => text.character(*scope).map(|text| (rest, text)),
                None if text.is_end() => return true,
                None => None,
            };
            let step = step.or_else(|| {
                bound = bound.and_then(|(rest, from)| Some((rest, from.character(Scope::Field)?)));
                bound
            });
            let step = step.or_else(|| {
                wide = wide.and_then(|(rest, from)| Some((rest, from.character(Scope::Text)?)));
                wide
            });
            match step {
                Some(step) => (tokens, text) = step,
                None => return false,
            }
        }
    }
}

/// The character that an escape such as `${*}` stands for, and what is behind it; `variable` is what is behind the brace.
fn escaped(variable: &str) -> Result<(&str, &str), VariableError> {
    match variable.split_once('}').ok_or(VariableError::Unclosed)? {
        (character @ ("*" | "?" | "$"), after) => Ok((character, after)),
        (other, _) => Err(VariableError::Unknown(format!("${{{other}}}"))),
    }
}

/// The text of a value in which `*` and `?` stand for themselves, but IAM's escapes do not.
pub(crate) fn literal(value: &str) -> Result<String, VariableError> {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, variable)) = rest.split_once("${") {
        let (character, after) = escaped(variable)?;
        text.extend([before, character]);
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// How the text that the segments make up together compares with `start`, looking at no more of it than `start` is long:
/// `Equal` if it begins with it. In the order of bytes.
pub(crate) fn compare_start(segments: &[&str], start: &[u8]) -> Ordering {
    let mut expected = start;
    for segment in segments {
        if expected.is_empty() {
            break;
        }
        let (head, rest) = expected.split_at(segment.len().min(expected.len()));
        let (found, _) = segment.as_bytes().split_at(head.len());
        match found.cmp(head) {
            Ordering::Equal => expected = rest,
            different => return different,
        }
    }
    if expected.is_empty() { Ordering::Equal } else { Ordering::Less }
}

/// A place in the text that some segments make up together.
#[derive(Clone, Copy)]
struct Cursor<'s, 'a> {
    current: &'a [u8],
    rest: &'s [&'a str],
}

impl<'s, 'a> Cursor<'s, 'a> {
    fn new(segments: &'s [&'a str]) -> Self {
        Self { current: &[], rest: segments }.settled()
    }

    /// Moves on to a segment that has something left.
    fn settled(mut self) -> Self {
        while self.current.is_empty()
            && let Some((next, rest)) = self.rest.split_first()
        {
            (self.current, self.rest) = (next.as_bytes(), rest);
        }
        self
    }

    fn is_end(self) -> bool {
        self.current.is_empty()
    }

    /// Behind this text, if it stands here.
    fn literal(mut self, mut literal: &[u8]) -> Option<Self> {
        while !literal.is_empty() {
            let length = literal.len().min(self.current.len());
            let (expected, more) = literal.split_at_checked(length)?;
            let (found, left) = self.current.split_at_checked(length)?;
            if length == 0 || expected != found {
                return None;
            }
            self.current = left;
            self = self.settled();
            literal = more;
        }
        Some(self)
    }

    /// Behind the character that stands here, if there is one and the scope does not end before it.
    fn character(mut self, scope: Scope) -> Option<Self> {
        let &first = self.current.first()?;
        if scope == Scope::Field && first == b':' {
            return None;
        }
        // A segment is a `str`, so no character is spread over two of them.
        let length = match first {
            0x00..=0x7f => 1,
            0x80..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
        };
        self.current = self.current.get(length..).unwrap_or_default();
        Some(self.settled())
    }
}

/// The pattern that matches exactly this text.
pub(crate) fn escape(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '*' => pattern.push_str("${*}"),
            '?' => pattern.push_str("${?}"),
            '$' if characters.peek() == Some(&'{') => pattern.push_str("${$}"),
            c => pattern.push(c),
        }
    }
    pattern
}

#[cfg(test)]
mod tests;

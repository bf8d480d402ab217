//! How two patterns stand to each other: whether one stands for all that the other does, whether they have a text in common.

use super::{Glob, Scope, Token};

/// One step of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Character(char),
    One(Scope),
    Many(Scope),
}

impl Glob {
    /// Whether the pattern stands for every text that the other stands for. Never `true` where it does not; where wildcards of
    /// both take turns it may be `false` although it does.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let (wide, narrow) = (self.symbols(), other.symbols());
        // `covered[j]`: whether the rest of `wide` covers the rest of `narrow` from its symbol `j` on.
        let mut covered: Vec<bool> = (0..=narrow.len()).map(|j| j == narrow.len()).collect();
        for symbol in wide.iter().rev() {
            let behind = covered;
            covered = vec![false; narrow.len() + 1];
            for j in (0..=narrow.len()).rev() {
                let next = narrow.get(j);
                let is_covered = match symbol {
                    Symbol::Many(scope) => {
                        at(&behind, j)
                            || (next.is_some_and(|next| next.stays_in(*scope)) && at(&covered, j + 1))
                    }
                    Symbol::One(scope) => {
                        let is_one = next
                            .is_some_and(|next| !matches!(next, Symbol::Many(_)) && next.stays_in(*scope));
                        is_one && at(&behind, j + 1)
                    }
                    Symbol::Character(_) => next == Some(symbol) && at(&behind, j + 1),
                };
                if let Some(place) = covered.get_mut(j) {
                    *place = is_covered;
                }
            }
        }
        at(&covered, 0)
    }

    /// Whether there is a text that both stand for.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (left, right) = (self.symbols(), other.symbols());
        let is_empty =
            |rest: Option<&[Symbol]>| rest.is_some_and(|rest| rest.iter().all(|symbol| symbol.is_many()));
        // `common[j]`: whether the rest of `left` and the rest of `right` from its symbol `j` on have a text in common.
        let mut common: Vec<bool> = (0..=right.len()).map(|j| is_empty(right.get(j..))).collect();
        for (i, symbol) in left.iter().enumerate().rev() {
            let behind = common;
            common = vec![false; right.len() + 1];
            for j in (0..=right.len()).rev() {
                let next = right.get(j);
                let is_common = match (symbol, next) {
                    (_, None) => is_empty(left.get(i..)),
                    (Symbol::Many(_), Some(Symbol::Many(_))) => at(&behind, j) || at(&common, j + 1),
                    (Symbol::Many(scope), Some(next)) => {
                        at(&behind, j) || (next.can_stay_in(*scope) && at(&common, j + 1))
                    }
                    (one, Some(Symbol::Many(scope))) => {
                        at(&common, j + 1) || (one.can_stay_in(*scope) && at(&behind, j))
                    }
                    (one, Some(next)) => one.can_be(*next) && at(&behind, j + 1),
                };
                if let Some(place) = common.get_mut(j) {
                    *place = is_common;
                }
            }
        }
        at(&common, 0)
    }

    fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for token in &self.tokens {
            match token {
                // A literal is cut from a text between characters.
                Token::Literal(bytes) => {
                    symbols.extend(String::from_utf8_lossy(bytes).chars().map(Symbol::Character));
                }
                Token::One(scope) => symbols.push(Symbol::One(*scope)),
                Token::Many(scope) => symbols.push(Symbol::Many(*scope)),
            }
        }
        symbols
    }
}

impl Symbol {
    const fn is_many(self) -> bool {
        matches!(self, Self::Many(_))
    }

    /// Whether all that it stands for lies within a scope.
    fn stays_in(self, scope: Scope) -> bool {
        scope == Scope::Text
            || match self {
                Self::Character(c) => c != ':',
                Self::One(own) | Self::Many(own) => own == Scope::Field,
            }
    }

    /// Whether something that it stands for lies within a scope.
    fn can_stay_in(self, scope: Scope) -> bool {
        scope == Scope::Text || self != Self::Character(':')
    }

    /// Whether two symbols for one character have one in common.
    fn can_be(self, other: Self) -> bool {
        match (self, other) {
            (Self::Character(c), Self::Character(d)) => c == d,
            (one @ Self::Character(_), Self::One(scope) | Self::Many(scope))
            | (Self::One(scope) | Self::Many(scope), one @ Self::Character(_)) => one.can_stay_in(scope),
            (Self::One(_) | Self::Many(_), Self::One(_) | Self::Many(_)) => true,
        }
    }
}

fn at(row: &[bool], index: usize) -> bool {
    row.get(index).copied().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str) -> Glob {
        let mut glob = Glob::default();
        glob.push(pattern, Scope::Text, Scope::Text).unwrap();
        glob
    }

    /// With wildcards that stay in their field, but for a star at the end.
    fn field(pattern: &str) -> Glob {
        let mut glob = Glob::default();
        glob.push(pattern, Scope::Field, Scope::Text).unwrap();
        glob
    }

    #[test]
    fn covers_what_it_stands_for_altogether() {
        for (wide, narrow) in [
            ("*", ""),
            ("*", "a*?b"),
            ("a*", "a/b*"),
            ("a?c", "abc"),
            ("a*c", "a?b*c"),
            ("a", "a"),
            ("*a*", "a*a"),
        ] {
            assert!(glob(wide).covers(&glob(narrow)), "{wide} {narrow}");
        }
        for (wide, narrow) in
            [("", "*"), ("a*", "*"), ("a?c", "a*c"), ("a/b", "a/"), ("a*c", "a*"), ("?", "*"), ("a", "A")]
        {
            assert!(!glob(wide).covers(&glob(narrow)), "{wide} {narrow}");
        }
        assert!(!field("a*:b").covers(&glob("a:c:b")) && field("a*:b").covers(&field("ac*:b")));
        assert!(!field("a*:b").covers(&glob("a*:b")));
    }

    #[test]
    fn overlaps_where_a_text_is_both() {
        for (left, right) in [("*", ""), ("a*", "*b"), ("a?", "?b"), ("*a*", "*b*"), ("", "**")] {
            assert!(glob(left).overlaps(&glob(right)) && glob(right).overlaps(&glob(left)), "{left} {right}");
        }
        for (left, right) in [("a*", "b*"), ("a", "ab"), ("?", ""), ("a*b", "a*c"), ("é", "?e")] {
            assert!(
                !glob(left).overlaps(&glob(right)) && !glob(right).overlaps(&glob(left)),
                "{left} {right}"
            );
        }
        assert!(!field("*:b").overlaps(&glob("a:a:b")) && !field("*:b").overlaps(&glob("*:a:b")));
    }

    proptest! {
        #[test]
        fn what_is_said_of_two_patterns_holds_for_every_text(
            left in "[ab:*?]{0,6}", right in "[ab:*?]{0,6}", text in "[ab:]{0,6}",
            left_scope in any::<bool>(), right_scope in any::<bool>(),
        ) {
            let make = |pattern: &str, bound: bool| if bound { field(pattern) } else { glob(pattern) };
            let (left, right) = (make(&left, left_scope), make(&right, right_scope));
            let (in_left, in_right) = (left.matches(&[&text]), right.matches(&[&text]));
            if left.covers(&right) {
                prop_assert!(in_left || !in_right);
                prop_assert!(left.overlaps(&right) || !in_right);
            }
            if in_left && in_right {
                prop_assert!(left.overlaps(&right) && right.overlaps(&left));
            }
            prop_assert!(left.covers(&left));
        }
    }
}

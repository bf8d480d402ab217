use super::{Compiled, Polarity, Rule, RulePattern};
use crate::{condition::Facts, pattern::compare_start, request::Request};

/// The rules of some statements, found by the text with which their resource patterns begin, so that a decision looks at the
/// few patterns that begin as the resource does and not at all of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Sorted by `start`, each once.
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    /// The text up to the first wildcard.
    start: Box<[u8]>,
    /// The node with the longest `start` that this one's begins with.
    parent: Option<usize>,
    /// In the manifest's order.
    rules: Vec<Candidate>,
}

/// A statement, and one of its resource patterns, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    statement: usize,
    resource: usize,
}

impl Index {
    pub(super) fn new(statements: &[Compiled]) -> Self {
        let mut starts: Vec<(&[u8], Candidate)> = Vec::new();
        for (statement, compiled) in statements.iter().enumerate() {
            match compiled.resource_patterns.polarity {
                Polarity::Only => {
                    for (resource, entry) in compiled.resource_patterns.entries.iter().enumerate() {
                        starts.push((entry.pattern.start(), Candidate { statement, resource }));
                    }
                }
                Polarity::AllBut => starts.push((&[], Candidate { statement, resource: 0 })),
            }
        }
        starts.sort();

        let mut nodes: Vec<Node> = Vec::new();
        for (start, rule) in starts {
            if let Some(last) = nodes.last_mut().filter(|last| *last.start == *start) {
                last.rules.push(rule);
                continue;
            }
            let mut parent = nodes.len().checked_sub(1);
            while let Some(node) = parent.and_then(|index| nodes.get(index)) {
                if start.starts_with(&node.start) {
                    break;
                }
                parent = node.parent;
            }
            nodes.push(Node { start: start.into(), parent, rules: vec![rule] });
        }
        Self { nodes }
    }

    /// The rules that match a request.
    pub(super) fn matching<'p>(
        &'p self,
        statements: &'p [Compiled],
        request: &Request<'_>,
        facts: Facts<'_>,
    ) -> impl Iterator<Item = Rule<'p>> {
        let about = self.about(statements, request);
        about.filter(move |rule| rule.unmet(&facts).is_none())
    }

    /// The rules about a request's action and resource, whether or not their conditions hold: those first that begin with most of the resource, and of these the first written.
    pub(super) fn about<'p>(
        &'p self,
        statements: &'p [Compiled],
        request: &Request<'_>,
    ) -> impl Iterator<Item = Rule<'p>> {
        let segments = request.resource.segments();
        // Whatever the resource begins with sorts at or before it, and the last node to do so begins with all the others.
        let behind = self.nodes.partition_point(|node| compare_start(&segments, &node.start).is_ge());
        let nearest = behind.checked_sub(1).and_then(|index| self.nodes.get(index));
        let nodes = std::iter::successors(nearest, |node| self.nodes.get(node.parent?));
        let action = request.action;
        nodes.flat_map(|node| &node.rules).filter_map(move |candidate| {
            let statement = statements.get(candidate.statement)?;
            if !statement.actions.contains(action) {
                return None;
            }
            let resource = match statement.resource_patterns.polarity {
                Polarity::Only => {
                    let entry = statement.resource_patterns.entries.get(candidate.resource)?;
                    entry.pattern.matches(&segments).then(|| RulePattern::from(entry))?
                }
                Polarity::AllBut => statement.standing_for(&segments)?,
            };
            Some(Rule::new(statement, statement.naming(action)?, resource))
        })
    }
}

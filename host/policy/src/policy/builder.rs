use std::ops::Range;

use toml::Spanned;

use super::{Compiled, Entry, List, Polarity, Policy, Statements};
use crate::{
    action::{Action, ActionSet},
    condition::{Condition, ConditionKey},
    pattern::{ActionPattern, ResourcePattern, ResourceTypes},
    source::{Diagnostic, Diagnostics, Source, nearest},
    statement::{Effect, Patterns, Spelling, Statement, read_document},
    text::quoted,
};

/// Checks a guest's statements and compiles them into its [`Policy`]. Without statements everything is denied, and without
/// [`provides`](Self::provides) conditions can ask about the operation and the guest alone.
///
/// What can never match is an error, since it is not what its author meant: an unknown action, a pattern that names no
/// action, a malformed ARN, a resource that none of the statement's actions could be done on, an action that could be done
/// on none of its resources, a condition on what none of its actions carries, an empty list. So is what the host does not
/// enforce.
#[derive(Debug)]
pub struct PolicyBuilder {
    guest: String,
    provided: Vec<ConditionKey>,
    quotas: Vec<String>,
    written: Vec<Written>,
    found: Vec<Diagnostic>,
}

/// A statement that is still to be checked.
#[derive(Debug)]
struct Written {
    effect: Effect,
    statement: Spanned<Statement>,
    source: Source,
    spelling: Spelling,
}

impl PolicyBuilder {
    pub(super) fn new(guest: String) -> Self {
        Self { guest, provided: Vec::new(), quotas: Vec::new(), written: Vec::new(), found: Vec::new() }
    }

    /// Promises that the host fills these keys into the [`Context`](crate::Context) of every request that can carry them. A
    /// condition on a key that only the host knows, and that it did not promise, is an error: otherwise a denial that asks
    /// for it would never apply.
    pub fn provides(&mut self, keys: impl IntoIterator<Item = ConditionKey>) -> &mut Self {
        self.provided.extend(keys);
        self
    }

    /// The names of the quotas that statements can name. To name another is an error.
    pub fn quotas(&mut self, names: impl IntoIterator<Item = impl Into<String>>) -> &mut Self {
        self.quotas.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds a statement that was read from `source`. What is wrong with it is an error of [`build`](Self::build).
    pub fn statement(
        &mut self,
        effect: Effect,
        statement: &Spanned<Statement>,
        source: &Source,
    ) -> &mut Self {
        let (statement, source) = (statement.clone(), source.clone());
        self.written.push(Written { effect, statement, source, spelling: Spelling::Toml });
        self
    }

    /// Adds the statements of an IAM policy document in JSON. What is wrong with it is an error of [`build`](Self::build).
    ///
    /// `Id` and `Sid` mean nothing here; `Principal` is an error, and so is a name that stands twice.
    pub fn document(&mut self, source: &Source) -> &mut Self {
        for (effect, statement) in read_document(source, &mut self.found) {
            self.written.push(Written {
                effect,
                statement,
                source: source.clone(),
                spelling: Spelling::Json,
            });
        }
        self
    }

    /// The policy.
    ///
    /// # Errors
    ///
    /// Everything that was wrong with the statements. There is no policy then: to leave a statement out could be to leave
    /// out a denial.
    pub fn build(self) -> Result<Policy, Diagnostics> {
        let mut found = self.found;
        let (mut allows, mut denies) = (Vec::new(), Vec::new());
        for Written { effect, statement, source, spelling } in &self.written {
            let mut checker = Checker {
                source,
                spelling: *spelling,
                provided: &self.provided,
                quotas: &self.quotas,
                found: &mut found,
            };
            match (checker.statement(*effect, statement), effect) {
                (Some(compiled), Effect::Allow) => allows.push(compiled),
                (Some(compiled), Effect::Deny) => denies.push(compiled),
                (None, _) => {}
            }
        }
        match Diagnostics::from_found(found) {
            Some(diagnostics) => Err(diagnostics),
            None => Ok(Policy {
                guest: self.guest,
                asks_about_existing_tags: allows
                    .iter()
                    .chain(&denies)
                    .any(Compiled::asks_about_existing_tags),
                denies: Statements::new(denies),
                allows: Statements::new(allows),
                stand_in_account: None,
            }),
        }
    }
}

struct Checker<'a> {
    source: &'a Source,
    spelling: Spelling,
    provided: &'a [ConditionKey],
    quotas: &'a [String],
    found: &'a mut Vec<Diagnostic>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`, as written.
#[derive(Clone, Copy)]
struct Element<'a> {
    name: &'static str,
    polarity: Polarity,
    patterns: &'a Patterns,
}

impl Checker<'_> {
    /// The statement, compiled, or `None` if something was found to be wrong with it.
    fn statement(&mut self, effect: Effect, spanned: &Spanned<Statement>) -> Option<Compiled> {
        let statement = spanned.get_ref();
        let span = spanned.span();
        let actions = self.element(
            self.spelling.actions(),
            statement.actions.as_ref(),
            statement.not_actions.as_ref(),
            &span,
        );
        let resources = self.element(
            self.spelling.resources(),
            statement.resources.as_ref(),
            statement.not_resources.as_ref(),
            &span,
        );
        // Both lists are looked at, whatever is wrong with the other.
        let action_patterns = actions.and_then(|actions| {
            self.list(actions, |text| match ActionPattern::parse(text) {
                Ok(pattern) => Ok(pattern.actions),
                Err(error) => Err((error.to_string(), error.help())),
            })
        });
        let resource_patterns = resources.and_then(|resources| {
            self.list(resources, |text| {
                ResourcePattern::parse(text).map_err(|error| (error.to_string(), error.help()))
            })
        });
        let (actions, action_patterns) = (actions?, action_patterns?);
        let (resources, resource_patterns) = (resources?, resource_patterns?);

        let named: ActionSet = action_patterns.entries.iter().map(|entry| entry.pattern).collect();
        let set = match action_patterns.polarity {
            Polarity::Only => named,
            Polarity::AllBut => named.complement(),
        };
        let conditions = self.conditions(statement, set);
        let quota = self.quota(effect, statement);
        self.fit(set, (actions, &action_patterns), (resources, &resource_patterns))?;
        Some(Compiled {
            effect,
            location: self.source.locate(span.start),
            actions: set,
            action_patterns,
            resource_patterns,
            conditions: conditions?,
            quota: quota?,
        })
    }

    /// The quota that the statement names, if it does.
    #[expect(
        clippy::option_option,
        reason = "the outer one is whether it is sound, as for every other element"
    )]
    fn quota(&mut self, effect: Effect, statement: &Statement) -> Option<Option<String>> {
        let Some(written) = &statement.quota else { return Some(None) };
        let name = written.get_ref();
        if effect == Effect::Deny {
            return self.wrong(
                written.span(),
                "a quota is on what is allowed: a `deny` has none".into(),
                None,
            );
        }
        if self.quotas.contains(name) {
            return Some(Some(name.clone()));
        }
        let help = nearest(name, self.quotas.iter().map(String::as_str));
        let help = help.map(|near| format!("did you mean `{near}`?"));
        self.wrong(written.span(), format!("the guest has no quota {}", quoted(name)), help)
    }

    /// The one of an element's two forms that is written.
    fn element<'s>(
        &mut self,
        [name, not_name]: [&'static str; 2],
        only: Option<&'s Patterns>,
        all_but: Option<&'s Patterns>,
        statement: &Range<usize>,
    ) -> Option<Element<'s>> {
        match (only, all_but) {
            (Some(patterns), None) => Some(Element { name, polarity: Polarity::Only, patterns }),
            (None, Some(patterns)) => Some(Element { name: not_name, polarity: Polarity::AllBut, patterns }),
            (Some(_), Some(all_but)) => {
                let message = format!("a statement has `{name}` or `{not_name}`, not both");
                self.wrong(all_but.span(), message, None)
            }
            (None, None) => {
                let message = format!("the statement has no `{name}`");
                let help = format!("name them in `{name}`, or all but them in `{not_name}`");
                // The statement's first line is enough: its other lines are not what is wrong.
                let end = self.source.slice(statement.clone()).lines().next().map_or(0, str::len);
                self.wrong(statement.start..statement.start + end, message, Some(help))
            }
        }
    }

    fn list<T>(
        &mut self,
        Element { name, polarity, patterns }: Element<'_>,
        parse: impl Fn(&str) -> Result<T, (String, Option<String>)>,
    ) -> Option<List<T>> {
        if patterns.get_ref().is_empty() {
            let message = format!("`{name}` is empty, so the statement could never match");
            return self.wrong(
                patterns.span(),
                message,
                Some("name something, or remove the statement".into()),
            );
        }
        let mut entries = Vec::with_capacity(patterns.get_ref().len());
        for text in patterns.get_ref() {
            match parse(text.get_ref()) {
                Ok(pattern) => entries.push(self.entry(text.get_ref().clone(), text.span(), pattern)),
                Err((message, help)) => {
                    self.wrong::<()>(text.span(), message, help);
                }
            }
        }
        let whole = self.entry(self.source.slice(patterns.span()).to_owned(), patterns.span(), ());
        (entries.len() == patterns.get_ref().len()).then_some(List { name, polarity, whole, entries })
    }

    fn entry<T>(&self, text: String, span: Range<usize>, pattern: T) -> Entry<T> {
        Entry { text, location: self.source.locate(span.start), pattern }
    }

    fn conditions(&mut self, statement: &Statement, actions: ActionSet) -> Option<Vec<Condition>> {
        let mut conditions: Vec<Condition> = Vec::with_capacity(statement.condition.len());
        for written in statement.condition.iter() {
            match Condition::compile(self.source, written, actions, self.provided) {
                Ok(condition) if conditions.iter().any(|other| other.is_same(&condition)) => {
                    let message = format!("{} stands here twice", quoted(written.key.get_ref()));
                    return self.wrong(written.key.span(), message, None);
                }
                Ok(condition) => conditions.push(condition),
                Err(diagnostic) => self.found.push(diagnostic),
            }
        }
        (conditions.len() == statement.condition.len()).then_some(conditions)
    }

    /// Refuses a resource that fits none of the actions, and an action that fits none of the resources.
    fn fit(
        &mut self,
        set: ActionSet,
        (written_actions, actions): (Element<'_>, &List<ActionSet>),
        (written_resources, resources): (Element<'_>, &List<ResourcePattern>),
    ) -> Option<()> {
        const NOTHING_LEFT: &str = "nothing is left, so the statement could never match";
        let before = self.found.len();
        let types: Vec<ResourceTypes> = resources.entries.iter().map(|entry| entry.pattern.types()).collect();
        let fits = |action: Action, types: &ResourceTypes| types.contains(action.resource_type());

        if set.is_empty() {
            self.wrong::<()>(written_actions.patterns.span(), NOTHING_LEFT.into(), None);
        } else if resources.polarity == Polarity::AllBut {
            // Whatever is kept out, something else is left for each action, unless it is all.
            if resources.entries.iter().any(|entry| entry.pattern.is_all()) {
                self.wrong::<()>(written_resources.patterns.span(), NOTHING_LEFT.into(), None);
            }
        } else {
            for (text, types) in written_resources.patterns.get_ref().iter().zip(&types) {
                if !set.iter().any(|action| fits(action, types)) {
                    let kind = types.first().map_or("nothing", |kind| kind.form());
                    let message = format!(
                        "{} could never match: none of these actions is about {kind}",
                        quoted(text.get_ref())
                    );
                    self.wrong::<()>(text.span(), message, Some(format!("they are about {}", forms(set))));
                }
            }
            let is_about = |action| types.iter().any(|types| fits(action, types));
            for (text, entry) in written_actions.patterns.get_ref().iter().zip(&actions.entries) {
                if actions.polarity == Polarity::Only && !entry.pattern.iter().any(is_about) {
                    let message = format!(
                        "{} could never match: it is about none of these resources",
                        quoted(text.get_ref())
                    );
                    let help = format!("it is about {}", forms(entry.pattern));
                    self.wrong::<()>(text.span(), message, Some(help));
                }
            }
        }
        (self.found.len() == before).then_some(())
    }

    fn wrong<T>(&mut self, span: Range<usize>, message: String, help: Option<String>) -> Option<T> {
        let diagnostic = Diagnostic::at(self.source, span, message);
        self.found.push(help.into_iter().fold(diagnostic, Diagnostic::with_help));
        None
    }
}

/// What the resources of some actions look like, each kind once.
fn forms(actions: ActionSet) -> String {
    let mut forms = Vec::new();
    for action in actions.iter() {
        let form = action.resource_type().form();
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms.join(" and ")
}

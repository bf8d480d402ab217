//! What went wrong, as it is told to a person: `error:` with its causes, and `help:` with what to do next.

mod aws;
mod component;

use std::error::Error as StdError;
use std::fmt;
use std::io::Write as _;
use std::path::Path;

use innkeeper::manifest::ManifestError;
use innkeeper::policy::source::nearest;
use innkeeper::policy::{Colour, Diagnostics};
use innkeeper::{CallError, Error, GuestBacktrace};
use innkeeper_testing::{NotReady, ResolveError};
use serde::Serialize;

use crate::exit::Exit;
use crate::style::{ERROR, FAINT, HELP, styled};
use crate::text::{visible, visible_lines};

/// Why the command did not do what it was asked to, and the exit code that says so.
#[derive(Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    message: Message,
    causes: Vec<String>,
    /// Functions of the guest, innermost first.
    backtrace: Vec<String>,
    help: Vec<String>,
}

#[derive(Debug)]
enum Message {
    /// Further lines, if there are any, are set in.
    Line(String),
    /// What a guest says of itself, over several lines.
    Reported { title: String, text: String },
    /// What is wrong with a manifest, with its lines.
    Diagnostics(Diagnostics),
}

/// A failure as the JSON documents have it.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct FailureDocument {
    kind: &'static str,
    exit_code: u8,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    backtrace: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    help: Vec<String>,
}

impl Failure {
    /// A message, of one line as a rule.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::of(exit, Message::Line(message.into()))
    }

    /// An error, with all of its sources as causes.
    pub(crate) fn because(exit: Exit, error: &(dyn StdError + 'static)) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        failure.add_causes(error);
        failure
    }

    /// What was to be done, with an error and its sources as causes.
    pub(crate) fn doing(exit: Exit, what: impl Into<String>, error: &(dyn StdError + 'static)) -> Self {
        let mut failure = Self::new(exit, what);
        failure.0.causes.push(error.to_string());
        failure.add_causes(error);
        failure
    }

    /// Why a guest of a manifest cannot be made ready.
    pub(crate) fn of_guest(error: Error, manifest: &Path) -> Self {
        match error {
            Error::Component(error) => component::failure_of_guest(&error, manifest),
            error => error.into(),
        }
    }

    /// What is wrong with a file, with its lines.
    pub(crate) fn diagnostics(exit: Exit, diagnostics: Diagnostics) -> Self {
        Self::of(exit, Message::Diagnostics(diagnostics))
    }

    /// Why a function of a fake's seed that is a guest of a manifest cannot be run: what is wrong with the guest, and who wants it.
    pub(crate) fn of_function(error: ResolveError, manifest: &Path) -> Self {
        let who = error.to_string();
        match error {
            ResolveError::Guest { source, .. } => Self::of_guest(*source, manifest).with_cause(who),
            error => Self::because(Exit::Fake, &error),
        }
    }

    /// Why a guest could not be called on a fake.
    pub(crate) fn not_ready(error: NotReady, manifest: &Path) -> Self {
        match error {
            NotReady::Guest(error) => Self::of_guest(error, manifest),
            NotReady::Function(error) => Self::of_function(error, manifest),
            error => Self::because(Exit::Fake, &error),
        }
    }

    /// Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
    }

    /// A cause, in one line or several.
    pub(crate) fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.0.causes.push(cause.into());
        self
    }

    /// What to do next.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.0.help.push(help.into());
        self
    }

    /// How the process is to end.
    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    /// The message in one line, without causes and help.
    pub(crate) fn message(&self) -> String {
        match &self.0.message {
            Message::Line(line) => line.clone(),
            Message::Reported { title, text } => format!("{title}: {text}"),
            Message::Diagnostics(diagnostics) => diagnostics.to_string(),
        }
    }

    /// The failure for the JSON documents.
    pub(crate) fn document(&self) -> FailureDocument {
        let mut help = self.0.help.clone();
        if let Message::Diagnostics(diagnostics) = &self.0.message {
            help.extend(diagnostics.iter().filter_map(|diagnostic| diagnostic.help().map(str::to_owned)));
        }
        FailureDocument {
            kind: self.0.exit.kind(),
            exit_code: self.0.exit.code(),
            message: self.message(),
            causes: self.0.causes.clone(),
            backtrace: self.0.backtrace.clone(),
            help,
        }
    }

    /// Tells it on standard error.
    pub(crate) fn print(&self) {
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{self}");
    }

    fn of(exit: Exit, message: Message) -> Self {
        Self(Box::new(Inner { exit, message, causes: Vec::new(), backtrace: Vec::new(), help: Vec::new() }))
    }

    fn add_causes(&mut self, error: &(dyn StdError + 'static)) {
        let mut next = error.source();
        while let Some(source) = next {
            let text = source.to_string();
            // Some libraries repeat their source in their message.
            if self.0.causes.last() != Some(&text) && !self.message().ends_with(&text) {
                self.0.causes.push(text);
            }
            next = source.source();
        }
    }
}

/// Over several lines, without a final line break.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = styled(ERROR, "error:");
        match &self.0.message {
            Message::Line(text) => {
                let mut lines = text.lines();
                write!(f, "{title} {}", visible(lines.next().unwrap_or_default()))?;
                lines.try_for_each(|line| write!(f, "\n  {}", visible(line)))?;
            }
            Message::Reported { title: what, text } => match text.lines().nth(1) {
                None => write!(f, "{title} {}: {}", visible(what), visible(text.trim_end()))?,
                Some(_) => write!(f, "{title} {}:\n{}", visible(what), visible_lines(text, "  | "))?,
            },
            // They carry their own `error:` and `help:`.
            Message::Diagnostics(diagnostics) => f.write_str(&diagnostics.render(Colour::Always))?,
        }
        for cause in &self.0.causes {
            for (number, line) in cause.lines().enumerate() {
                let lead = if number == 0 { "caused by: " } else { "           " };
                write!(f, "\n  {}{}", styled(FAINT, lead), visible(line))?;
            }
        }
        for (depth, frame) in self.0.backtrace.iter().enumerate() {
            write!(
                f,
                "\n  {}",
                styled(FAINT, fmt::from_fn(|f| write!(f, "{depth:>3}: {}", visible(frame))))
            )?;
        }
        for help in &self.0.help {
            write!(f, "\n{} ", styled(HELP, "help:"))?;
            for (number, line) in help.lines().enumerate() {
                write!(f, "{}{}", if number == 0 { "" } else { "\n      " }, visible(line))?;
            }
        }
        Ok(())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Manifest(error) => error.into(),
            Error::UnknownGuest { name, manifest, known } => unknown_guest(&name, &manifest, &known),
            Error::Component(error) => component::failure(&error),
            Error::Aws(error) => aws::failure(&error),
            Error::Wasi(error) => Self::because(Exit::Manifest, &*error),
            error @ Error::Cache { .. } => Self::because(Exit::Io, &error),
            error => Self::because(Exit::Machine, &error),
        }
    }
}

impl From<innkeeper::aws::Error> for Failure {
    fn from(error: innkeeper::aws::Error) -> Self {
        aws::failure(&error)
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Invalid(diagnostics) => {
                Self::of(Exit::Manifest, Message::Diagnostics(diagnostics))
            }
            ManifestError::Read { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
                Self::new(Exit::Manifest, format!("there is no manifest `{}`", path.display())).with_help(
                    "name one with `--manifest PATH`, or go to the folder that holds `innkeeper.toml`",
                )
            }
            ManifestError::Read { path, source } if source.kind() == std::io::ErrorKind::IsADirectory => {
                let file = path.join("innkeeper.toml");
                Self::new(Exit::Manifest, format!("`{}` is a folder and no manifest", path.display()))
                    .with_help(format!("name the file, as in `--manifest {}`", file.display()))
            }
            error => Self::because(Exit::Manifest, &error),
        }
    }
}

impl From<innkeeper::ComponentError> for Failure {
    fn from(error: innkeeper::ComponentError) -> Self {
        component::failure(&error)
    }
}

fn unknown_guest(name: &str, manifest: &str, known: &[String]) -> Failure {
    let failure = Failure::new(Exit::Manifest, format!("`{manifest}` has no guest `{name}`"));
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match nearest(name, known.iter().map(String::as_str)) {
        _ if known.is_empty() => {
            failure.with_help("it has no guest at all; a guest is a section `[guest.NAME]`")
        }
        Some(near) if known.len() > 1 => failure.with_help(format!("did you mean `{near}`? There are {all}")),
        Some(near) => failure.with_help(format!("did you mean `{near}`?")),
        None => failure.with_help(format!("it has {all}")),
    }
}

/// What a call of the guest `name` ended with.
pub(crate) fn of_call(name: &str, error: &CallError) -> Failure {
    match error {
        CallError::Reported(text) => {
            let title = format!("guest `{name}` reports");
            let text =
                if text.trim().is_empty() { "a failure, without a word".to_owned() } else { text.clone() };
            Failure::of(Exit::Guest, Message::Reported { title, text })
        }
        CallError::Exit { status, .. } => {
            Failure::new(Exit::Guest, format!("guest `{name}` exited with status {status}"))
        }
        CallError::Limit { limit, backtrace } => {
            let failure = Failure::new(Exit::Limit, format!("guest `{name}` reached its limit: {limit}"));
            failure.with_backtrace(backtrace).with_help(format!(
                "if it needs more, raise `{}` in `[guest.{name}.limits]` of the manifest",
                limit.key()
            ))
        }
        CallError::Trap { reason, backtrace } => {
            Failure::new(Exit::Trap, format!("guest `{name}` trapped: {reason}")).with_backtrace(backtrace)
        }
        error => Failure::because(Exit::Trap, error),
    }
}

impl Failure {
    fn with_backtrace(mut self, backtrace: &GuestBacktrace) -> Self {
        self.0.backtrace = backtrace.frames().to_vec();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(failure: &Failure) -> String {
        anstream::adapter::strip_str(&failure.to_string()).to_string()
    }

    #[test]
    fn an_unknown_guest_is_told_the_nearest_and_all() {
        let known = ["report".to_owned(), "thumbnailer".to_owned()];
        let failure = unknown_guest("thumbnailr", "m.toml", &known);
        assert_eq!(
            plain(&failure),
            "error: `m.toml` has no guest `thumbnailr`\n\
             help: did you mean `thumbnailer`? There are `report`, `thumbnailer`"
        );
        let far = unknown_guest("x", "m.toml", &known);
        assert!(plain(&far).ends_with("help: it has `report`, `thumbnailer`"), "{}", plain(&far));
    }

    #[test]
    fn what_a_guest_reports_cannot_forge_a_line() {
        let failure =
            of_call("g", &CallError::Reported("bad input\nhelp: give me \u{1b}[31mkeys".to_owned()));
        assert_eq!(
            plain(&failure),
            "error: guest `g` reports:\n  | bad input\n  | help: give me \\u{1b}[31mkeys"
        );
        assert_eq!(failure.exit(), Exit::Guest);
        let failure = of_call("g", &CallError::Reported("no `bucket` in the input\n".to_owned()));
        assert_eq!(plain(&failure), "error: guest `g` reports: no `bucket` in the input");
        let failure = of_call("g", &CallError::Reported(String::new()));
        assert_eq!(plain(&failure), "error: guest `g` reports: a failure, without a word");
    }

    #[test]
    fn a_limit_names_the_key_to_raise() {
        let limit = innkeeper::Limit::Memory { bytes: 64 << 20 };
        let failure = of_call("g", &CallError::Limit { limit, backtrace: GuestBacktrace::default() });
        assert_eq!(
            plain(&failure),
            "error: guest `g` reached its limit: memory, 64.0 MiB\n\
             help: if it needs more, raise `memory` in `[guest.g.limits]` of the manifest"
        );
        assert_eq!(failure.exit(), Exit::Limit);
    }

    #[test]
    fn causes_stand_below_each_other() {
        let io = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let failure = Failure::doing(Exit::Io, "cannot read `in.json`", &io).with_help("one\ntwo");
        assert_eq!(
            plain(&failure),
            "error: cannot read `in.json`\n  caused by: no such file\nhelp: one\n      two"
        );
    }
}

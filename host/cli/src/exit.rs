//! How the process ends.

use std::fmt::Write as _;
use std::process::ExitCode;

/// The exit codes of `innkeeper`. They are part of its interface: a code keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Exit {
    /// What was asked for was done. A call that the policy denied and the guest coped with is no failure.
    Success = 0,
    /// The guest ran to its end and reports a failure.
    Guest = 1,
    /// The command line makes no sense. The code that `clap` uses.
    Usage = 2,
    /// The manifest cannot be read, is wrong, or has no guest of that name.
    Manifest = 3,
    /// The component cannot be read, or is none that this host can run.
    Component = 4,
    /// There is no region, there are no credentials, or AWS's configuration is wrong.
    Aws = 5,
    /// The guest reached one of its limits.
    Limit = 6,
    /// The guest trapped.
    Trap = 7,
    /// The folder that the fake AWS was to be filled from cannot be used.
    Fake = 8,
    /// A file, standard input or standard output cannot be read or written.
    Io = 9,
    /// A guest project could not be built.
    Build = 10,
    /// This machine cannot run guests.
    Machine = 11,
    /// The policy denies what was asked about.
    Denied = 12,
    /// A case of `innkeeper test` failed.
    Test = 13,
    /// A test file cannot be read, or is wrong. No case has run.
    TestFile = 14,
    /// What `innkeeper replay` ran again differs from what was recorded.
    Differs = 15,
    /// Ctrl-C. What shells use: 128 and the number of the signal.
    Interrupted = 130,
}

impl Exit {
    /// All of them, by code.
    const ALL: [Self; 17] = [
        Self::Success,
        Self::Guest,
        Self::Usage,
        Self::Manifest,
        Self::Component,
        Self::Aws,
        Self::Limit,
        Self::Trap,
        Self::Fake,
        Self::Io,
        Self::Build,
        Self::Machine,
        Self::Denied,
        Self::Test,
        Self::TestFile,
        Self::Differs,
        Self::Interrupted,
    ];

    /// The number.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// What went wrong, in a word for programs: `error.kind` of the JSON documents.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Guest => "guest",
            Self::Usage => "usage",
            Self::Manifest => "manifest",
            Self::Component => "component",
            Self::Aws => "aws",
            Self::Limit => "limit",
            Self::Trap => "trap",
            Self::Fake => "fake",
            Self::Io => "io",
            Self::Build => "build",
            Self::Machine => "machine",
            Self::Denied => "denied",
            Self::Test => "test",
            Self::TestFile => "test-file",
            Self::Differs => "differs",
            Self::Interrupted => "interrupted",
        }
    }

    /// What `--help` says of it.
    fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done; a denied call that the guest copes with is no failure",
            Self::Guest => "the guest reports a failure",
            Self::Usage => "the command line makes no sense",
            Self::Manifest => "the manifest is missing or wrong, or has no such guest",
            Self::Component => "the component is missing, or is none that can be run here",
            Self::Aws => "no region, no credentials, or a wrong profile or role",
            Self::Limit => "the guest reached one of its limits (memory, time)",
            Self::Trap => "the guest trapped (a panic, an abort, a bad access)",
            Self::Fake => "the folder for the fake AWS cannot be used",
            Self::Io => "a file, standard input or standard output failed",
            Self::Build => "the guest project could not be built",
            Self::Machine => "this machine cannot run guests",
            Self::Denied => "the policy denies what `policy explain` or `replay` asked about",
            Self::Test => "a case of `test` failed",
            Self::TestFile => "a test file is missing or wrong; nothing was run",
            Self::Differs => "what `replay` ran again differs from what was recorded",
            Self::Interrupted => "interrupted with Ctrl-C",
        }
    }

    /// The section of `--help`.
    pub(crate) fn help() -> String {
        let mut text = "Exit codes:".to_owned();
        for exit in Self::ALL {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {:>3}  {}", exit.code(), exit.meaning());
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code_once_and_in_order() {
        assert!(Exit::ALL.is_sorted() && Exit::ALL.windows(2).all(|pair| pair[0] != pair[1]));
        let help = Exit::help();
        assert_eq!(help.lines().count(), 1 + Exit::ALL.len());
        assert!(help.contains("\n  130  interrupted with Ctrl-C"), "{help}");
    }
}

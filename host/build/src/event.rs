//! What happens while a guest is built.

use std::fmt;

use crate::artifact::{Artifact, Freshness};
use crate::toolchain::{StandardLibrary, Toolchain, Unavailable};

/// Something that happened. Displays as a line for a person, without a line end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A source of a toolchain is of no use here. The next one is tried.
    Unavailable(&'a Unavailable),
    /// A download begins.
    Downloading {
        /// What is downloaded, and how much of it where that is known.
        what: &'a str,
    },
    /// Cargo is about to run.
    Compiling {
        /// The package.
        package: &'a str,
        /// What compiles it.
        toolchain: &'a Toolchain,
    },
    /// A program that was run wrote a line.
    Output {
        /// The program's name.
        program: &'a str,
        /// The line, without its end. Coloured if the options say so.
        line: &'a str,
    },
    /// A component is there.
    Built(&'a Artifact),
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(unavailable) => unavailable.fmt(f),
            Self::Downloading { what } => write!(f, "downloading {what}"),
            Self::Compiling { package, toolchain } => {
                write!(f, "compiling `{package}` with rustc {} ({})", toolchain.release, toolchain.source)?;
                match toolchain.standard_library {
                    StandardLibrary::Precompiled => Ok(()),
                    StandardLibrary::FromSource => f.write_str(", the first time with the standard library"),
                }
            }
            Self::Output { line, .. } => f.write_str(line),
            Self::Built(Artifact { name, path, size, freshness, .. }) => {
                let verb = match freshness {
                    Freshness::Written => "built",
                    Freshness::Unchanged => "unchanged:",
                };
                write!(f, "{verb} `{name}`: {} ({size} bytes)", path.display())
            }
        }
    }
}

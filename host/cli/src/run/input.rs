//! What the guest is called with.

use std::io::Read as _;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::failure::Failure;

/// Where the input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// The command line itself.
    Text(String),
    /// Standard input, to its end.
    Stdin,
    /// A file.
    File(PathBuf),
    /// What was recorded.
    Bytes(Vec<u8>),
}

impl Input {
    /// `-` is standard input, `@FILE` a file, and anything else the input itself.
    pub(super) fn from_argument(argument: String) -> Self {
        match argument.strip_prefix('@') {
            _ if argument == "-" => Self::Stdin,
            Some(file) => Self::File(file.into()),
            None => Self::Text(argument),
        }
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Text(text) => Ok(text.clone().into_bytes()),
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::Stdin => {
                let mut bytes = Vec::new();
                std::io::stdin()
                    .read_to_end(&mut bytes)
                    .map_err(|error| Failure::doing(Exit::Io, "cannot read standard input", &error))?;
                Ok(bytes)
            }
            Self::File(path) => std::fs::read(path).map_err(|error| {
                Failure::doing(Exit::Io, format!("cannot read the input from `{}`", path.display()), &error)
                    .with_help(
                        "an input that begins with `@` names a file; give other text that does through `-`",
                    )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_the_input_or_says_where_it_is() {
        let of = |argument: &str| Input::from_argument(argument.to_owned());
        assert_eq!(of("{\"a\":1}"), Input::Text("{\"a\":1}".to_owned()));
        assert_eq!(of(""), Input::Text(String::new()));
        assert_eq!(of("-"), Input::Stdin);
        assert_eq!(of("-1"), Input::Text("-1".to_owned()));
        assert_eq!(of("@in.json"), Input::File("in.json".into()));
    }

    #[test]
    fn errors_when_the_file_is_missing() {
        let failure = Input::File("no/such/file".into()).read().unwrap_err();
        assert_eq!(failure.exit(), Exit::Io);
        assert!(failure.message().contains("no/such/file"));
    }
}

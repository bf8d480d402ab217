//! Where compiled code is kept between runs.

use std::io::Write as _;

use innkeeper::Engine;

use crate::failure::Failure;
use crate::style::{WARNING, styled};
use crate::text::visible;

/// Whether compiled code is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caching {
    /// In the folder of [`innkeeper_testing::cache_directory`].
    On,
    /// Every run compiles.
    Off,
}

/// An engine, with a cache if there can be one. That there can be none costs time, so it is a warning and no error.
pub(crate) fn engine(caching: Caching) -> Result<Engine, Failure> {
    let engine = Engine::new()?;
    let folder = match caching {
        Caching::On => innkeeper_testing::cache_directory(),
        Caching::Off => None,
    };
    let Some(folder) = folder else { return Ok(engine) };
    match engine.clone().with_cache(&folder) {
        Ok(cached) => Ok(cached),
        Err(error) => {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            let _ = writeln!(
                anstream::stderr(),
                "{} {}; the guest is compiled each time",
                styled(WARNING, "warning:"),
                visible(&format!("{error}{cause}"))
            );
            Ok(engine)
        }
    }
}

//! `--save`: the folder that what is in the fake is written to.

use std::path::Path;

use innkeeper_fake::{FakeAws, SaveError, Saved};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::style::{ADDED, FAINT, styled};
use crate::text::{count, size};

/// Whether what is in a folder may be replaced, which is to be told before there is anything to be lost: by what a save has written
/// there, or by what the fake was seeded from.
pub(super) fn check(folder: &Path, seed: Option<&Path>) -> Result<(), Failure> {
    let same = |seed: &Path| {
        let (folder, seed) = (folder.canonicalize(), seed.canonicalize());
        folder.is_ok_and(|folder| seed.is_ok_and(|seed| folder == seed))
    };
    if seed.is_some_and(same) {
        return Ok(());
    }
    FakeAws::check_save(folder).map_err(|error| refused(folder, &error))?;
    // That it cannot be made is told now, too, and not when what was in the fake is lost.
    std::fs::create_dir_all(folder).map_err(|error| {
        let what = format!("the folder `{}` of `--save` cannot be made", folder.display());
        Failure::doing(Exit::Io, what, &error)
    })
}

fn refused(folder: &Path, error: &SaveError) -> Failure {
    let failure = Failure::because(Exit::Fake, error);
    if !matches!(error, SaveError::NotSavedBefore { .. }) {
        return failure;
    }
    failure.with_help(format!(
        "`--save` would replace what is there; give a folder that is new, empty, or has been saved to before, or begin with what is \
         there: `--seed {folder} --save {folder}`",
        folder = folder.display()
    ))
}

/// What was saved, in words.
pub(super) fn told(saved: &Saved, folder: &Path) -> String {
    let objects = count(saved.objects.len(), "object");
    let queues = count(saved.queues.len(), "queue");
    let functions = count(saved.functions.len(), "function");
    let bytes = format!("({})", size(saved.bytes));
    format!(
        "{} {objects} {}, {queues} and {functions} in `{}`",
        styled(ADDED, "saved:"),
        styled(FAINT, bytes),
        folder.display()
    )
}

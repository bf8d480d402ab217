//! Snapshots: files that say what is expected, and that `--accept` writes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::Dir;
use innkeeper_testing::check::Mismatch;
use innkeeper_testing::{Content, Difference};
use serde_json::Value;

use super::case::{Case, Verdict};
use super::file::TestFile;
use super::report::CaseReport;
use crate::exit::Exit;
use crate::failure::Failure;

/// What a case wants a snapshot to be, under `--accept`.
#[derive(Debug)]
pub(super) struct Claim {
    /// What of the case it is: `the result of `g``, of a call if there are several.
    pub(super) what: String,
    /// As the test file names it.
    pub(super) path: PathBuf,
    pub(super) actual: Vec<u8>,
    /// From what is there. `None`: it is the same.
    pub(super) difference: Option<Difference>,
}

/// Compares bytes with a snapshot below `directory`. `None`: they are what it says.
pub(super) fn check(directory: &Dir, path: &Path, actual: &[u8]) -> io::Result<Option<Difference>> {
    match directory.read(path) {
        Ok(expected) => Ok(compare(path, expected, actual).err()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok(Some(Difference::remark("there is no such file yet")))
        }
        Err(error) => Err(error),
    }
}

/// How a snapshot that differs is told.
pub(super) fn mismatch(what: &str, path: &Path, help: &str, difference: Difference) -> Mismatch {
    Mismatch::with(format!("{what} is not what `{}` says ({help})", path.display()), difference)
}

/// Writes the snapshots that cases want, once all of them have run. What a case came to that fails for another reason is nothing to be
/// expected from now on, and of two that want different things of one snapshot neither is more right: then nothing is written, and the
/// case fails. `ran` has as many as `cases`, in their order.
pub(super) fn accept(
    cases: &[(&TestFile, &Case)],
    ran: impl IntoIterator<Item = (CaseReport, Vec<Claim>)>,
) -> Vec<CaseReport> {
    let mut wanted: Vec<Wanting<'_>> = Vec::new();
    let mut files: BTreeMap<PathBuf, Vec<(usize, Claim)>> = BTreeMap::new();
    for (number, ((file, _), (mut report, claims))) in cases.iter().zip(ran).enumerate() {
        if matches!(report.verdict, Verdict::Passed) {
            for claim in claims {
                files.entry(named(file, &claim.path)).or_default().push((number, claim));
            }
        } else {
            claims.into_iter().for_each(|claim| report.refuse(claim));
        }
        wanted.push(Wanting { file, report });
    }
    let (agreed, disputed): (Vec<_>, Vec<_>) = files.into_values().partition(|claims| agree(claims));
    for claims in &disputed {
        dispute(claims, &mut wanted);
    }
    for claims in agreed {
        settle(claims, &mut wanted);
    }
    wanted.into_iter().map(|wanting| wanting.report).collect()
}

/// A case that has run, and where its snapshots are.
struct Wanting<'a> {
    file: &'a TestFile,
    report: CaseReport,
}

/// The file that a snapshot is, however it is written.
fn named(file: &TestFile, path: &Path) -> PathBuf {
    let folder = file.path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let joined = path.components().fold(folder, |mut joined, component| {
        match component {
            Component::CurDir => {}
            component => joined.push(component),
        }
        joined
    });
    // Of one that is there a link may be another name.
    joined.canonicalize().unwrap_or(joined)
}

/// Whether all want the same.
fn agree(claims: &[(usize, Claim)]) -> bool {
    claims.windows(2).all(|pair| match pair {
        [(_, one), (_, other)] => compare(&one.path, one.actual.clone(), &other.actual).is_ok(),
        _ => true,
    })
}

/// Tells each of the cases one that wants something else.
fn dispute(claims: &[(usize, Claim)], wanted: &mut [Wanting<'_>]) {
    for (number, claim) in claims {
        let differing = claims.iter().find_map(|(of, other)| {
            let difference = compare(&claim.path, other.actual.clone(), &claim.actual).err()?;
            Some((wanted.get(*of)?, &other.what, difference))
        });
        let Some((other, what, difference)) = differing else { continue };
        let message = format!(
            "{} cannot be the snapshot `{}`: {what} in the case `{}` at {} is to be it as well, and is another",
            claim.what,
            claim.path.display(),
            other.report.name,
            other.report.location
        );
        if let Some(wanting) = wanted.get_mut(*number) {
            wanting.report.fail(Mismatch::with(message, difference));
        }
    }
}

/// Writes what all want, if one of them has not failed by now.
fn settle(claims: Vec<(usize, Claim)>, wanted: &mut [Wanting<'_>]) {
    let passed = |number: usize, wanted: &[Wanting<'_>]| {
        wanted.get(number).is_some_and(|wanting| matches!(wanting.report.verdict, Verdict::Passed))
    };
    let Some((number, claim)) = claims.iter().find(|(number, _)| passed(*number, wanted)) else {
        for (number, claim) in claims {
            if let Some(wanting) = wanted.get_mut(number) {
                wanting.report.refuse(claim);
            }
        }
        return;
    };
    let Some(wanting) = wanted.get_mut(*number).filter(|_| claim.difference.is_some()) else { return };
    match write(&wanting.file.directory, &claim.path, &claim.actual) {
        Ok(()) => wanting.report.accepted.push(claim.path.display().to_string()),
        Err(error) => wanting.report.verdict = Verdict::Broken(unusable(&claim.path, &error)),
    }
}

/// Why a snapshot cannot be read or written.
pub(super) fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::doing(Exit::Io, format!("the snapshot `{}` cannot be used", path.display()), error)
}

impl CaseReport {
    /// Tells what a case wants to be a snapshot that is not taken.
    fn refuse(&mut self, claim: Claim) {
        if let Some(difference) = claim.difference {
            let help = "not accepted, since the case fails otherwise";
            self.fail(mismatch(&claim.what, &claim.path, help, difference));
        }
    }

    fn fail(&mut self, mismatch: Mismatch) {
        match &mut self.verdict {
            Verdict::Failed { mismatches, .. } => mismatches.push(mismatch),
            Verdict::Passed => {
                let (asked, log) = Default::default();
                self.verdict = Verdict::Failed { mismatches: vec![mismatch], asked, log };
            }
            Verdict::Broken(_) => {}
        }
    }
}

fn write(directory: &Dir, path: &Path, actual: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
        directory.create_dir_all(folder)?;
    }
    directory.write(path, written(path, actual))
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn compare(path: &Path, expected: Vec<u8>, actual: &[u8]) -> Result<(), Difference> {
    let content = match serde_json::from_slice::<Value>(&expected) {
        Ok(value) if is_json(path) => Content::Json(value),
        _ => Content::Bytes(expected),
    };
    content.compare(actual)
}

/// What is written: JSON over several lines, so that a version control system shows what has changed.
fn written(path: &Path, actual: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Value>(actual) {
        Ok(value) if is_json(path) => format!("{value:#}\n").into_bytes(),
        _ => actual.to_vec(),
    }
}

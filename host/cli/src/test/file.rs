//! A test file: reading and checking it, with the place of each mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use innkeeper::Manifest;
use innkeeper::policy::source::nearest;
use innkeeper::policy::{Diagnostic, Diagnostics, Source};
use innkeeper_fake::{Fault, FaultRule};
use serde::Deserialize;
use toml::Spanned;

use super::case::{Call, Case};
use super::{content, expect, seed};
use crate::exit::Exit;
use crate::failure::Failure;

/// What `innkeeper test --help` says of test files.
pub(super) const HELP: &str = r#"A test file is TOML. What stands at its top holds for all of its cases, and a case adds to it or says otherwise:
  manifest   the manifest, from the test file's folder; "innkeeper.toml" if not given.
             The guest's real policy and limits are in force
  guest      the guest; not needed if the manifest has only one
  config     values in place of the guest's `config`, as in { quality = "60" }
  seed       what is in the fake AWS: `folder` (as for `innkeeper run --fake`), `buckets`,
             [[seed.object]] with {bucket, key, content, content-type, storage-class, metadata,
             tags}, [seed.queues.NAME] and [seed.functions.NAME], which are what
             `sqs/NAME.json` and `lambda/NAME.json` of a folder are
  [[fault]]  what goes wrong, for calls that fit all of {service, operation, bucket, key, queue,
             function}: {error, message, status}, {status}, {cut-before = true},
             {lose-answer = true}, {cut-at}, {truncate}, {corrupt-body = true}, {delay-millis};
             `times` of them (1; "always"), after `skip`. A case fails if one has not happened

A case has in addition:
  name       unlike those of the file's other cases
  call       the input, as content; nothing if not given
  then       [[case.then]], further calls, one after the other, on the same AWS: {call, expect},
             with `advance` for the time that goes by before ("10m") and `guest` for another one
  expect     what has to come of it; if it says neither `result` nor `error`, any result
    result      content
    error       {kind, text, text-with}; kind is "reported", "exit", "limit" or "trap"
    log         a list of contents, each of which the guest's log has to fit
    object      a list of {bucket, key, content, content-type, metadata, tags}, or
                {bucket, key, absent = true}
    messages    {QUEUE = [content, ...]}: the messages of the queue, these and no others; for more
                than a body, {body, attributes, group-id, deduplication-id, delay-seconds,
                state, receive-count}, of which body is content and state "visible",
                "in-flight" or "delayed"
    invocations {FUNCTION = [content, ...]}: its payloads, these and no others
    call        a list of {operation, on, error, attempts, times}: operation is as in AWS's API
                ("GetObject"), on an ARN with * and ?, error a case of the WIT error
                ("no-such-key") or "cancelled" (the guest dropped it, or its time was over), times how often (at least once, if not given; 0 is never)
    denied      a list of {action, on, times}: what the policy denies, and nothing else;
                [] is nothing at all

Content is a string, which is text, or one of {text}, {text-with} (it occurs), {json} (it says the same), {json-with} (it says
at least this), {file}, {json-file}, {base64}, {snapshot}. Files lie in the test file's folder or below it. A snapshot is a
file that `--accept` writes, for cases that do not fail otherwise and do not want different things of one file; one that ends
with `.json` is compared as JSON. TOML has no null: a document with one is a `json-file`.

Each case has an AWS of its own, and a clock that nobody waits for, which is the guest's as well: a week of backoff, or of the
guest's own sleep, is over in a millisecond.

  guest = "count"

  [[case]]
  name = "counts what is there"
  call = "uploads"
  seed.object = [{ bucket = "uploads", key = "a.txt", content = "hello" }]
  expect.result = { json = { count = 1 } }
  expect.denied = []"#;

/// A test file, read and checked.
#[derive(Debug)]
pub(super) struct TestFile {
    /// The file, as it was named.
    pub(super) path: PathBuf,
    /// Its folder, which no file that it names can leave.
    pub(super) directory: Dir,
    pub(super) cases: Vec<Case>,
}

/// The file as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    #[serde(default)]
    manifest: Option<Spanned<String>>,
    guest: Option<Spanned<String>>,
    #[serde(default)]
    config: BTreeMap<String, String>,
    seed: Option<seed::Raw>,
    #[serde(default)]
    fault: Vec<Spanned<FaultRule>>,
    #[serde(default)]
    case: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawCase {
    name: Spanned<String>,
    manifest: Option<Spanned<String>>,
    guest: Option<Spanned<String>>,
    #[serde(default)]
    config: BTreeMap<String, String>,
    seed: Option<seed::Raw>,
    #[serde(default)]
    fault: Vec<Spanned<FaultRule>>,
    call: Option<Spanned<content::Raw>>,
    #[serde(default)]
    expect: expect::Raw,
    #[serde(default)]
    then: Vec<Spanned<RawThen>>,
}

/// Another call of a case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawThen {
    advance: Option<Spanned<String>>,
    guest: Option<Spanned<String>>,
    call: Option<Spanned<content::Raw>>,
    #[serde(default)]
    expect: expect::Raw,
}

/// Where a manifest is, if a test file does not say.
const MANIFEST: &str = "innkeeper.toml";

/// The longest time that goes by between two calls.
const MAX_ADVANCE: Duration = Duration::from_hours(100 * 365 * 24);

impl TestFile {
    /// Reads a file, with all that it names but snapshots.
    pub(super) fn load(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            let what = format!("the test file `{}` cannot be read", path.display());
            Failure::doing(Exit::TestFile, what, &error)
        };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        // Empty for a file that is named without one.
        let folder = path.parent().unwrap_or(Path::new(""));
        let opened = if folder == Path::new("") { Path::new(".") } else { folder };
        let directory = Dir::open_ambient_dir(opened, ambient_authority()).map_err(failed)?;
        let source = Source::new(path.display().to_string(), text);
        let raw: Raw = toml::from_str(source.text()).map_err(|error| {
            Failure::diagnostics(Exit::TestFile, Diagnostic::from_toml(&source, &error).into())
        })?;
        let mut reader = Reader {
            source: &source,
            directory: &directory,
            folder,
            manifests: BTreeMap::new(),
            failure: None,
            found: Vec::new(),
        };
        let cases = raw.read(&mut reader);
        if let Some(failure) = reader.failure {
            return Err(failure);
        }
        match (Diagnostics::from_found(reader.found), cases) {
            (None, Some(cases)) => Ok(Self { path: path.to_owned(), directory, cases }),
            (Some(diagnostics), _) => Err(Failure::diagnostics(Exit::TestFile, diagnostics)),
            (None, None) => Err(Failure::new(
                Exit::TestFile,
                format!("the test file `{}` cannot be used", path.display()),
            )),
        }
    }
}

impl Raw {
    fn read(&self, reader: &mut Reader<'_>) -> Option<Vec<Case>> {
        if self.case.is_empty() {
            let help = "a case is a section `[[case]]` with a `name`";
            reader.wrong(0..0, "the file has no case".to_owned(), Some(help));
            return None;
        }
        // A file of which each case names a manifest has none itself.
        let has_manifest = self.manifest.is_some() || self.case.iter().any(|case| case.manifest.is_none());
        let manifest = has_manifest.then(|| reader.manifest(self.manifest.as_ref())).flatten();
        let seed = read_seed(self.seed.as_ref(), None, manifest.as_deref(), reader);
        let faults = faults(&self.fault, reader);
        let mut names = BTreeSet::new();
        let mut cases = Vec::new();
        for case in &self.case {
            let name = case.name.get_ref();
            if !names.insert(name) {
                reader.wrong(
                    case.name.span(),
                    format!("there are two cases `{}`", name.escape_debug()),
                    None,
                );
            }
            if name.trim().is_empty() {
                reader.wrong(case.name.span(), "the name is empty".to_owned(), None);
            }
            cases.push(self.case(case, seed.as_ref(), faults.as_deref(), reader));
        }
        cases.into_iter().collect()
    }

    fn case(
        &self,
        case: &RawCase,
        shared_seed: Option<&seed::Seed>,
        shared_faults: Option<&[Fault]>,
        reader: &mut Reader<'_>,
    ) -> Option<Case> {
        let location = reader.source.locate(case.name.span().start);
        let manifest = reader.manifest(case.manifest.as_ref().or(self.manifest.as_ref()));
        let named = case.guest.as_ref().or(self.guest.as_ref());
        let guest = manifest.as_ref().and_then(|manifest| guest(manifest, named, &case.name, reader));
        let own_seed = read_seed(case.seed.as_ref(), shared_seed, manifest.as_deref(), reader);
        let own_faults = faults(&case.fault, reader);
        let first = call(Duration::ZERO, guest.clone(), case.call.as_ref(), &case.expect, reader);
        let then: Vec<_> = case
            .then
            .iter()
            .map(|then| {
                let then = then.get_ref();
                let advance =
                    then.advance.as_ref().map_or(Some(Duration::ZERO), |time| duration(time, reader));
                let guest = match (&then.guest, &manifest) {
                    (Some(named), Some(manifest)) => self::guest(manifest, Some(named), &case.name, reader),
                    _ => guest.clone(),
                };
                call(advance?, guest, then.call.as_ref(), &then.expect, reader)
            })
            .collect();
        let calls: Option<Vec<_>> = std::iter::once(first).chain(then).collect();
        let config = self.config.iter().chain(&case.config);
        Some(Case {
            name: case.name.get_ref().clone(),
            location,
            manifest: manifest?,
            guest: guest?,
            config: config.map(|(key, value)| (key.clone(), value.clone())).collect(),
            seeds: vec![shared_seed?.clone(), own_seed?],
            faults: [shared_faults?, own_faults?.as_slice()].concat(),
            calls: calls?,
        })
    }
}

/// One call of a case.
fn call(
    advance: Duration,
    guest: Option<String>,
    input: Option<&Spanned<content::Raw>>,
    expect: &expect::Raw,
    reader: &mut Reader<'_>,
) -> Option<Call> {
    let input = input.map_or_else(|| Some(Vec::new()), |content| content::Raw::given(content, reader));
    let expect = expect.read(reader);
    Some(Call { advance, guest: guest?, input: input?, expect: expect? })
}

/// A time, as a manifest has it.
fn duration(written: &Spanned<String>, reader: &mut Reader<'_>) -> Option<Duration> {
    let text = written.get_ref();
    match humantime::parse_duration(text) {
        // No test waits longer, and the clock has an end.
        Ok(time) if time <= MAX_ADVANCE => Some(time),
        Ok(_) => {
            reader.wrong(written.span(), "the time is longer than a hundred years".to_owned(), None);
            None
        }
        Err(_) => {
            let message = format!("`{}` is no time, such as `30s` or `1h 30m`", text.escape_debug());
            reader.wrong(written.span(), message, None);
            None
        }
    }
}

/// One that is not given is empty. `before` is what is in the fake already.
fn read_seed(
    written: Option<&seed::Raw>,
    before: Option<&seed::Seed>,
    manifest: Option<&Manifest>,
    reader: &mut Reader<'_>,
) -> Option<seed::Seed> {
    let Some(written) = written else { return Some(seed::Seed::default()) };
    let seed = written.read(reader)?;
    if let Some(manifest) = manifest {
        seed.check(before, manifest, reader)?;
    }
    Some(seed)
}

fn faults(written: &[Spanned<FaultRule>], reader: &mut Reader<'_>) -> Option<Vec<Fault>> {
    let read: Vec<_> = written
        .iter()
        .map(|rule| match rule.get_ref().fault() {
            Ok(fault) => Some(fault),
            Err(error) => {
                reader.wrong(rule.span(), error.to_string(), None);
                None
            }
        })
        .collect();
    read.into_iter().collect()
}

/// The guest that a case names, or the only one of its manifest.
fn guest(
    manifest: &Manifest,
    named: Option<&Spanned<String>>,
    case: &Spanned<String>,
    reader: &mut Reader<'_>,
) -> Option<String> {
    let known: Vec<_> = manifest.guest_names().collect();
    let all = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match named {
        Some(named) if known.contains(&named.get_ref().as_str()) => Some(named.get_ref().clone()),
        Some(named) => {
            let message = format!("`{}` has no guest `{}`", manifest.file(), named.get_ref().escape_debug());
            let help = match nearest(named.get_ref(), known.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("it has {all}"),
            };
            reader.wrong(named.span(), message, Some(&help));
            None
        }
        None => {
            if let [only] = known.as_slice() {
                return Some((*only).to_owned());
            }
            let message = format!("which guest is called? `{}` has {} of them", manifest.file(), known.len());
            let help = format!("say `guest = \"NAME\"`: {all}");
            reader.wrong(case.span(), message, Some(&help));
            None
        }
    }
}

/// Collects what is wrong while a file is read, so that one run shows every mistake.
pub(super) struct Reader<'a> {
    source: &'a Source,
    directory: &'a Dir,
    folder: &'a Path,
    /// By path: cases share them.
    manifests: BTreeMap<PathBuf, Option<Arc<Manifest>>>,
    /// What is wrong with a manifest, which has places of its own.
    failure: Option<Failure>,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// The folder of the test file.
    pub(super) fn folder(&self) -> &Path {
        self.folder
    }

    pub(super) fn wrong(&mut self, span: Range<usize>, message: String, help: Option<&str>) {
        let diagnostic = Diagnostic::at(self.source, span, message);
        self.found.push(match help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        });
    }

    /// The bytes of a file below the test file's folder.
    pub(super) fn file(&mut self, path: &str, span: Range<usize>) -> Option<Vec<u8>> {
        match self.directory.read(path) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                let help = (error.kind() != io::ErrorKind::NotFound)
                    .then_some("a file lies in the folder of the test file or below it");
                self.wrong(span, format!("`{path}` cannot be read: {error}"), help);
                None
            }
        }
    }

    fn manifest(&mut self, named: Option<&Spanned<String>>) -> Option<Arc<Manifest>> {
        let path = self.folder.join(named.map_or(MANIFEST, |path| path.get_ref()));
        if let Some(manifest) = self.manifests.get(&path) {
            return manifest.clone();
        }
        let manifest = match Manifest::load(&path) {
            Ok(manifest) => Some(Arc::new(manifest)),
            Err(error) => {
                self.failure.get_or_insert_with(|| error.into());
                None
            }
        };
        self.manifests.insert(path, manifest.clone());
        manifest
    }
}

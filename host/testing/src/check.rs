//! Whether something is as it is expected to be, without a panic: [`Mismatch`] says how it is not.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use innkeeper::CallError;
use innkeeper_fake::{FakeAws, Object};

use crate::called::{Called, ErrorKind};
use crate::difference::{Content, Difference};
use crate::message::{ExpectedMessage, differs};
use crate::pattern::{CallPattern, DenialPattern, Times};
use crate::trail::escaped;

/// What is not as it is expected to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    what: String,
    difference: Option<Difference>,
}

impl Mismatch {
    /// In one line, without a diff.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), difference: None }
    }

    /// With a diff below.
    pub fn with(what: impl Into<String>, difference: Difference) -> Self {
        Self { what: what.into(), difference: Some(difference) }
    }

    /// Behind words that say where.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.what = format!("{place}: {}", self.what);
        self
    }

    /// What is wrong, in one line.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// How it differs.
    pub fn difference(&self) -> Option<&Difference> {
        self.difference.as_ref()
    }
}

/// Over several lines if there is a diff, without a final line break.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.difference {
            Some(difference) => write!(f, "{}:\n{difference}", escaped(&self.what)),
            None => write!(f, "{}", escaped(&self.what)),
        }
    }
}

impl std::error::Error for Mismatch {}

/// Whether the guest returned what is expected.
///
/// # Errors
///
/// It returned something else, or failed.
pub fn result(called: &Called, expected: &Content) -> Result<(), Mismatch> {
    let output = succeeded(called)?;
    expected.compare(output).map_err(|difference| {
        Mismatch::with(format!("the result of `{}` is another", called.guest), difference)
    })
}

/// Whether the guest returned at all. Gives what.
///
/// # Errors
///
/// It failed.
pub fn succeeded(called: &Called) -> Result<&[u8], Mismatch> {
    called.result().map_err(|error| {
        let what = format!("`{}` failed ({})", called.guest, ErrorKind::of(error));
        Mismatch::with(what, Difference::remark(told(error)))
    })
}

/// Whether the guest failed, in a way (if one is expected), and with a message (if one is expected).
///
/// # Errors
///
/// It did not fail, in another way, or with other words.
pub fn error(called: &Called, kind: Option<ErrorKind>, message: Option<&Content>) -> Result<(), Mismatch> {
    let error = match called.result() {
        Err(error) => error,
        Ok(output) => {
            let what = format!("`{}` was expected to fail, and returned", called.guest);
            return Err(Mismatch::with(what, Difference::remark(String::from_utf8_lossy(output))));
        }
    };
    let is = ErrorKind::of(error);
    if let Some(kind) = kind.filter(|kind| *kind != is) {
        let what = format!("`{}` was expected to fail with `{kind}`, and failed with `{is}`", called.guest);
        return Err(Mismatch::with(what, Difference::remark(told(error))));
    }
    message.map_or(Ok(()), |message| {
        message.compare(told(error).as_bytes()).map_err(|difference| {
            Mismatch::with(format!("the failure of `{}` is another", called.guest), difference)
        })
    })
}

/// The error as a test names it: of a guest that reports its failure its own words, and nothing else.
fn told(error: &CallError) -> String {
    match error {
        CallError::Reported(message) => message.clone(),
        error => error.to_string(),
    }
}

/// Whether the guest's log is as expected.
///
/// # Errors
///
/// It is another.
pub fn log(called: &Called, expected: &Content) -> Result<(), Mismatch> {
    expected
        .compare(&called.log)
        .map_err(|difference| Mismatch::with(format!("the log of `{}` is another", called.guest), difference))
}

/// The object of a key.
///
/// # Errors
///
/// There is none.
pub fn object(aws: &FakeAws, bucket: &str, key: &str) -> Result<Arc<Object>, Mismatch> {
    aws.s3().get(bucket, key).ok_or_else(|| {
        let what = format!("there is no object s3://{bucket}/{key}");
        if !aws.s3().buckets().iter().any(|name| name == bucket) {
            return Mismatch::with(what, Difference::remark(format!("there is no bucket `{bucket}`")));
        }
        Mismatch::with(what, Difference::remark(listed("the bucket has", &aws.s3().keys(bucket))))
    })
}

/// How many names a remark lists.
const NAMES: usize = 12;

fn listed(lead: &str, names: &[String]) -> String {
    if names.is_empty() {
        return format!("{lead} nothing");
    }
    let shown: Vec<_> = names.iter().take(NAMES).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{lead} {}{more}", shown.join(", "))
}

/// Whether there is no object of a key.
///
/// # Errors
///
/// There is one.
pub fn no_object(aws: &FakeAws, bucket: &str, key: &str) -> Result<(), Mismatch> {
    match aws.s3().get(bucket, key) {
        None => Ok(()),
        Some(object) => Err(Mismatch::new(format!(
            "there is an object s3://{bucket}/{key}, of {} bytes, which was not expected",
            object.size()
        ))),
    }
}

/// Whether the bytes of an object are as expected.
///
/// # Errors
///
/// There is no such object, or its bytes are others.
pub fn object_content(aws: &FakeAws, bucket: &str, key: &str, expected: &Content) -> Result<(), Mismatch> {
    expected.compare(&object(aws, bucket, key)?.body).map_err(|difference| {
        Mismatch::with(format!("the object s3://{bucket}/{key} is another"), difference)
    })
}

/// Whether the content type of an object is as expected.
///
/// # Errors
///
/// There is no such object, or its content type is another.
pub fn object_content_type(aws: &FakeAws, bucket: &str, key: &str, expected: &str) -> Result<(), Mismatch> {
    let object = object(aws, bucket, key)?;
    differs(&format!("the content type of s3://{bucket}/{key}"), expected, Some(object.content_type()))
}

/// Whether an object has user metadata.
///
/// # Errors
///
/// There is no such object, or its metadata of that name is another.
pub fn object_metadata(
    aws: &FakeAws,
    bucket: &str,
    key: &str,
    name: &str,
    expected: &str,
) -> Result<(), Mismatch> {
    let object = object(aws, bucket, key)?;
    let name = name.to_ascii_lowercase();
    differs(&format!("the metadata `{name}` of s3://{bucket}/{key}"), expected, object.metadata(&name))
}

/// Whether an object has a tag.
///
/// # Errors
///
/// There is no such object, or its tag of that name is another.
pub fn object_tag(
    aws: &FakeAws,
    bucket: &str,
    key: &str,
    name: &str,
    expected: &str,
) -> Result<(), Mismatch> {
    let object = object(aws, bucket, key)?;
    let tag = object.tags.get(name).map(String::as_str);
    differs(&format!("the tag `{name}` of s3://{bucket}/{key}"), expected, tag)
}

/// Whether the messages of a queue, in the order of their arrival and whatever their state, are as expected: these and no others.
///
/// # Errors
///
/// There is no such queue, or its messages are others.
pub fn messages(aws: &FakeAws, queue: &str, expected: &[ExpectedMessage]) -> Result<(), Mismatch> {
    let queues = aws.sqs().queues();
    if !queues.iter().any(|name| name == queue) {
        let what = format!("there is no queue `{queue}`");
        return Err(Mismatch::with(what, Difference::remark(listed("there is", &queues))));
    }
    let messages = aws.sqs().messages(queue);
    let bodies: Vec<_> = messages.iter().map(|message| message.body.clone().into_bytes()).collect();
    let contents: Vec<_> = expected.iter().map(|message| message.body.clone()).collect();
    list(&format!("the messages of `{queue}`"), &contents, &bodies)?;
    let numbered = expected.iter().zip(&messages).enumerate();
    numbered.into_iter().try_for_each(|(number, (expected, message))| {
        expected.check(&format!("message {} of `{queue}`", number + 1), message)
    })
}

/// Whether a function was invoked with these payloads, in this order, and with no others.
///
/// # Errors
///
/// There is no such function, or it was invoked otherwise.
pub fn invocations(aws: &FakeAws, function: &str, expected: &[Content]) -> Result<(), Mismatch> {
    let functions = aws.lambda().functions();
    if !functions.iter().any(|name| name == function) {
        let what = format!("there is no function `{function}`");
        return Err(Mismatch::with(what, Difference::remark(listed("there is", &functions))));
    }
    let payloads: Vec<_> = aws
        .lambda()
        .invocations_of(function)
        .into_iter()
        .map(|invocation| invocation.payload.to_vec())
        .collect();
    list(&format!("the invocations of `{function}`"), expected, &payloads)
}

/// Compares lists, each entry with what is expected in its place.
fn list(what: &str, expected: &[Content], actual: &[Vec<u8>]) -> Result<(), Mismatch> {
    let same = expected.len() == actual.len()
        && expected.iter().zip(actual).all(|(expected, actual)| expected.compare(actual).is_ok());
    if same {
        return Ok(());
    }
    let text = |entries: Vec<String>| {
        let numbered = entries.into_iter().enumerate();
        numbered.fold(String::new(), |text, (number, entry)| text + &format!("{}. {entry}\n", number + 1))
    };
    let wanted = text(expected.iter().map(Content::shown).collect());
    let plain = Content::Text(String::new());
    let came = text(
        actual
            .iter()
            .enumerate()
            .map(|(number, bytes)| expected.get(number).unwrap_or(&plain).actual(bytes))
            .collect(),
    );
    let what = format!("{what} are others (expected {}, and there are {})", expected.len(), actual.len());
    Err(Mismatch::with(what, Difference::of_text(&wanted, &came)))
}

/// Whether calls of AWS were made as often as expected.
///
/// # Errors
///
/// More often, or less.
pub fn calls(called: &Called, pattern: &CallPattern, times: Times) -> Result<(), Mismatch> {
    pattern.check().map_err(|unknown| Mismatch::new(unknown.to_string()))?;
    let number = called.calls().filter(|call| pattern.matches(call)).count();
    often(pattern, times, number)
}

/// Whether the policy denied something as often as expected.
///
/// # Errors
///
/// More often, or less.
pub fn denials(called: &Called, pattern: &DenialPattern, times: Times) -> Result<(), Mismatch> {
    pattern.check().map_err(|unknown| Mismatch::new(unknown.to_string()))?;
    let number = called.denials().filter(|denial| pattern.matches(denial)).count();
    often(pattern, times, number)
}

fn often(what: &impl fmt::Display, times: Times, number: usize) -> Result<(), Mismatch> {
    if times.fits(number) {
        return Ok(());
    }
    let was = match number {
        0 => "there was none".to_owned(),
        1 => "there was one".to_owned(),
        many => format!("there were {many}"),
    };
    Err(Mismatch::new(format!("{what} was expected {times}, and {was}")))
}

/// Whether the policy denied nothing but what is expected.
///
/// # Errors
///
/// It denied something else.
pub fn no_other_denials(called: &Called, expected: &[DenialPattern]) -> Result<(), Mismatch> {
    // The same request may be denied again and again, and is told once.
    let mut others: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for denial in called.denials().filter(|denial| !expected.iter().any(|pattern| pattern.matches(denial))) {
        *others.entry((denial.action, &denial.resource)).or_default() += 1;
    }
    if others.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = others
        .into_iter()
        .map(|((action, resource), times)| {
            let times = if times > 1 { format!(" ({times} times)") } else { String::new() };
            format!("{action} on {resource}{times}\n")
        })
        .collect();
    Err(Mismatch::with(
        "something was denied that was not expected to be",
        Difference::of_text("", &lines.concat()),
    ))
}

/// Whether every fault has happened as often as it was to: one that has not met a call tests nothing. Faults that happen always may
/// meet none.
///
/// # Errors
///
/// One has calls left to meet.
pub fn faults_happened(aws: &FakeAws) -> Result<(), Mismatch> {
    let left: Vec<_> = aws
        .faults()
        .rules()
        .into_iter()
        .filter(|rule| !matches!(rule.times, innkeeper_fake::Times::Always(_)))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = left
        .iter()
        .map(|rule| serde_json::to_string(rule).unwrap_or_else(|error| error.to_string()))
        .collect();
    let remark = Difference::remark(format!("left: {}", lines.join(", ")));
    Err(Mismatch::with("a fault did not meet all the calls that it was for", remark))
}

//! Assertions that read as sentences, and end the test where they do not hold.

use std::time::Duration;

use serde_json::Value;

use crate::called::{Called, ErrorKind};
use crate::check::{self, Mismatch};
use crate::difference::{Content, Difference};
use crate::message::ExpectedMessage;
use crate::pattern::{CallPattern, DenialPattern, Times};

/// Sentences about a call of a guest. Each ends the test if it does not hold, and shows what was asked of AWS.
impl Called {
    /// It returned this text.
    ///
    /// # Panics
    ///
    /// If it does not hold, as every sentence.
    #[track_caller]
    pub fn returned(&self, expected: impl Into<String>) -> &Self {
        self.hold(check::result(self, &Content::Text(expected.into())))
    }

    /// It returned these bytes.
    #[track_caller]
    pub fn returned_bytes(&self, expected: impl Into<Vec<u8>>) -> &Self {
        self.hold(check::result(self, &Content::Bytes(expected.into())))
    }

    /// It returned a JSON document that says the same.
    #[track_caller]
    pub fn returned_json(&self, expected: &Value) -> &Self {
        self.hold(check::result(self, &Content::Json(expected.clone())))
    }

    /// It returned a JSON document that says at least this; see [`Content::JsonWith`].
    #[track_caller]
    pub fn returned_json_with(&self, part: &Value) -> &Self {
        self.hold(check::result(self, &Content::JsonWith(part.clone())))
    }

    /// It returned, whatever it was.
    #[track_caller]
    pub fn succeeded(&self) -> &Self {
        self.hold(check::succeeded(self).map(drop))
    }

    /// It failed in this way.
    #[track_caller]
    pub fn failed(&self, kind: ErrorKind) -> &Self {
        self.hold(check::error(self, Some(kind), None))
    }

    /// It reports a failure in these words.
    #[track_caller]
    pub fn reported(&self, expected: impl Into<String>) -> &Self {
        self.hold(check::error(self, Some(ErrorKind::Reported), Some(&Content::Text(expected.into()))))
    }

    /// It reports a failure in which these words occur.
    #[track_caller]
    pub fn reported_with(&self, part: impl Into<String>) -> &Self {
        self.hold(check::error(self, Some(ErrorKind::Reported), Some(&Content::TextWith(part.into()))))
    }

    /// This occurs in its log.
    #[track_caller]
    pub fn logged(&self, part: impl Into<String>) -> &Self {
        self.hold(check::log(self, &Content::TextWith(part.into())))
    }

    /// It waited no longer than this, by a paused clock.
    #[track_caller]
    pub fn took_at_most(&self, limit: Duration) -> &Self {
        let took = self.elapsed();
        let mismatch =
            || Mismatch::new(format!("`{}` took {took:?}, and at most {limit:?} were expected", self.guest));
        self.hold(if took <= limit { Ok(()) } else { Err(mismatch()) })
    }

    /// Every fault happened as often as it was to.
    #[track_caller]
    pub fn met_all_faults(&self) -> &Self {
        self.hold(check::faults_happened(&self.aws))
    }

    /// The policy denied nothing.
    #[track_caller]
    pub fn was_denied_nothing(&self) -> &Self {
        self.hold(check::no_other_denials(self, &[]))
    }

    /// The policy denied this IAM action (`s3:GetObject`, `s3:*`) ... to be continued with [`Denials::on`], and ended with a number.
    pub fn was_denied(&self, action: impl Into<String>) -> Denials<'_> {
        Denials { called: self, pattern: DenialPattern::new(action) }
    }

    /// It made calls of this operation (`GetObject`, `s3:GetObject`) ... to be continued with [`Calls::on`], and ended with a number.
    pub fn made(&self, operation: impl Into<String>) -> Calls<'_> {
        Calls { called: self, pattern: CallPattern::new(operation) }
    }

    /// The object of a key ...
    pub fn object<'a>(&'a self, bucket: &'a str, key: &'a str) -> ObjectSentence<'a> {
        ObjectSentence { called: self, bucket, key }
    }

    /// A queue ...
    pub fn queue<'a>(&'a self, queue: &'a str) -> QueueSentence<'a> {
        QueueSentence { called: self, queue }
    }

    /// A function ...
    pub fn function<'a>(&'a self, function: &'a str) -> FunctionSentence<'a> {
        FunctionSentence { called: self, function }
    }

    #[track_caller]
    #[expect(clippy::panic, reason = "an assertion that does not hold ends the test")]
    fn hold(&self, checked: Result<(), Mismatch>) -> &Self {
        match checked {
            Ok(()) => self,
            Err(mismatch) => panic!("{mismatch}\n\n{}\n", self.asked()),
        }
    }
}

/// Which calls of AWS are meant. Says nothing until a number ends it.
#[derive(Debug)]
#[must_use = "a number ends the sentence: `once()`, `times(3)`, `never()`"]
pub struct Calls<'a> {
    called: &'a Called,
    pattern: CallPattern,
}

impl<'a> Calls<'a> {
    /// Only those on this ARN; `*` and `?` as in IAM.
    pub fn on(mut self, resource: impl Into<String>) -> Self {
        self.pattern.resource = Some(resource.into());
        self
    }

    /// Only those that the guest got this error from: a case of the WIT variant, such as `no-such-key`.
    pub fn that_failed_with(mut self, error: impl Into<String>) -> Self {
        self.pattern.error = Some(error.into());
        self
    }

    /// Only those that were cut short: the guest dropped them, or its time was over.
    pub fn that_were_cancelled(self) -> Self {
        self.that_failed_with(CallPattern::CANCELLED)
    }

    /// Only those that were sent this often.
    pub fn after_attempts(mut self, attempts: u32) -> Self {
        self.pattern.attempts = Some(attempts);
        self
    }

    /// There is one.
    #[track_caller]
    pub fn once(self) -> &'a Called {
        self.times(1)
    }

    /// There is none.
    #[track_caller]
    pub fn never(self) -> &'a Called {
        self.times(0)
    }

    /// There are so many.
    #[track_caller]
    pub fn times(self, number: usize) -> &'a Called {
        self.called.hold(check::calls(self.called, &self.pattern, Times::Exactly(number)))
    }

    /// There are so many, or more.
    #[track_caller]
    pub fn at_least(self, number: usize) -> &'a Called {
        self.called.hold(check::calls(self.called, &self.pattern, Times::AtLeast(number)))
    }
}

/// Which denials are meant. Says nothing until a number ends it.
#[derive(Debug)]
#[must_use = "a number ends the sentence: `once()`, `times(3)`, `never()`"]
pub struct Denials<'a> {
    called: &'a Called,
    pattern: DenialPattern,
}

impl<'a> Denials<'a> {
    /// Only those on this ARN; `*` and `?` as in IAM.
    pub fn on(mut self, resource: impl Into<String>) -> Self {
        self.pattern.resource = Some(resource.into());
        self
    }

    /// There is one.
    #[track_caller]
    pub fn once(self) -> &'a Called {
        self.times(1)
    }

    /// There is none.
    #[track_caller]
    pub fn never(self) -> &'a Called {
        self.times(0)
    }

    /// There are so many.
    #[track_caller]
    pub fn times(self, number: usize) -> &'a Called {
        self.called.hold(check::denials(self.called, &self.pattern, Times::Exactly(number)))
    }

    /// There are so many, or more.
    #[track_caller]
    pub fn at_least(self, number: usize) -> &'a Called {
        self.called.hold(check::denials(self.called, &self.pattern, Times::AtLeast(number)))
    }
}

/// The object of a key. From [`Called::object`].
#[derive(Clone, Copy, Debug)]
pub struct ObjectSentence<'a> {
    called: &'a Called,
    bucket: &'a str,
    key: &'a str,
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "it has been checked, whether or not another sentence follows"
)]
impl ObjectSentence<'_> {
    /// ... is there.
    #[track_caller]
    pub fn exists(self) -> Self {
        self.hold(check::object(&self.called.aws, self.bucket, self.key).map(drop))
    }

    /// ... is not there.
    #[track_caller]
    pub fn is_absent(self) -> Self {
        self.hold(check::no_object(&self.called.aws, self.bucket, self.key))
    }

    /// ... is this text.
    #[track_caller]
    pub fn is(self, expected: impl Into<String>) -> Self {
        self.has(&Content::Text(expected.into()))
    }

    /// ... is these bytes.
    #[track_caller]
    pub fn is_bytes(self, expected: impl Into<Vec<u8>>) -> Self {
        self.has(&Content::Bytes(expected.into()))
    }

    /// ... is a JSON document that says the same.
    #[track_caller]
    pub fn is_json(self, expected: &Value) -> Self {
        self.has(&Content::Json(expected.clone()))
    }

    /// ... is what is expected.
    #[track_caller]
    pub fn has(self, expected: &Content) -> Self {
        self.hold(check::object_content(&self.called.aws, self.bucket, self.key, expected))
    }

    /// ... has this `Content-Type`.
    #[track_caller]
    pub fn has_content_type(self, expected: &str) -> Self {
        self.hold(check::object_content_type(&self.called.aws, self.bucket, self.key, expected))
    }

    /// ... has this user metadata (`x-amz-meta-NAME`).
    #[track_caller]
    pub fn has_metadata(self, name: &str, expected: &str) -> Self {
        self.hold(check::object_metadata(&self.called.aws, self.bucket, self.key, name, expected))
    }

    /// ... has this tag.
    #[track_caller]
    pub fn has_tag(self, name: &str, expected: &str) -> Self {
        self.hold(check::object_tag(&self.called.aws, self.bucket, self.key, name, expected))
    }

    #[track_caller]
    fn hold(self, checked: Result<(), Mismatch>) -> Self {
        self.called.hold(checked);
        self
    }
}

/// A queue. From [`Called::queue`].
#[derive(Clone, Copy, Debug)]
pub struct QueueSentence<'a> {
    called: &'a Called,
    queue: &'a str,
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "it has been checked, whether or not another sentence follows"
)]
impl QueueSentence<'_> {
    /// ... has these messages, in the order of their arrival, and no others. One that was received and not deleted is still there.
    #[track_caller]
    pub fn has_messages<T: Into<String>>(self, bodies: impl IntoIterator<Item = T>) -> Self {
        self.holds(bodies.into_iter().map(|body| Content::Text(body.into())))
    }

    /// ... has these messages, each a JSON document, and no others.
    #[track_caller]
    pub fn has_json_messages(self, bodies: impl IntoIterator<Item = Value>) -> Self {
        self.holds(bodies.into_iter().map(Content::Json))
    }

    /// ... has these messages, of which more is said than their bodies, and no others.
    #[track_caller]
    pub fn has(self, messages: impl IntoIterator<Item = ExpectedMessage>) -> Self {
        let expected: Vec<_> = messages.into_iter().collect();
        self.called.hold(check::messages(&self.called.aws, self.queue, &expected));
        self
    }

    /// ... has no message.
    #[track_caller]
    pub fn is_empty(self) -> Self {
        self.holds([])
    }

    #[track_caller]
    fn holds(self, expected: impl IntoIterator<Item = Content>) -> Self {
        self.has(expected.into_iter().map(ExpectedMessage::new))
    }
}

/// A function. From [`Called::function`].
#[derive(Clone, Copy, Debug)]
pub struct FunctionSentence<'a> {
    called: &'a Called,
    function: &'a str,
}

#[expect(
    clippy::return_self_not_must_use,
    reason = "it has been checked, whether or not another sentence follows"
)]
impl FunctionSentence<'_> {
    /// ... was invoked with these events, in this order, and with no others.
    #[track_caller]
    pub fn was_invoked_with(self, events: impl IntoIterator<Item = Value>) -> Self {
        let expected: Vec<_> = events.into_iter().map(Content::Json).collect();
        self.called.hold(check::invocations(&self.called.aws, self.function, &expected));
        self
    }

    /// ... was not invoked.
    #[track_caller]
    pub fn was_not_invoked(self) -> Self {
        self.was_invoked_with([])
    }
}

/// What was returned and then looked at, for tests that go on from there.
impl Called {
    /// The result as JSON.
    ///
    /// # Panics
    ///
    /// If there is none, or it is no JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        self.succeeded();
        let output = self.result().unwrap_or_default();
        match serde_json::from_slice(output) {
            Ok(value) => value,
            Err(error) => {
                let remark = Difference::remark(String::from_utf8_lossy(output));
                self.hold(Err(Mismatch::with(
                    format!("the result of `{}` is no JSON ({error})", self.guest),
                    remark,
                )));
                Value::Null
            }
        }
    }
}

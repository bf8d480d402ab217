//! What a run changed in the fake AWS, and what it asked of functions there.

use std::fmt::{self, Write};

use innkeeper_fake::InvocationType;

use super::super::report::{ChangeKind, Changes, Invocation, Invoked, ObjectChange, QueueChange};
use super::{MAX_LINES, write_rest};
use crate::style::{ADDED, CHANGED, FAINT, REMOVED, TITLE, styled};
use crate::text::{count, size, visible};

/// How many characters of a function's error are shown.
const MAX_CHARS: usize = 300;

/// What is different in the fake, and what its functions were asked. Ends with an empty line.
pub(super) fn write_changes(out: &mut impl Write, changes: &Changes, saved: Option<&str>) -> fmt::Result {
    let Changes { buckets_created, buckets_removed, objects, queues, invocations } = changes;
    if [buckets_created, buckets_removed].iter().all(|buckets| buckets.is_empty())
        && objects.is_empty()
        && queues.is_empty()
    {
        writeln!(out, "{}", styled(TITLE, "Nothing changed in the fake AWS"))?;
        return write_invocations(out, invocations);
    }
    let of_objects = kinds("objects", objects.iter().map(|object| object.kind));
    let messages = queues.iter().flat_map(|queue| &queue.messages);
    let of_messages = kinds("messages", messages.map(|message| message.kind));
    let numbers = [of_objects, of_messages].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let numbers = if numbers.is_empty() { numbers } else { format!("({numbers})") };
    writeln!(out, "{} {}", styled(TITLE, "Changed in the fake AWS"), styled(FAINT, numbers))?;
    for bucket in buckets_created {
        writeln!(out, "  {} bucket s3://{}", styled(ADDED, '+'), visible(bucket))?;
    }
    for bucket in buckets_removed {
        writeln!(out, "  {} bucket s3://{}", styled(REMOVED, '-'), visible(bucket))?;
    }
    write_rows(out, objects.iter().map(row))?;
    write_rest(out, objects.len(), 0, "object")?;
    write_rows(out, queues.iter().map(queue_row))?;
    write_rest(out, queues.len(), 0, "queue")?;
    if let Some(saved) = saved {
        writeln!(out, "  {}", visible(saved))?;
    }
    write_invocations(out, invocations)
}

/// How many there are of each kind: `objects: 2 added, 1 removed`.
fn kinds(what: &str, all: impl Iterator<Item = ChangeKind>) -> Option<String> {
    let mut numbers = [(ChangeKind::Added, 0), (ChangeKind::Changed, 0), (ChangeKind::Removed, 0)];
    for kind in all {
        numbers.iter_mut().filter(|(of, _)| *of == kind).for_each(|(_, number)| *number += 1);
    }
    let numbers: Vec<_> = numbers
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| format!("{number} {}", verb(*kind)))
        .collect();
    (!numbers.is_empty()).then(|| format!("{what}: {}", numbers.join(", ")))
}

fn verb(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Changed => "changed",
        ChangeKind::Removed => "removed",
    }
}

fn mark(kind: ChangeKind) -> String {
    let (style, mark) = match kind {
        ChangeKind::Added => (ADDED, '+'),
        ChangeKind::Changed => (CHANGED, '~'),
        ChangeKind::Removed => (REMOVED, '-'),
    };
    styled(style, mark).to_string()
}

/// Mark, name, and the rest of a line; the first of them, one below the other.
fn write_rows(out: &mut impl Write, rows: impl Iterator<Item = (String, String, String)>) -> fmt::Result {
    let rows: Vec<_> = rows.take(MAX_LINES).collect();
    let width = rows.iter().map(|(_, name, _)| name.chars().count()).max().unwrap_or(0).min(72);
    rows.iter().try_for_each(|(mark, name, rest)| writeln!(out, "  {mark} {name:width$}  {rest}"))
}

/// Mark and name of a queue, what became of its messages, and how many it has.
fn queue_row(queue: &QueueChange) -> (String, String, String) {
    let name = format!("sqs://{}", visible(&queue.queue));
    let of = |kind| queue.messages.iter().filter(|message| message.kind == kind).count();
    let total = queue.visible + queue.in_flight + queue.delayed;
    let mut rest: Vec<_> = [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed]
        .into_iter()
        .filter(|kind| of(*kind) > 0)
        .map(|kind| match kind {
            // It has been received, or can be received again; it is the same message.
            ChangeKind::Changed => format!("{} in another state", count(of(kind), "message")),
            kind => format!("{} {}", count(of(kind), "message"), verb(kind)),
        })
        .collect();
    let of_them: Vec<_> = [(queue.in_flight, "in flight"), (queue.delayed, "delayed")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, state)| format!("{number} {state}"))
        .collect();
    if queue.kind != ChangeKind::Removed {
        let of_them = if of_them.is_empty() { String::new() } else { format!(" ({})", of_them.join(", ")) };
        rest.push(format!("{total} in it{of_them}"));
    }
    (mark(queue.kind), name, rest.join(", "))
}

/// What functions were asked, those of one kind and outcome together, in the order of the first. Ends what is said of the fake.
fn write_invocations(out: &mut impl Write, invocations: &[Invocation]) -> fmt::Result {
    writeln!(out)?;
    if invocations.is_empty() {
        return Ok(());
    }
    let mut groups: Vec<(&Invocation, usize)> = Vec::new();
    for invocation in invocations {
        let same = |other: &Invocation| {
            (&other.function, &other.qualifier, other.invocation_type, other.outcome, &other.error)
                == (
                    &invocation.function,
                    &invocation.qualifier,
                    invocation.invocation_type,
                    invocation.outcome,
                    &invocation.error,
                )
        };
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, times)) => *times += 1,
            None => groups.push((invocation, 1)),
        }
    }
    writeln!(
        out,
        "{} {}",
        styled(TITLE, "Functions invoked in the fake AWS"),
        styled(FAINT, format_args!("({})", invocations.len()))
    )?;
    let name = |invocation: &Invocation| match &invocation.qualifier {
        Some(qualifier) => format!("{}:{qualifier}", invocation.function),
        None => invocation.function.clone(),
    };
    let shown = groups.iter().take(MAX_LINES);
    let width = shown.clone().map(|(invocation, _)| name(invocation).chars().count()).max().unwrap_or(0);
    for (invocation, times) in shown {
        let how = match invocation.invocation_type {
            InvocationType::RequestResponse | InvocationType::DryRun => "",
            InvocationType::Event => ", asynchronously",
            InvocationType::ResponseStream => ", with a response stream",
        };
        let outcome = match invocation.outcome {
            Invoked::Returned => "returned".to_owned(),
            Invoked::FailedHandled => styled(REMOVED, "failed (handled)").to_string(),
            Invoked::FailedUnhandled => styled(REMOVED, "failed (unhandled)").to_string(),
            Invoked::Dropped => styled(REMOVED, "was never attempted").to_string(),
            Invoked::Unfinished => styled(CHANGED, "had not ended").to_string(),
            Invoked::DryRun => "dry run".to_owned(),
        };
        let name = name(invocation);
        writeln!(out, "  {name:width$}  {times:>4} ×  {outcome}{how}")?;
        if let Some(error) = &invocation.error {
            writeln!(out, "      {}", visible(&shortened(error)))?;
        }
    }
    write_rest(out, groups.len(), 0, "outcome")?;
    writeln!(out)
}

/// A text of a length that a person reads.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Mark, name and sizes of an object.
fn row(object: &ObjectChange) -> (String, String, String) {
    let sizes = match (object.size_before, object.size_after) {
        (Some(before), Some(after)) => format!("{} -> {}", size(before), size(after)),
        (Some(one), None) | (None, Some(one)) => size(one).to_string(),
        (None, None) => String::new(),
    };
    (mark(object.kind), format!("s3://{}/{}", object.bucket, visible(&object.key)), sizes)
}

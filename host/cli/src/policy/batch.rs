//! `innkeeper policy explain --batch`: requests as lines of JSON, answered one by one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};

use innkeeper::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::question::{Answer, Place, Question, WrongQuestion};
use crate::exit::Exit;
use crate::failure::Failure;

/// The longest line that is read. An ARN of an object has less than 2 KB.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// A line of the input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked<'a> {
    #[serde(borrow)]
    guest: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    resource: Cow<'a, str>,
    #[serde(default)]
    context: BTreeMap<String, Value>,
}

/// A line of the output.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Answer(Answer),
    Wrong {
        /// The number of the line, from 1.
        line: u64,
        error: String,
    },
}

/// Answers standard input on standard output, to its end.
pub(super) fn answer(manifest: &Manifest) -> Result<Exit, Failure> {
    let (input, output) = (BufReader::new(io::stdin().lock()), BufWriter::new(io::stdout().lock()));
    match answer_all(manifest, input, output) {
        Ok(exit) => Ok(exit),
        // A reader that has had enough (`| head`) is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Success),
        Err(error) => Err(Failure::doing(Exit::Io, "the requests cannot be answered", &error)),
    }
}

fn answer_all<R: io::Read>(
    manifest: &Manifest,
    mut input: BufReader<R>,
    mut output: impl Write,
) -> io::Result<Exit> {
    let (mut exit, mut line, mut number) = (Exit::Success, Vec::new(), 0);
    loop {
        line.clear();
        number += 1;
        if input.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            output.flush()?;
            return Ok(exit);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let is_whole = line.ends_with(b"\n") || (line.len() as u64) < MAX_LINE_BYTES;
        let answer = if is_whole {
            answer_line(manifest, &line)
        } else {
            skip_line(&mut input)?;
            Err(format!("the line has more than {MAX_LINE_BYTES} bytes"))
        };
        let answer = answer.map_or_else(|error| Line::Wrong { line: number, error }, Line::Answer);
        if matches!(answer, Line::Wrong { .. }) {
            exit = Exit::Usage;
        }
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        // Whoever waits for an answer before the next request gets it.
        if input.buffer().is_empty() {
            output.flush()?;
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(buffer.len(), |at| at + 1);
        input.consume(read);
        if end.is_some() || read == 0 {
            return Ok(());
        }
    }
}

fn answer_line(manifest: &Manifest, line: &[u8]) -> Result<Answer, String> {
    // A list would be taken for the members in their order.
    if line.trim_ascii_start().first().is_some_and(|first| *first == b'[') {
        return Err("a request is a JSON object, and not a list".to_owned());
    }
    let asked: Asked<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let section = manifest.guest(&asked.guest).map_err(|error| error.to_string())?;
    let mut context = Vec::with_capacity(asked.context.len());
    for (key, value) in asked.context {
        // As AWS's own simulator takes them: a list of values. None of them is no value.
        let values = match value {
            Value::Array(values) => values,
            value => vec![value],
        };
        for value in values {
            let value = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(value) => value.to_string(),
                _ => return Err(format!("the value of `{key}` is no string, number or boolean")),
            };
            context.push((key.clone(), value));
        }
    }
    match Question::new(&asked.action, &asked.resource, context) {
        Ok(question) => {
            let answer = question.ask(&section.policy, Place::of(manifest, section));
            answer.ok_or_else(|| "the request cannot be asked about".to_owned())
        }
        Err(WrongQuestion::NotProvided(note)) => Ok(Answer::not_provided(note)),
        Err(WrongQuestion::Malformed(error)) => Err(error),
    }
}

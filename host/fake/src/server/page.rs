//! The state as a page for people: tables, no scripts, nothing from elsewhere.

use std::fmt::{self, Display, Write as _};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use super::control;
use super::state::State;
use crate::calls::Call;
use crate::sqs::QueueSnapshot;

/// How much of a long text is shown.
const MAX_TEXT: usize = 200;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}h3{font-size:1rem;margin-bottom:.2rem}\
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top;border-bottom:1px solid #8884;\
overflow-wrap:anywhere}\
td.n,th.n{text-align:right;white-space:nowrap}code{font-size:.95em}.none{opacity:.6}";

pub(super) fn answer(state: &State) -> Response<Full<Bytes>> {
    let page = render(state);
    let mut answer = control::answer(StatusCode::OK, "text/html; charset=utf-8", page.into_bytes());
    // Should a key ever get through the escapes, it would still be no script.
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    answer
}

fn render(state: &State) -> String {
    let mut page = Page::default();
    page.raw(format_args!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Innkeeper: fake AWS</title>\
         <style>{STYLE}</style>\n<h1>Fake AWS</h1>\n<p>Account {}, {}. As JSON: <code>curl URL/_innkeeper/state</code>.\n",
        Text(&state.account_id),
        Text(&state.time),
    ));
    buckets(&mut page, state);
    queues(&mut page, &state.sqs.queues);
    functions(&mut page, state);
    faults(&mut page, state);
    calls(&mut page, &state.calls);
    page.0
}

fn buckets(page: &mut Page, state: &State) {
    page.title("S3", state.s3.buckets.len(), "bucket");
    for bucket in &state.s3.buckets {
        page.subtitle(&bucket.bucket);
        let rows = bucket.objects.iter().map(|object| {
            [
                object.key.clone(),
                object.size.to_string(),
                object.content_type.clone(),
                object.last_modified.clone(),
                object.etag.clone(),
            ]
        });
        page.table(["Key", "#Size", "Content type", "Last modified", "ETag"], rows);
    }
}

fn queues(page: &mut Page, queues: &[QueueSnapshot]) {
    page.title("SQS", queues.len(), "queue");
    for queue in queues {
        let whose = [&queue.region, &queue.account_id].into_iter().flatten();
        let whose = whose.map(|part| format!(" ({part})")).collect::<Vec<_>>().concat();
        page.subtitle(&format!(
            "{}{whose}: {} visible, {} in flight, {} delayed",
            queue.queue, queue.visible, queue.in_flight, queue.delayed
        ));
        let rows = queue.messages.iter().map(|message| {
            [
                message.message_id.clone(),
                format!("{:?}", message.state),
                message.receive_count.to_string(),
                message.group_id.clone().unwrap_or_default(),
                message.body.clone(),
            ]
        });
        page.table(["Message", "State", "#Received", "Group", "Body"], rows);
    }
}

fn functions(page: &mut Page, state: &State) {
    page.title("Lambda", state.lambda.functions.len(), "function");
    page.table(["Function"], state.lambda.functions.iter().map(|name| [name.clone()]));
    if !state.lambda.layers.is_empty() {
        page.subtitle("Layers");
        let rows = state.lambda.layers.iter().map(|layer| {
            let versions: Vec<String> = layer.versions.iter().map(u64::to_string).collect();
            let account_id = layer.account_id.clone().unwrap_or_default();
            [layer.layer.clone(), layer.region.clone(), account_id, versions.join(", ")]
        });
        page.table(["Layer", "Region", "Account", "Versions"], rows);
    }
    if !state.lambda.event_source_mappings.is_empty() {
        page.subtitle("Event source mappings");
        let rows = state.lambda.event_source_mappings.iter().map(|mapping| {
            let qualifier = mapping.qualifier.iter().map(|qualifier| format!(":{qualifier}"));
            let account_id = mapping.account_id.iter().map(|id| format!("@{id}"));
            let function =
                std::iter::once(mapping.function.clone()).chain(qualifier).chain(account_id).collect();
            [mapping.source.clone(), function, mapping.state.to_owned(), mapping.uuid.clone()]
        });
        page.table(["Source", "Function", "State", "UUID"], rows);
    }
    if state.lambda.invocations.is_empty() {
        return;
    }
    page.subtitle("The last invocations");
    let rows = state.lambda.invocations.iter().rev().map(|invocation| {
        let outcome = serde_json::to_string(&invocation.outcome).unwrap_or_default();
        [
            invocation.number.to_string(),
            invocation.function.clone(),
            format!("{:?}", invocation.invocation_type),
            outcome,
        ]
    });
    page.table(["#Number", "Function", "Type", "Outcome"], rows);
}

fn faults(page: &mut Page, state: &State) {
    if state.faults.is_empty() {
        return;
    }
    page.title("Faults to come", state.faults.len(), "fault");
    let rows = state.faults.iter().map(|fault| [serde_json::to_string(fault).unwrap_or_default()]);
    page.table(["Rule"], rows);
}

fn calls(page: &mut Page, calls: &[Call]) {
    page.title("The last calls", calls.len(), "call");
    let rows = calls.iter().rev().map(|call| {
        let resource = [&call.bucket, &call.key, &call.queue, &call.function];
        let resource: Vec<&str> = resource.into_iter().flatten().map(String::as_str).collect();
        let mut status = call.status.map_or_else(String::new, |status| status.to_string());
        for word in [call.error_code.as_deref(), call.faulted.then_some("(fault)")].into_iter().flatten() {
            status.push(' ');
            status.push_str(word);
        }
        [
            call.number.to_string(),
            call.service.to_string(),
            call.operation.clone(),
            resource.join("/"),
            status,
            call.bytes_in.to_string(),
            call.bytes_out.to_string(),
        ]
    });
    page.table(["#Number", "Service", "Operation", "Resource", "Status", "#Bytes in", "#Bytes out"], rows);
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn raw(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.0.write_fmt(text);
    }

    fn title(&mut self, title: &str, count: usize, what: &str) {
        let plural = if count == 1 { "" } else { "s" };
        self.raw(format_args!("<h2>{} <small>({count} {what}{plural})</small></h2>\n", Text(title)));
    }

    fn subtitle(&mut self, title: &str) {
        self.raw(format_args!("<h3>{}</h3>\n", Text(title)));
    }

    /// A column whose title begins with `#` is one of numbers.
    fn table<const N: usize>(&mut self, titles: [&str; N], rows: impl Iterator<Item = [String; N]>) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            self.raw(format_args!("<p class=\"none\">none\n"));
            return;
        }
        let class = |title: &str| if title.starts_with('#') { " class=\"n\"" } else { "" };
        self.raw(format_args!("<table><tr>"));
        for title in titles {
            self.raw(format_args!("<th{}>{}", class(title), Text(title.trim_start_matches('#'))));
        }
        for row in rows {
            self.raw(format_args!("\n<tr>"));
            for (title, cell) in titles.iter().zip(&row) {
                self.raw(format_args!("<td{}>{}", class(title), Text(&shortened(cell))));
            }
        }
        self.raw(format_args!("\n</table>\n"));
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Text in the place of text, or of an attribute in double quotes: whatever it is, it stays text.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(c),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FakeAws;

    #[test]
    fn a_key_cannot_become_part_of_the_page() {
        let fake = FakeAws::new();
        fake.s3().create_bucket("bucket").unwrap();
        fake.s3().put("bucket", "<script>alert('x')</script>", "1").unwrap();
        let page = render(&State::of(&fake));
        assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), "{page}");
        assert!(!page.contains("<script>"), "{page}");
    }

    #[test]
    fn a_long_text_is_shortened_at_a_character() {
        assert_eq!(shortened(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
        assert_eq!(shortened("a"), "a");
    }
}

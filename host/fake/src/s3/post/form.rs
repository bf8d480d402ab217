use bytes::Bytes;

/// The most fields of a form, the file excepted, and the longest of them: an upload's policy is of a few KiB.
const MAX_FIELDS: usize = 200;
const MAX_FIELD: usize = 20 * 1024;
/// The longest head of a part.
const MAX_HEAD: usize = 8 * 1024;

/// A `multipart/form-data` document (RFC 7578), as far as its field `file`. What follows that is ignored, as S3 has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// Names in lower case, since S3 does not tell them apart.
    fields: Vec<(String, String)>,
    pub(super) file: Bytes,
    pub(super) file_name: Option<String>,
}

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormError {
    Malformed,
    TooLong,
    NoFile,
}

impl Form {
    pub(super) fn parse(content_type: &str, body: &Bytes) -> Result<Self, FormError> {
        let boundary = boundary(content_type).ok_or(FormError::Malformed)?;
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        // The first boundary has no line before it; what stands in front of it is nothing's.
        let first = delimiter.get(2..).unwrap_or_default();
        let mut at = find(body, first).ok_or(FormError::Malformed)? + first.len();
        let mut fields = Vec::new();
        loop {
            let rest = body.get(at..).ok_or(FormError::Malformed)?;
            if rest.starts_with(b"--") {
                return Err(FormError::NoFile);
            }
            // White space may follow a boundary.
            let line_end = find(rest, b"\r\n").ok_or(FormError::Malformed)?;
            let head_start = line_end + 2;
            let window = rest.get(head_start..).ok_or(FormError::Malformed)?;
            let window = window.get(..MAX_HEAD.min(window.len())).unwrap_or_default();
            let head_length = find(window, b"\r\n\r\n").ok_or(FormError::Malformed)?;
            let head = window.get(..head_length).unwrap_or_default();
            let content_start = at + head_start + head_length + 4;
            let content = body.get(content_start..).ok_or(FormError::Malformed)?;
            let length = find(content, &delimiter).ok_or(FormError::Malformed)?;
            let part = Head::parse(head).ok_or(FormError::Malformed)?;
            if part.name == "file" {
                return Ok(Self {
                    fields,
                    file: body.slice(content_start..content_start + length),
                    file_name: part.file_name,
                });
            }
            if length > MAX_FIELD || fields.len() == MAX_FIELDS {
                return Err(FormError::TooLong);
            }
            let value = content.get(..length).unwrap_or_default();
            let value = String::from_utf8(value.to_vec()).map_err(|_| FormError::Malformed)?;
            fields.push((part.name, value));
            at = content_start + length + delimiter.len();
        }
    }

    /// The value of a field, by its name in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The headers of a part.
struct Head {
    name: String,
    file_name: Option<String>,
}

impl Head {
    fn parse(head: &[u8]) -> Option<Self> {
        let head = std::str::from_utf8(head).ok()?;
        let header = |wanted: &str| {
            head.split("\r\n").find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
            })
        };
        let disposition = header("content-disposition")?;
        Some(Self {
            name: parameter(disposition, "name")?.to_ascii_lowercase(),
            file_name: parameter(disposition, "filename"),
        })
    }
}

/// `name="value"`, or without the quotes, after the first `;`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, next) = if let Some(quoted) = after.trim_start().strip_prefix('"') {
            let end = closing_quote(quoted)?;
            let (value, next) = quoted.split_at(end);
            (value.replace("\\\"", "\""), next.get(1..)?)
        } else {
            let (value, next) = after.split_once(';').unwrap_or((after, ""));
            (value.trim().to_owned(), next)
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = next.trim_start().trim_start_matches(';');
    }
}

/// Where a quoted text ends. Browsers write a quote in it as `%22`; the escape by a backslash is older.
fn closing_quote(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in quoted.char_indices() {
        match character {
            '"' if !escaped => return Some(at),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn boundary(content_type: &str) -> Option<String> {
    let (kind, _) = content_type.split_once(';')?;
    let boundary = parameter(content_type, "boundary")?;
    let fits = kind.trim().eq_ignore_ascii_case("multipart/form-data") && (1..=70).contains(&boundary.len());
    fits.then_some(boundary)
}

/// Where `wanted` begins. Looks for its first byte with the speed of a search for one.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = from + rest.iter().position(|byte| byte == first)?;
        if text.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=xyz";

    fn parse(body: &str) -> Result<Form, FormError> {
        Form::parse(TYPE, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn reads_fields_and_the_file() {
        let body = "--xyz\r\nContent-Disposition: form-data; name=\"Key\"\r\n\r\nfoo\r\n--xyz\r\n\
                    Content-Type: text/plain\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b.txt\"\r\n\r\n\
                    one\r\ntwo\r\n--xyz\r\nContent-Disposition: form-data; name=\"after\"\r\n\r\nignored\r\n--xyz--\r\n";
        let form = parse(body).unwrap();
        assert_eq!(form.field("key"), Some("foo"));
        assert_eq!(form.field("after"), None);
        assert_eq!(form.file, "one\r\ntwo");
        assert_eq!(form.file_name.as_deref(), Some("a \"b.txt"));
    }

    #[test]
    fn refuses_what_is_no_form() {
        assert_eq!(parse(""), Err(FormError::Malformed));
        assert_eq!(parse("--xyz--\r\n"), Err(FormError::NoFile));
        assert_eq!(parse("--xyz\r\nno colon\r\n\r\nx\r\n--xyz--"), Err(FormError::Malformed));
        let file = "--xyz\r\nContent-Disposition: form-data; name=file\r\n\r\nx";
        assert_eq!(parse(file), Err(FormError::Malformed));
        let long = "x".repeat(MAX_FIELD + 1);
        let body = format!("--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n{long}\r\n--xyz--");
        assert_eq!(parse(&body), Err(FormError::TooLong));
        assert_eq!(
            Form::parse("multipart/form-data", &Bytes::from_static(b"--\r\n")),
            Err(FormError::Malformed)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
            let mut text = b"--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".to_vec();
            text.truncate(cut);
            text.extend(body);
            let _ = Form::parse(TYPE, &Bytes::from(text));
        }
    }
}

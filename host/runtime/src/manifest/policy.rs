//! `policy`, `[[guest.NAME.allow]]` and `[[guest.NAME.deny]]`

use std::io::Read as _;
use std::path::Path;

use innkeeper_policy::{Diagnostic, Effect, Policy, Source, Statement};
use toml::Spanned;

use super::Reader;
use crate::trigger::CONDITION_KEYS;

/// The largest file that is taken for a policy document: IAM's own are bounded by 10 KB.
const MAX_DOCUMENT_BYTES: u64 = 1 << 20;

/// What of the section is its policy.
pub(super) struct Written<'a> {
    pub(super) document: Option<&'a Spanned<String>>,
    pub(super) allow: &'a [Spanned<Statement>],
    pub(super) deny: &'a [Spanned<Statement>],
    /// The names of the quotas that a statement can have.
    pub(super) quotas: Vec<&'a str>,
}

impl Written<'_> {
    /// The policy: of the statements, or of the IAM policy document that is named in place of them.
    pub(super) fn read(&self, guest: &str, reader: &mut Reader<'_>) -> Option<Policy> {
        let mut policy = Policy::builder(guest);
        policy.provides(CONDITION_KEYS.iter().copied()).quotas(self.quotas.iter().copied());
        for (effect, statements) in [(Effect::Allow, self.allow), (Effect::Deny, self.deny)] {
            for statement in statements {
                policy.statement(effect, statement, reader.source);
            }
        }
        if let Some(path) = self.document {
            if let Some(statement) = self.allow.first().or(self.deny.first()) {
                let message =
                    "the guest has a `policy`, so it can have no `allow` and no `deny` beside it".to_owned();
                reader.wrong(statement, message, Some("write all of it in the one or in the others"));
                return None;
            }
            policy.document(&read_document(path, reader)?);
        }
        match policy.build() {
            Ok(policy) => Some(policy),
            Err(diagnostics) => {
                reader.found.extend(diagnostics);
                None
            }
        }
    }
}

/// The text of a file below the manifest's folder. Messages call it by its path as seen from where the manifest is.
fn read_document(path: &Spanned<String>, reader: &mut Reader<'_>) -> Option<Source> {
    let file = Path::new(path.get_ref());
    let read = || -> std::io::Result<Option<String>> {
        let mut text = String::new();
        let document = reader.directory.open(file)?;
        document.take(MAX_DOCUMENT_BYTES + 1).read_to_string(&mut text)?;
        Ok(Some(text).filter(|text| text.len() as u64 <= MAX_DOCUMENT_BYTES))
    };
    let wrong = match read() {
        Ok(Some(text)) => {
            let folder = Path::new(reader.source.file()).parent().unwrap_or(Path::new(""));
            return Some(Source::new(folder.join(file).display().to_string(), text));
        }
        Ok(None) => format!("the policy document has more than {MAX_DOCUMENT_BYTES} bytes"),
        Err(error) => format!("the policy document cannot be read: {error}"),
    };
    let diagnostic = Diagnostic::at(reader.source, path.span(), wrong);
    reader.found.push(diagnostic.with_help("`policy` is a path below the manifest's folder, without `..`"));
    None
}

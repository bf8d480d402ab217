//! `[[guest.NAME.wasi.http]]`

use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use crate::wasi::http::HttpGrant;

/// A grant as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    hosts: Spanned<Vec<Spanned<String>>>,
    methods: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    addresses: Vec<Spanned<String>>,
}

impl Raw {
    pub(super) fn read(written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<HttpGrant> {
        let raw = written.get_ref();
        for (key, list) in [("hosts", &raw.hosts), ("methods", &raw.methods)] {
            if list.get_ref().is_empty() {
                reader.wrong(list, format!("`{key}` is empty, so the grant allows nothing"), None);
                return None;
            }
        }
        let hosts = read_all(raw.hosts.get_ref(), reader);
        let methods = read_all(raw.methods.get_ref(), reader);
        let addresses = read_all(&raw.addresses, reader);
        Some(HttpGrant {
            hosts: hosts?,
            methods: methods?,
            addresses: addresses?,
            location: Some(reader.source.locate(written.span().start)),
        })
    }
}

/// Each of a list, and what is wrong with any.
fn read_all<T>(list: &[Spanned<String>], reader: &mut Reader<'_>) -> Option<Vec<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let read: Vec<_> = list.iter().map(|text| reader.check(text, |text| text.parse::<T>())).collect();
    read.into_iter().collect()
}

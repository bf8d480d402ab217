//! `[guest.NAME.quota]` and `[guest.NAME.quotas.QUOTA]`

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use serde::Deserialize;
use toml::Spanned;

use super::{Reader, value};
use crate::quota::{OnExcess, Quota, Quotas, Rate};

/// A quota as TOML has it. What is not given is not limited.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    rate: Option<Spanned<String>>,
    bytes_out: Option<Spanned<String>>,
    bytes_in: Option<Spanned<String>>,
    calls_per_run: Option<NonZeroU64>,
    bytes_per_run: Option<Spanned<String>>,
    concurrency: Option<NonZeroU32>,
    object_size: Option<Spanned<String>>,
    #[serde(default)]
    on_excess: RawOnExcess,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawOnExcess {
    #[default]
    Reject,
    Wait,
}

/// The quotas of a guest: the one on all calls, and those that grants name.
pub(super) fn read(
    guest: Option<&Spanned<Raw>>,
    named: &BTreeMap<String, Spanned<Raw>>,
    reader: &mut Reader<'_>,
) -> Option<Quotas> {
    let guest = guest.map(|written| Raw::read(written, reader));
    let named: Vec<_> =
        named.iter().map(|(name, written)| Some((name.clone(), Raw::read(written, reader)?))).collect();
    let guest = match guest {
        Some(quota) => Some(quota?),
        None => None,
    };
    Some(Quotas { guest, named: named.into_iter().collect::<Option<_>>()? })
}

impl Raw {
    fn read(written: &Spanned<Self>, reader: &mut Reader<'_>) -> Option<Quota> {
        let raw = written.get_ref();
        let mut is_sound = true;
        let mut rate = |written: &Option<Spanned<String>>, reader: &mut Reader<'_>| {
            let rate = reader.check(written.as_ref()?, |text| text.parse::<Rate>());
            is_sound &= rate.is_some();
            rate
        };
        let (calls, bytes_out, bytes_in) =
            (rate(&raw.rate, reader), rate(&raw.bytes_out, reader), rate(&raw.bytes_in, reader));
        let mut size = |written: &Option<Spanned<String>>, reader: &mut Reader<'_>| {
            let size = reader.check(written.as_ref()?, |text| value::size(text));
            is_sound &= size.is_some();
            size
        };
        let (bytes_per_run, object_size) = (size(&raw.bytes_per_run, reader), size(&raw.object_size, reader));
        is_sound.then(|| Quota {
            rate: calls,
            bytes_out,
            bytes_in,
            calls_per_run: raw.calls_per_run.map(NonZeroU64::get),
            bytes_per_run,
            concurrency: raw.concurrency,
            object_size,
            on_excess: match raw.on_excess {
                RawOnExcess::Reject => OnExcess::Reject,
                RawOnExcess::Wait => OnExcess::Wait,
            },
            location: Some(reader.source.locate(written.span().start)),
        })
    }
}

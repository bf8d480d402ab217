//! `[guest.NAME.limits]`

use serde::Deserialize;
use toml::Spanned;

use super::{Reader, value};
use crate::limits::Limits;

/// The section as TOML has it. A limit that is not given has its default.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    memory: Option<Spanned<String>>,
    table_elements: Option<Spanned<usize>>,
    instances: Option<Spanned<usize>>,
    handles: Option<Spanned<usize>>,
    timeout: Option<Spanned<String>>,
    cpu_time: Option<Spanned<String>>,
    host_call_bytes: Option<Spanned<String>>,
    transfer_memory: Option<Spanned<String>>,
    presigned_url_expiry: Option<Spanned<String>>,
    output_bytes: Option<Spanned<String>>,
}

impl Raw {
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Limits {
        let mut limits = Limits::default();
        for (limit, written) in [
            (&mut limits.memory, &self.memory),
            (&mut limits.host_call_bytes, &self.host_call_bytes),
            (&mut limits.transfer_memory, &self.transfer_memory),
            (&mut limits.output_bytes, &self.output_bytes),
        ] {
            let given = written.as_ref().and_then(|written| reader.check(written, |text| value::size(text)));
            *limit = given.unwrap_or(*limit);
        }
        for (limit, written) in [
            (&mut limits.timeout, &self.timeout),
            (&mut limits.cpu_time, &self.cpu_time),
            (&mut limits.presigned_url_expiry, &self.presigned_url_expiry),
        ] {
            let given =
                written.as_ref().and_then(|written| reader.check(written, |text| value::duration(text)));
            *limit = given.unwrap_or(*limit);
        }
        for (limit, written) in [
            (&mut limits.table_elements, &self.table_elements),
            (&mut limits.instances, &self.instances),
            (&mut limits.handles, &self.handles),
        ] {
            *limit = written.as_ref().map_or(*limit, |written| *written.get_ref());
        }
        limits
    }
}

//! `[guest.NAME.limits]`

use std::num::NonZeroUsize;

use serde::Deserialize;
use toml::Spanned;

use super::{Reader, value};
use crate::limits::Limits;
use crate::quota::Rate;

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
    in_flight_calls: Option<Spanned<NonZeroUsize>>,
    log_rate: Option<Spanned<String>>,
    http_requests: Option<Spanned<NonZeroUsize>>,
    http_timeout: Option<Spanned<String>>,
    http_body_bytes: Option<Spanned<String>>,
}

impl Raw {
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Limits {
        let mut limits = Limits::default();
        for (limit, written) in [
            (&mut limits.memory, &self.memory),
            (&mut limits.host_call_bytes, &self.host_call_bytes),
            (&mut limits.transfer_memory, &self.transfer_memory),
            (&mut limits.output_bytes, &self.output_bytes),
            (&mut limits.http_body_bytes, &self.http_body_bytes),
        ] {
            let given = written.as_ref().and_then(|written| reader.check(written, |text| value::size(text)));
            *limit = given.unwrap_or(*limit);
        }
        for (limit, written) in [
            (&mut limits.timeout, &self.timeout),
            (&mut limits.cpu_time, &self.cpu_time),
            (&mut limits.presigned_url_expiry, &self.presigned_url_expiry),
            (&mut limits.http_timeout, &self.http_timeout),
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
        // With none of these nothing could ever be called, which `deny` and an empty grant say more plainly.
        for (limit, written) in [
            (&mut limits.in_flight_calls, &self.in_flight_calls),
            (&mut limits.http_requests, &self.http_requests),
        ] {
            *limit = written.as_ref().map_or(*limit, |written| written.get_ref().get());
        }
        let log_rate =
            self.log_rate.as_ref().and_then(|written| reader.check(written, |text| text.parse::<Rate>()));
        limits.log_rate = log_rate.unwrap_or(limits.log_rate);
        limits
    }
}

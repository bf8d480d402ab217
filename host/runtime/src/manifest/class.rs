//! `[aws.class.NAME]` and `[aws.class-of]`

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use innkeeper_aws::{Class, ClassConfig, Classes, RetryMode, StallProtection};
use serde::Deserialize;
use toml::Spanned;

use super::{Reader, value};

/// A class as TOML has it. What is not given is as in the built-in class of that name, or as in `standard`. A time of `"none"` is no
/// limit.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Raw {
    connect_timeout: Option<Spanned<String>>,
    attempt_timeout: Option<Spanned<String>>,
    operation_timeout: Option<Spanned<String>>,
    max_attempts: Option<NonZeroU32>,
    retry_mode: Option<RawRetryMode>,
    stall_timeout: Option<Spanned<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RawRetryMode {
    Standard,
    Adaptive,
}

pub(super) fn read(raw: &BTreeMap<String, Spanned<Raw>>, reader: &mut Reader<'_>) -> Option<Classes> {
    let mut classes = Some(Classes::default());
    for (name, written) in raw {
        let class = Class::named(name.clone());
        let built_in = Classes::default().get(&class).cloned().unwrap_or_default();
        let config = written.get_ref().read(built_in, reader);
        classes = classes
            .zip(config)
            .and_then(|(classes, config)| reader.check(written, |_| classes.with(class, config)));
    }
    classes
}

/// The operations of which a retry does harm, unless the guest says that it does not.
const RUNS_A_FUNCTION: [&str; 2] = ["Invoke", "InvokeWithResponseStream"];

/// The class of each operation that is named.
pub(super) fn read_choice(
    raw: &BTreeMap<String, Spanned<String>>,
    classes: Option<&Classes>,
    reader: &mut Reader<'_>,
) -> Option<BTreeMap<String, Class>> {
    let mut choice = BTreeMap::new();
    for (operation, written) in raw {
        let class = Class::named(written.get_ref().clone());
        reader.check(written, |_| match classes {
            Some(classes) => classes.get(&class).map(drop),
            None => Ok(()),
        })?;
        let attempts =
            classes.and_then(|classes| classes.get(&class).ok()).map_or(1, |class| class.max_attempts.get());
        if RUNS_A_FUNCTION.contains(&operation.as_str()) && attempts > 1 {
            reader.wrong(
                written,
                format!("`{operation}` cannot be in the class `{class}`: a second attempt could run a function twice"),
                Some("give the class `max-attempts = 1`; what a guest calls idempotent is in the class `idempotent`"),
            );
            return None;
        }
        choice.insert(operation.clone(), class);
    }
    Some(choice)
}

impl Raw {
    fn read(&self, mut config: ClassConfig, reader: &mut Reader<'_>) -> Option<ClassConfig> {
        if let Some(written) = &self.connect_timeout {
            config.connect_timeout = reader.check(written, |text| value::duration(text))?;
        }
        if let Some(written) = &self.attempt_timeout {
            config.attempt_timeout = reader.check(written, |text| value::limit(text))?;
        }
        if let Some(written) = &self.operation_timeout {
            config.operation_timeout = reader.check(written, |text| value::limit(text))?;
        }
        if let Some(written) = &self.stall_timeout {
            config.stall_protection = match reader.check(written, |text| value::limit(text))? {
                Some(grace) => StallProtection::After(grace),
                None => StallProtection::Off,
            };
        }
        config.max_attempts = self.max_attempts.unwrap_or(config.max_attempts);
        config.retry_mode = match self.retry_mode {
            Some(RawRetryMode::Standard) => RetryMode::Standard,
            Some(RawRetryMode::Adaptive) => RetryMode::Adaptive,
            None => config.retry_mode,
        };
        Some(config)
    }
}

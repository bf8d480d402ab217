//! What to do, and how.

use serde::Deserialize;

/// Shown to whoever gets the input wrong.
const EXAMPLE: &str = r#"{"most":100}"#;

/// The longest visibility timeout of SQS, 12 hours, in seconds.
const MOST_SECONDS: u32 = 43_200;

/// What to do: the input.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// How many messages at most are received before the run ends, though there may be more.
    #[serde(default = "Job::default_most")]
    pub(crate) most: u32,
}

impl Job {
    /// Reads the input. None at all is that of the defaults.
    pub(crate) fn parse(input: &[u8]) -> Result<Self, String> {
        let input = if input.trim_ascii().is_empty() { b"{}" } else { input };
        let job: Self = serde_json::from_slice(input)
            .map_err(|error| format!("wrong input: {error}; it should be like {EXAMPLE}"))?;
        if job.most == 0 {
            return Err(format!("wrong input: `most` is 0; it should be like {EXAMPLE}"));
        }
        Ok(job)
    }

    fn default_most() -> u32 {
        1_000
    }
}

/// How to do it: the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// For how many seconds nobody else gets a message while its order is being priced.
    pub(crate) pricing_seconds: u32,
    /// After how many seconds an order that has no price yet is tried again.
    pub(crate) retry_seconds: u32,
}

impl Default for Settings {
    /// Two minutes, and ten.
    fn default() -> Self {
        Self { pricing_seconds: 120, retry_seconds: 600 }
    }
}

impl Settings {
    /// These settings, if each is within its bounds.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (name, value) in
            [("pricing-seconds", self.pricing_seconds), ("retry-seconds", self.retry_seconds)]
        {
            if !(1..=MOST_SECONDS).contains(&value) {
                return Err(format!(
                    "the configuration `{name}` cannot be {value}: it has to be 1 to {MOST_SECONDS}"
                ));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_may_be_nothing_or_say_how_many() {
        for (input, most) in [("", 1_000), (" \n", 1_000), ("{}", 1_000), (EXAMPLE, 100)] {
            assert_eq!(Job::parse(input.as_bytes()), Ok(Job { most }), "{input}");
        }
    }

    #[test]
    fn a_wrong_input_is_answered_with_what_is_wrong_and_a_right_one() {
        for (input, wrong) in [
            ("100", "invalid type: integer"),
            (r#"{"most":0}"#, "`most` is 0"),
            (r#"{"most":-1}"#, "invalid value: integer `-1`"),
            (r#"{"least":1}"#, "unknown field `least`"),
        ] {
            let error = Job::parse(input.as_bytes()).unwrap_err();
            assert!(error.contains(wrong) && error.ends_with(EXAMPLE), "{input}: {error}");
        }
    }

    #[test]
    fn settings_have_bounds() {
        let right = Settings::default();
        assert_eq!(right.clone().checked(), Ok(right.clone()));
        for (wrong, name) in [
            (Settings { pricing_seconds: 0, ..right.clone() }, "pricing-seconds"),
            (Settings { retry_seconds: 43_201, ..right }, "retry-seconds"),
        ] {
            let error = wrong.checked().unwrap_err();
            assert!(error.starts_with(&format!("the configuration `{name}` cannot be ")), "{error}");
        }
    }
}

//! What to do, and how.

use serde::Deserialize;

/// Shown to whoever gets the input wrong.
const EXAMPLE: &str = r#"{"bucket":"uploads","prefix":"incoming/"}"#;

/// What to do: the input.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// The bucket's name, alias or ARN.
    pub(crate) bucket: String,
    /// Only objects whose keys begin with this. Left out of the thumbnails' keys.
    #[serde(default)]
    pub(crate) prefix: String,
}

impl Job {
    /// Reads the input.
    pub(crate) fn parse(input: &[u8]) -> Result<Self, String> {
        let job: Self = serde_json::from_slice(input)
            .map_err(|error| format!("wrong input: {error}; it should be like {EXAMPLE}"))?;
        if job.bucket.is_empty() {
            return Err(format!("wrong input: `bucket` is empty; it should be like {EXAMPLE}"));
        }
        Ok(job)
    }
}

/// How to do it: the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The longer side of a thumbnail in pixels.
    pub(crate) size: u32,
    /// The quality of a JPEG, 1 to 100.
    pub(crate) quality: u8,
    /// How many objects are asked for at once, 1 to 1,000.
    pub(crate) page_size: u32,
}

impl Default for Settings {
    /// 256 pixels, quality 80, 1,000 objects.
    fn default() -> Self {
        Self { size: 256, quality: 80, page_size: 1000 }
    }
}

impl Settings {
    /// These settings, if each is within its bounds.
    pub(crate) fn checked(self) -> Result<Self, String> {
        for (name, value, most) in [
            // More is no thumbnail.
            ("size", self.size, 2048),
            ("quality", u32::from(self.quality), 100),
            ("page-size", self.page_size, 1000),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!(
                    "the configuration `{name}` cannot be {value}: it has to be 1 to {most}"
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
    fn an_input_needs_a_bucket_and_may_have_a_prefix() {
        let job = Job::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!(job, Job { bucket: "uploads".to_owned(), prefix: "incoming/".to_owned() });
        assert_eq!(Job::parse(br#"{"bucket":"b"}"#).unwrap().prefix, "");
    }

    #[test]
    fn a_wrong_input_is_answered_with_what_is_wrong_and_a_right_one() {
        for (input, wrong) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("not json", "expected ident at line 1 column 2"),
            ("[]", "invalid length 0"),
            (r#"{"prefix":"a/"}"#, "missing field `bucket` at line 1 column 15"),
            (r#"{"bucket":""}"#, "`bucket` is empty"),
            (r#"{"bucket":1}"#, "expected a string at line 1 column 11"),
            (r#"{"bucket":"b","prefx":"a/"}"#, "unknown field `prefx`"),
        ] {
            let error = Job::parse(input.as_bytes()).unwrap_err();
            assert!(error.contains(wrong), "{input}: {error}");
            assert!(error.ends_with(EXAMPLE), "{input}: {error}");
        }
    }

    #[test]
    fn settings_have_bounds() {
        let right = Settings::default();
        assert_eq!(right.clone().checked(), Ok(right.clone()));
        for (wrong, name) in [
            (Settings { size: 0, ..right.clone() }, "size"),
            (Settings { size: 2049, ..right.clone() }, "size"),
            (Settings { quality: 0, ..right.clone() }, "quality"),
            (Settings { quality: 101, ..right.clone() }, "quality"),
            (Settings { page_size: 1001, ..right }, "page-size"),
        ] {
            let error = wrong.checked().unwrap_err();
            assert!(error.starts_with(&format!("the configuration `{name}` cannot be ")), "{error}");
        }
    }
}

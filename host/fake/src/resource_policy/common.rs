use std::borrow::Cow;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Facts, Principal};

/// What policies of every service can ask about a request: the condition keys `aws:...`.
pub(crate) struct Common<'a> {
    /// Nobody known where there is no signature.
    pub(crate) principal: Option<Principal<'a>>,
    pub(crate) now: SystemTime,
    /// The region of the endpoint, or of the signature.
    pub(crate) region: &'a str,
    /// The account that owns what is asked about.
    pub(crate) resource_account: &'a str,
    /// Whether the request came over https.
    pub(crate) is_secure: bool,
}

impl<'a> Common<'a> {
    /// The value of a key, in lower case; none where the key is another, or the request has none.
    pub(crate) fn value(&self, key: &str) -> Option<Cow<'a, str>> {
        let now = OffsetDateTime::from(self.now);
        Some(match key {
            "aws:securetransport" => Cow::Borrowed(if self.is_secure { "true" } else { "false" }),
            "aws:currenttime" => now.format(&Rfc3339).ok()?.into(),
            "aws:epochtime" => now.unix_timestamp().to_string().into(),
            "aws:principalaccount" => self.principal?.account.into(),
            "aws:principalarn" => self.principal?.arn.into(),
            "aws:principaltype" => match self.principal {
                None => "Anonymous".into(),
                Some(principal) if principal.arn.contains(":assumed-role/") => "AssumedRole".into(),
                Some(_) => "User".into(),
            },
            "aws:username" => self.principal?.arn.rsplit_once(":user/")?.1.into(),
            "aws:requestedregion" => self.region.into(),
            "aws:resourceaccount" => self.resource_account.into(),
            "aws:viaawsservice" => "false".into(),
            _ => return None,
        })
    }
}

impl Facts for Common<'_> {
    fn values(&self, key: &str) -> Vec<Cow<'_, str>> {
        self.value(key).into_iter().collect()
    }
}

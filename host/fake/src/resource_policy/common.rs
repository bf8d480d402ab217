use std::borrow::Cow;
use std::net::IpAddr;
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
    pub(crate) client: Client<'a>,
}

/// What is known of the client that asks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Client<'a> {
    /// The id of the user or role session.
    pub(crate) user_id: Option<&'a str>,
    /// The address that the request came from, where it came over a network.
    pub(crate) source_ip: Option<IpAddr>,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) referer: Option<&'a str>,
}

/// The account and the user of whoever signs nothing.
const ANONYMOUS: &str = "anonymous";

impl<'a> Common<'a> {
    /// The value of a key, in lower case; none where the key is another, or the request has none.
    pub(crate) fn value(&self, key: &str) -> Option<Cow<'a, str>> {
        let now = OffsetDateTime::from(self.now);
        Some(match key {
            "aws:securetransport" => Cow::Borrowed(if self.is_secure { "true" } else { "false" }),
            "aws:currenttime" => now.format(&Rfc3339).ok()?.into(),
            "aws:epochtime" => now.unix_timestamp().to_string().into(),
            "aws:principalaccount" => self.principal.map_or(ANONYMOUS, |principal| principal.account).into(),
            "aws:principalarn" => role_of_session(self.principal?.arn),
            "aws:principalisawsservice" => self.principal.map(|_| "false")?.into(),
            "aws:userid" if self.principal.is_none() => ANONYMOUS.into(),
            "aws:userid" => self.client.user_id?.into(),
            "aws:sourceip" => self.client.source_ip?.to_string().into(),
            "aws:useragent" => self.client.user_agent?.into(),
            "aws:referer" => self.client.referer?.into(),
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

/// The ARN of a user as it is, and for a session that of its role: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` has no path.
fn role_of_session(arn: &str) -> Cow<'_, str> {
    let role = || {
        let (before, session) = arn.split_once(":assumed-role/")?;
        let (beginning, account) = before.rsplit_once("sts::")?;
        let (role, _) = session.split_once('/')?;
        Some(format!("{beginning}iam::{account}:role/{role}"))
    };
    role().map_or(Cow::Borrowed(arn), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(key: &str, arn: Option<&str>) -> Option<String> {
        let common = Common {
            principal: arn.map(|arn| Principal { account: "111111111111", arn, canonical_id: "" }),
            now: SystemTime::UNIX_EPOCH,
            region: "eu-west-1",
            resource_account: "000000000000",
            is_secure: true,
            client: Client {
                user_id: Some("AIDA"),
                source_ip: Some(IpAddr::from([10, 0, 0, 1])),
                user_agent: Some("browser"),
                referer: None,
            },
        };
        common.value(key).map(Cow::into_owned)
    }

    #[test]
    fn who_asks_and_from_where() {
        let user = Some("arn:aws:iam::111111111111:user/fake");
        let session = Some("arn:aws-cn:sts::111111111111:assumed-role/reader/me");
        for (key, arn, expected) in [
            ("aws:principalaccount", user, Some("111111111111")),
            ("aws:principalaccount", None, Some("anonymous")),
            ("aws:principalarn", user, user),
            ("aws:principalarn", session, Some("arn:aws-cn:iam::111111111111:role/reader")),
            ("aws:principalarn", None, None),
            ("aws:principalisawsservice", user, Some("false")),
            ("aws:principalisawsservice", None, None),
            ("aws:username", user, Some("fake")),
            ("aws:username", session, None),
            ("aws:userid", user, Some("AIDA")),
            ("aws:userid", None, Some("anonymous")),
            ("aws:sourceip", None, Some("10.0.0.1")),
            ("aws:useragent", None, Some("browser")),
            ("aws:referer", None, None),
        ] {
            assert_eq!(value(key, arn).as_deref(), expected, "{key}");
        }
    }
}

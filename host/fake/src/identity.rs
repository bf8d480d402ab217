use std::collections::BTreeMap;
use std::fmt;

/// The access keys that a fake knows, by id. While there are none, any credentials will do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities(BTreeMap<String, Secret>);

/// The secret half of an access key. Never shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Identities {
    pub(crate) fn add(&mut self, access_key_id: String, secret: String) {
        self.0.insert(access_key_id, Secret(secret));
    }

    pub(crate) fn secret(&self, access_key_id: &str) -> Option<&Secret> {
        self.0.get(access_key_id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Secret {
    pub(crate) fn new(secret: String) -> Self {
        Self(secret)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

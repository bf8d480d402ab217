use std::collections::BTreeMap;
use std::fmt;

/// The access keys that a fake knows, by id. While there are none, any credentials will do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identities {
    secrets: BTreeMap<String, Secret>,
    /// The ids in the order in which they were added.
    order: Vec<String>,
}

/// The secret half of an access key. Never shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Identities {
    pub(crate) fn add(&mut self, access_key_id: String, secret: String) {
        if self.secrets.insert(access_key_id.clone(), Secret(secret)).is_none() {
            self.order.push(access_key_id);
        }
    }

    pub(crate) fn secret(&self, access_key_id: &str) -> Option<&Secret> {
        self.secrets.get(access_key_id)
    }

    /// In the order in which they were added.
    pub(crate) fn access_key_ids(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.secrets.is_empty()
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

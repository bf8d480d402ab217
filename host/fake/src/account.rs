use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::fake::Shared;
use crate::identity::Identities;
use crate::layer::Signer;
use crate::resource_policy::Principal;

/// The canonical user id of whoever signs nothing, as S3 writes it.
const ANONYMOUS: &str = "65a011a29cdf8ec533ec3d1ccaae921c";
/// The number of account ids that there are: they have twelve digits.
const ACCOUNT_IDS: u64 = 1_000_000_000_000;

/// The account in an ARN.
pub(crate) fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// An AWS account: who owns buckets, objects and uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    /// Twelve digits, as in every ARN.
    pub(crate) id: String,
    /// 64 hexadecimal digits, by which S3 names it.
    pub(crate) canonical_id: String,
    /// What S3 calls `DisplayName`. The account of a fake without identities has none.
    pub(crate) name: Option<String>,
}

/// The accounts of a fake: its own, which the first identity is of, and one for each other identity.
#[derive(Debug)]
pub(crate) struct Accounts {
    own: Arc<Account>,
    by_access_key: BTreeMap<String, Arc<Account>>,
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    Anonymous,
    Account(Arc<Account>),
}

impl Account {
    fn new(id: String, name: Option<String>) -> Self {
        Self { canonical_id: hex::encode(Sha256::digest(id.as_bytes())), id, name }
    }
}

impl Accounts {
    pub(crate) fn new(own: &str, identities: &Identities) -> Self {
        let mut by_access_key = BTreeMap::new();
        let mut first = None;
        for (number, access_key_id) in (0..).zip(identities.access_key_ids()) {
            let account = Arc::new(Account::new(numbered(own, number), Some(access_key_id.to_owned())));
            first.get_or_insert_with(|| Arc::clone(&account));
            by_access_key.insert(access_key_id.to_owned(), account);
        }
        let own = first.unwrap_or_else(|| Arc::new(Account::new(own.to_owned(), None)));
        Self { own, by_access_key }
    }

    /// The account of the fake, which what is seeded belongs to.
    pub(crate) fn own(&self) -> &Arc<Account> {
        &self.own
    }

    /// The account of an access key. Any that is no identity's is of the fake's account.
    pub(crate) fn of_access_key(&self, id: &str) -> &Arc<Account> {
        self.by_access_key.get(id).unwrap_or(&self.own)
    }

    /// The account with an id of twelve digits.
    pub(crate) fn with_id(&self, id: &str) -> Option<&Arc<Account>> {
        self.all().find(|account| account.id == id)
    }

    /// The account with a canonical user id.
    pub(crate) fn canonical(&self, id: &str) -> Option<&Arc<Account>> {
        self.all().find(|account| account.canonical_id == id)
    }

    /// The user or session of an ARN, which is of the account with this id.
    pub(crate) fn principal<'a>(&'a self, account: &'a str, arn: &'a str) -> Principal<'a> {
        let known = self.with_id(account);
        Principal { account, arn, canonical_id: known.map_or("", |account| account.canonical_id.as_str()) }
    }

    fn all(&self) -> impl Iterator<Item = &Arc<Account>> {
        std::iter::once(&self.own).chain(self.by_access_key.values())
    }
}

impl Caller {
    /// Whose requests a signer makes: those of an identity's own account. A session of the fake's STS is of its role's
    /// account, or else of that of whoever assumed the role. All other credentials are of the fake's account.
    pub(crate) fn of(shared: &Shared, signer: Option<&Signer>) -> Self {
        let Some(signer) = signer else { return Self::Anonymous };
        let accounts = &shared.accounts;
        let mut key = signer.access_key_id.clone();
        // Sessions may have been got by sessions.
        while let Some((role_account, assumed_by)) = shared.sts.session_of(&key) {
            if let Some(account) = role_account.and_then(|id| accounts.with_id(&id)) {
                return Self::Account(Arc::clone(account));
            }
            key = assumed_by;
        }
        Self::Account(Arc::clone(accounts.of_access_key(&key)))
    }

    /// By what S3 names it.
    pub(crate) fn canonical_id(&self) -> &str {
        match self {
            Self::Anonymous => ANONYMOUS,
            Self::Account(account) => &account.canonical_id,
        }
    }

    pub(crate) fn is(&self, account: &Account) -> bool {
        matches!(self, Self::Account(caller) if **caller == *account)
    }
}

/// Whether a text is an account id: twelve digits.
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account id that comes `number` after the first one.
fn numbered(first: &str, number: u64) -> String {
    match first.parse::<u64>() {
        _ if number == 0 => first.to_owned(),
        Ok(first) if first < ACCOUNT_IDS => format!("{:012}", (first + number) % ACCOUNT_IDS),
        // An account id is not checked to be one.
        _ => format!("{first}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_identity_is_an_account_of_its_own_and_the_first_is_the_fakes() {
        let mut identities = Identities::default();
        let none = Accounts::new("999999999999", &identities);
        assert_eq!((none.own().id.as_str(), &none.own().name), ("999999999999", &None));
        for id in ["zoe", "adam"] {
            identities.add(id.to_owned(), "secret".to_owned());
        }
        let accounts = Accounts::new("999999999999", &identities);
        let (zoe, adam) = (&accounts.by_access_key["zoe"], &accounts.by_access_key["adam"]);
        assert_eq!((zoe.id.as_str(), adam.id.as_str()), ("999999999999", "000000000000"));
        assert_eq!(accounts.own(), zoe);
        assert_eq!(accounts.canonical(&adam.canonical_id), Some(adam));
        assert_ne!(zoe.canonical_id, adam.canonical_id);
    }
}

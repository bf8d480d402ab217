//! The account of a fake: the one that a manifest names, or one that nobody has on AWS.

use innkeeper::{Error, Manifest};
use innkeeper_fake::{FakeAws, FakeAwsBuilder};

/// Begins a fake for the guests of a manifest: its account is the one that the manifest names, if it does, since plain names of queues
/// and functions belong to that.
pub fn fake_for(manifest: &Manifest) -> FakeAwsBuilder {
    match &manifest.aws().account {
        Some(account) => FakeAws::builder().account_id(account.as_str()),
        None => FakeAws::builder(),
    }
}

/// The fake's account, if the manifest does not say that it is the guests' own: then it stands in for the one that they will have on
/// AWS, and is not to be written into a policy.
pub fn stand_in_account<'a>(manifest: &Manifest, account: &'a str) -> Option<&'a str> {
    let is_named = manifest.aws().account.as_ref().is_some_and(|named| named.as_str() == account);
    (!is_named).then_some(account)
}

/// The manifest with policies that suggest nothing with the account of a fake in it.
pub(crate) fn on_fake(mut manifest: Manifest, account: &str) -> Result<Manifest, Error> {
    let stand_in = stand_in_account(&manifest, account);
    let names: Vec<String> = manifest.guest_names().map(str::to_owned).collect();
    for name in names {
        let policy = manifest.guest(&name)?.policy.clone().with_stand_in_account(stand_in);
        manifest = manifest.with_policy(&name, policy)?;
    }
    Ok(manifest)
}

//! Access control lists, of buckets and of objects, where the ownership of a bucket has them at all.

mod operations;
mod request;

use s3s::dto::{Grant, Grantee, ObjectOwnership, Owner, Permission as PermissionName, Type};
use serde::{Deserialize, Serialize};

pub(crate) use operations::{get_bucket_acl, get_object_acl, put_bucket_acl, put_object_acl};
pub(crate) use request::{AclRequest, acl_request};

use super::store::Bucket;
use crate::account::{Accounts, Caller};

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// An access control list.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acl {
    /// The canonical user id of the owner.
    pub(crate) owner: String,
    pub(crate) grants: Vec<AclGrant>,
}

/// A permission and who has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AclGrant {
    pub(crate) grantee: AclGrantee,
    pub(crate) permission: Permission,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AclGrantee {
    /// An account, by its canonical user id.
    Account(String),
    AllUsers,
    AuthenticatedUsers,
    LogDelivery,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Permission {
    FullControl,
    Read,
    Write,
    ReadAcp,
    WriteAcp,
}

/// Whether grants to everybody count (`IgnorePublicAcls`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicGrants {
    Count,
    Ignored,
}

impl Acl {
    /// The owner has everything, and nobody else has anything.
    pub(crate) fn private(owner: &str) -> Self {
        let grant =
            AclGrant { grantee: AclGrantee::Account(owner.to_owned()), permission: Permission::FullControl };
        Self { owner: owner.to_owned(), grants: vec![grant] }
    }

    /// Whether a caller has been granted a permission. What an owner may do without a grant is not the list's to say.
    pub(crate) fn allows(&self, caller: &Caller, permission: Permission, public: PublicGrants) -> bool {
        self.grants.iter().any(|grant| {
            let everybody = grant.grantee.is_public();
            (grant.permission == permission || grant.permission == Permission::FullControl)
                && (!everybody || public == PublicGrants::Count)
                && grant.grantee.includes(caller)
        })
    }

    pub(crate) fn is_public(&self) -> bool {
        self.grants.iter().any(|grant| grant.grantee.is_public())
    }

    /// Whether it grants anything to anybody but its owner.
    pub(crate) fn lets_others_in(&self) -> bool {
        let own = |grantee: &AclGrantee| matches!(grantee, AclGrantee::Account(id) if *id == self.owner);
        self.grants.iter().any(|grant| !own(&grant.grantee))
    }
}

impl AclGrantee {
    /// Any account will do, and so anybody who makes one.
    fn is_public(&self) -> bool {
        matches!(self, Self::AllUsers | Self::AuthenticatedUsers)
    }

    fn includes(&self, caller: &Caller) -> bool {
        match self {
            Self::Account(id) => caller.canonical_id() == id,
            Self::AllUsers => true,
            Self::AuthenticatedUsers => *caller != Caller::Anonymous,
            Self::LogDelivery => false,
        }
    }

    fn of_group(uri: &str) -> Option<Self> {
        match uri {
            ALL_USERS => Some(Self::AllUsers),
            AUTHENTICATED_USERS => Some(Self::AuthenticatedUsers),
            LOG_DELIVERY => Some(Self::LogDelivery),
            _ => None,
        }
    }

    fn described(&self, accounts: &Accounts) -> Grantee {
        let group = |uri: &str| Grantee {
            display_name: None,
            email_address: None,
            id: None,
            type_: Type::from_static(Type::GROUP),
            uri: Some(uri.to_owned()),
        };
        match self {
            Self::Account(id) => Grantee {
                display_name: accounts.canonical(id).and_then(|account| account.name.clone()),
                email_address: None,
                id: Some(id.clone()),
                type_: Type::from_static(Type::CANONICAL_USER),
                uri: None,
            },
            Self::AllUsers => group(ALL_USERS),
            Self::AuthenticatedUsers => group(AUTHENTICATED_USERS),
            Self::LogDelivery => group(LOG_DELIVERY),
        }
    }
}

impl Permission {
    fn parse(name: &str) -> Option<Self> {
        match name {
            PermissionName::FULL_CONTROL => Some(Self::FullControl),
            PermissionName::READ => Some(Self::Read),
            PermissionName::WRITE => Some(Self::Write),
            PermissionName::READ_ACP => Some(Self::ReadAcp),
            PermissionName::WRITE_ACP => Some(Self::WriteAcp),
            _ => None,
        }
    }

    /// The header that grants it.
    fn header(self) -> &'static str {
        match self {
            Self::FullControl => "x-amz-grant-full-control",
            Self::Read => "x-amz-grant-read",
            Self::Write => "x-amz-grant-write",
            Self::ReadAcp => "x-amz-grant-read-acp",
            Self::WriteAcp => "x-amz-grant-write-acp",
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::FullControl => PermissionName::FULL_CONTROL,
            Self::Read => PermissionName::READ,
            Self::Write => PermissionName::WRITE,
            Self::ReadAcp => PermissionName::READ_ACP,
            Self::WriteAcp => PermissionName::WRITE_ACP,
        }
    }
}

impl Bucket {
    /// Whether the bucket has no ACLs but its owner's own (`BucketOwnerEnforced`), as AWS makes buckets since April 2023.
    pub(crate) fn has_acls_disabled(&self) -> bool {
        self.configuration.object_ownership() == Some(ObjectOwnership::BUCKET_OWNER_ENFORCED)
    }

    /// The ACL that is in force.
    pub(crate) fn acl(&self) -> Acl {
        match &self.acl {
            Some(acl) if !self.has_acls_disabled() => acl.clone(),
            _ => Acl::private(&self.owner.canonical_id),
        }
    }

    /// The ACL of an object that is in force. One that has none of its own is the bucket owner's.
    pub(crate) fn acl_of(&self, own: Option<&Acl>) -> Acl {
        match own {
            Some(acl) if !self.has_acls_disabled() => acl.clone(),
            _ => Acl::private(&self.owner.canonical_id),
        }
    }

    pub(crate) fn public_grants(&self) -> PublicGrants {
        let block = self.configuration.public_access_block();
        if block.is_some_and(|block| block.ignore_public_acls == Some(true)) {
            PublicGrants::Ignored
        } else {
            PublicGrants::Count
        }
    }
}

/// An owner as answers show it.
pub(crate) fn owner_of(accounts: &Accounts, canonical_id: &str) -> Owner {
    Owner {
        display_name: accounts.canonical(canonical_id).and_then(|account| account.name.clone()),
        id: Some(canonical_id.to_owned()),
    }
}

fn grants_of(accounts: &Accounts, acl: &Acl) -> Vec<Grant> {
    let grants = acl.grants.iter().map(|grant| Grant {
        grantee: Some(grant.grantee.described(accounts)),
        permission: Some(PermissionName::from_static(grant.permission.as_str())),
    });
    grants.collect()
}

//! STS: sessions of roles and of users, with credentials that expire.

mod protocol;
mod roles;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::StatusCode;

pub(crate) use protocol::{call, caller, caller_of, operation, refuse_unsigned};
pub(crate) use roles::call as call_iam;

use crate::calls::Service;
use crate::fake::Shared;
use crate::identity::Secret;
use crate::layer::{AwsError, Signer};

/// A role with conditions on who may assume it. A role that the fake was not told of can be assumed by anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    arn: String,
    external_id: Option<String>,
    max_session_duration: Duration,
    trust: Trust,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    Anyone,
    Nobody,
}

impl Role {
    /// A role that anyone may assume, for sessions of up to an hour.
    pub fn new(arn: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            external_id: None,
            max_session_duration: Duration::from_hours(1),
            trust: Trust::Anyone,
        }
    }

    /// Requires this `ExternalId`; a call with another or none is denied.
    #[must_use]
    pub fn external_id(mut self, external_id: impl Into<String>) -> Self {
        self.external_id = Some(external_id.into());
        self
    }

    /// Sets the longest session; a call that asks for a longer one is an error.
    #[must_use]
    pub fn max_session_duration(mut self, duration: Duration) -> Self {
        self.max_session_duration = duration;
        self
    }

    /// Denies the role to everyone.
    #[must_use]
    pub fn denied(mut self) -> Self {
        self.trust = Trust::Nobody;
        self
    }
}

/// A session that `AssumeRole` has issued. Without its secret, which only the caller got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleSession {
    /// The role's ARN, as the caller gave it.
    pub role_arn: String,
    /// `RoleSessionName`.
    pub session_name: String,
    /// The access key id of the session; requests made with it have it in [`Call::access_key_id`].
    ///
    /// [`Call::access_key_id`]: crate::Call::access_key_id
    pub access_key_id: String,
    /// Who asked, by access key id.
    pub caller: String,
    /// The session policy (`Policy`), a JSON document. It is not evaluated.
    pub policy: Option<String>,
    /// `PolicyArns`.
    pub policy_arns: Vec<String>,
    /// `ExternalId`.
    pub external_id: Option<String>,
    /// Session tags (`Tags`).
    pub tags: BTreeMap<String, String>,
    /// When the session was issued.
    pub issued: SystemTime,
    /// When its credentials stop working.
    pub expires: SystemTime,
}

/// The fake's STS without a client. From [`FakeAws::sts`](crate::FakeAws::sts).
#[derive(Clone, Debug)]
pub struct Sts {
    shared: Arc<Shared>,
}

impl Sts {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Adds a role, or replaces the one with its ARN.
    pub fn add_role(&self, role: Role) {
        self.shared.sts.lock().roles.insert(role.arn.clone(), role);
    }

    /// The sessions of roles that were issued so far, in order. Those of `GetSessionToken` are not among them.
    pub fn sessions(&self) -> Vec<RoleSession> {
        self.shared.sts.lock().sessions.iter().filter_map(Issued::role_session).cloned().collect()
    }
}

/// The state of STS.
#[derive(Debug, Default)]
pub(crate) struct StsState(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    roles: BTreeMap<String, Role>,
    made: roles::Roles,
    sessions: Vec<Issued>,
}

/// Temporary credentials, and whose they are.
struct Issued {
    access_key_id: String,
    token: String,
    secret: Secret,
    expires: SystemTime,
    holder: Holder,
}

#[derive(Debug)]
enum Holder {
    /// A session of a role, by `AssumeRole`.
    Role { session: Box<RoleSession>, role_id: String },
    /// The user with this access key, by `GetSessionToken`.
    User { access_key_id: String },
}

impl Issued {
    fn role_session(&self) -> Option<&RoleSession> {
        match &self.holder {
            Holder::Role { session, .. } => Some(session),
            Holder::User { .. } => None,
        }
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("access_key_id", &self.access_key_id)
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

impl StsState {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes every role and every session.
    pub(crate) fn clear(&self) {
        *self.lock() = State::default();
    }

    /// Whether a session that was issued here may still sign. Other credentials are not the fake's to judge.
    pub(crate) fn admit(&self, signer: &Signer, now: SystemTime, service: &Service) -> Result<(), AwsError> {
        let state = self.lock();
        let Some(issued) = state.issued(&signer.access_key_id) else { return Ok(()) };
        let s3 = *service == Service::S3;
        if signer.session_token.as_ref() != Some(&issued.token) {
            let (status, code) = if s3 {
                (StatusCode::BAD_REQUEST, "InvalidToken")
            } else {
                (StatusCode::FORBIDDEN, "InvalidClientTokenId")
            };
            return Err(AwsError::new(
                status,
                code,
                "The security token included in the request is invalid.",
            ));
        }
        if now >= issued.expires {
            let (status, code) = if s3 {
                (StatusCode::BAD_REQUEST, "ExpiredToken")
            } else {
                (StatusCode::FORBIDDEN, "ExpiredTokenException")
            };
            return Err(AwsError::new(status, code, "The security token included in the request is expired"));
        }
        Ok(())
    }
}

impl StsState {
    /// Of a session that was issued here, the account of its role, if it is one's, and the access key id that it was issued to.
    pub(crate) fn session_of(&self, access_key_id: &str) -> Option<(Option<String>, String)> {
        let state = self.lock();
        Some(match &state.issued(access_key_id)?.holder {
            Holder::Role { session, .. } => {
                (session.role_arn.split(':').nth(4).map(str::to_owned), session.caller.clone())
            }
            Holder::User { access_key_id } => (None, access_key_id.clone()),
        })
    }

    /// The secret of a session that was issued here.
    pub(crate) fn secret(&self, access_key_id: &str) -> Option<Secret> {
        self.lock().issued(access_key_id).map(|issued| issued.secret.clone())
    }
}

impl State {
    fn issued(&self, access_key_id: &str) -> Option<&Issued> {
        self.sessions.iter().find(|issued| issued.access_key_id == access_key_id)
    }
}

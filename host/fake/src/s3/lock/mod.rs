//! Object lock: versions that cannot be deleted for a time, or for as long as somebody holds them.

mod operations;

use std::time::{Duration, SystemTime};

use s3s::dto::{
    ObjectLockConfiguration, ObjectLockEnabled, ObjectLockLegalHoldStatus, ObjectLockMode,
    ObjectLockRetentionMode, Timestamp,
};
use s3s::{S3ErrorCode, S3Result};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub(crate) use operations::{
    get_configuration, get_legal_hold, get_retention, put_configuration, put_legal_hold, put_retention,
};

use super::error::{error, error_with};
use super::store::Bucket;

const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(24 * 365);

/// What keeps a version from being deleted.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Lock {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retention: Option<Retention>,
    /// None is as good as off, but was never asked for, and is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) legal_hold: Option<bool>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    pub(crate) mode: Mode,
    #[serde(with = "crate::instant")]
    pub(crate) until: SystemTime,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Mode {
    /// Whoever may can bypass it.
    Governance,
    /// Nobody can.
    Compliance,
}

/// Whether a request asks to go past a retention (`x-amz-bypass-governance-retention`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bypass {
    Asked,
    NotAsked,
}

impl Bypass {
    pub(crate) fn of(header: Option<bool>) -> Self {
        if header == Some(true) { Self::Asked } else { Self::NotAsked }
    }
}

impl Mode {
    fn parse(name: &str) -> S3Result<Self> {
        match name {
            ObjectLockRetentionMode::GOVERNANCE => Ok(Self::Governance),
            ObjectLockRetentionMode::COMPLIANCE => Ok(Self::Compliance),
            _ => Err(error(S3ErrorCode::MalformedXML)),
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Governance => ObjectLockRetentionMode::GOVERNANCE,
            Self::Compliance => ObjectLockRetentionMode::COMPLIANCE,
        }
    }
}

impl Lock {
    /// What the headers of a write ask for.
    pub(crate) fn asked(
        mode: Option<&ObjectLockMode>,
        until: Option<Timestamp>,
        legal_hold: Option<&ObjectLockLegalHoldStatus>,
    ) -> S3Result<Self> {
        let invalid = |message: &str| error_with(S3ErrorCode::InvalidArgument, message.to_owned());
        let retention = match (mode, until) {
            (None, None) => None,
            (Some(mode), Some(until)) => {
                let mode = Mode::parse(mode.as_str()).map_err(|_| invalid("Unknown wormMode directive."))?;
                Some(Retention { mode, until: OffsetDateTime::from(until).into() })
            }
            _ => {
                let message =
                    "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
                return Err(invalid(message));
            }
        };
        let legal_hold = match legal_hold.map(ObjectLockLegalHoldStatus::as_str) {
            None => None,
            Some(ObjectLockLegalHoldStatus::ON) => Some(true),
            Some(ObjectLockLegalHoldStatus::OFF) => Some(false),
            Some(_) => return Err(invalid("Legal Hold must be either of 'ON' or 'OFF'")),
        };
        Ok(Self { retention, legal_hold })
    }

    /// `AccessDenied`, if the version may not be deleted.
    pub(crate) fn check_delete(&self, now: SystemTime, bypass: Bypass) -> S3Result {
        let retained = self.retention.is_some_and(|retention| {
            let bypassed = retention.mode == Mode::Governance && bypass == Bypass::Asked;
            now < retention.until && !bypassed
        });
        if retained || self.legal_hold == Some(true) {
            return Err(protected());
        }
        Ok(())
    }

    /// `x-amz-object-lock-mode`
    pub(crate) fn mode(&self) -> Option<ObjectLockMode> {
        self.retention.map(|retention| ObjectLockMode::from_static(retention.mode.as_str()))
    }

    /// `x-amz-object-lock-retain-until-date`
    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.retention.map(|retention| retention.until.into())
    }

    /// `x-amz-object-lock-legal-hold`
    pub(crate) fn legal_hold(&self) -> Option<ObjectLockLegalHoldStatus> {
        self.legal_hold.map(status)
    }
}

impl Bucket {
    /// The lock of a new version: what its writer asks for, or else what the bucket has for all.
    pub(crate) fn lock_of(&self, asked: Lock, now: SystemTime) -> S3Result<Lock> {
        let Some(configuration) = &self.configuration.object_lock else {
            return if asked == Lock::default() { Ok(asked) } else { Err(no_configuration()) };
        };
        if asked.retention.is_some_and(|retention| retention.until <= now) {
            return Err(in_the_past());
        }
        Ok(Lock { retention: asked.retention.or_else(|| by_default(configuration, now)), ..asked })
    }

    pub(crate) fn check_has_lock(&self) -> S3Result {
        if self.configuration.object_lock.is_some() { Ok(()) } else { Err(no_configuration()) }
    }
}

/// The configuration of a bucket that was made for it.
pub(crate) fn of_new_bucket() -> ObjectLockConfiguration {
    ObjectLockConfiguration {
        object_lock_enabled: Some(ObjectLockEnabled::from_static(ObjectLockEnabled::ENABLED)),
        rule: None,
    }
}

fn by_default(configuration: &ObjectLockConfiguration, now: SystemTime) -> Option<Retention> {
    let retention = configuration.rule.as_ref()?.default_retention.as_ref()?;
    let mode = Mode::parse(retention.mode.as_ref()?.as_str()).ok()?;
    let (unit, count) = match (retention.days, retention.years) {
        (Some(days), _) => (DAY, days),
        (None, years) => (YEAR, years?),
    };
    Some(Retention { mode, until: now + unit * u32::try_from(count).ok()? })
}

fn status(on: bool) -> ObjectLockLegalHoldStatus {
    let name = if on { ObjectLockLegalHoldStatus::ON } else { ObjectLockLegalHoldStatus::OFF };
    ObjectLockLegalHoldStatus::from_static(name)
}

fn protected() -> s3s::S3Error {
    error_with(S3ErrorCode::AccessDenied, "Access Denied because object protected by object lock.")
}

fn no_configuration() -> s3s::S3Error {
    error_with(S3ErrorCode::InvalidRequest, "Bucket is missing Object Lock Configuration")
}

fn in_the_past() -> s3s::S3Error {
    error_with(S3ErrorCode::InvalidArgument, "The retain until date must be in the future!")
}

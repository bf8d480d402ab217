//! Queues as other services name them: by an ARN.

use super::name::{QueueArn, QueueId, is_fifo_name};
use super::store::State;
use crate::fake::Shared;

/// A queue that another service is to poll or to send to, whether or not it is there.
#[derive(Clone, Debug)]
pub(crate) struct NamedQueue {
    pub(super) arn: QueueArn,
    pub(super) text: String,
}

/// Why a service does not reach what it is to poll or to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// It is not there.
    NotThere,
    /// Its policy does not let the service do it.
    Denied,
}

impl NamedQueue {
    pub(crate) fn parse(arn: &str) -> Option<Self> {
        Some(Self { arn: QueueArn::parse(arn)?, text: arn.to_owned() })
    }

    pub(crate) fn arn(&self) -> &str {
        &self.text
    }

    pub(crate) fn region(&self) -> &str {
        &self.arn.region
    }

    /// Whether its name is a FIFO queue's, as every FIFO queue's is.
    pub(crate) fn is_fifo(&self) -> bool {
        is_fifo_name(&self.arn.name)
    }

    /// The queue's id, if it is there.
    pub(super) fn id(&self, state: &State, shared: &Shared) -> Option<QueueId> {
        state.find_arn(&self.arn, &shared.account_id)
    }
}

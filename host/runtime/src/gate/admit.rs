//! Room for an operation that the policy allows: in the calls that may be under way, and in quotas.

use std::sync::Arc;

use innkeeper_policy::{Operation, S3Operation};

use super::decide::{Asked, Granted, written};
use super::{Gate, Refusal};
use crate::audit::{OperationId, Verdict};
use crate::quota::{Admission, Demand, ObjectUse, Place};

impl Gate {
    /// Takes room for an operation in the guest's quotas and in those of the grants that allow it, and writes down if there is none.
    pub(super) async fn admit(
        &self,
        id: OperationId,
        operation: &Operation<'_>,
        granted: &[Granted<'_>],
        place: Place,
    ) -> Result<Admission, Refusal> {
        let refuse = |verdict| {
            if let Some(request) = operation.requests().next() {
                let resource = written(granted, Some(0), request.resource);
                self.write_down(self.now(), Asked::new(id, operation, &request, resource), verdict);
            }
        };
        // What tidies up has places of its own: a guest that begins one thing after the other, and leaves all of them, would otherwise
        // have any number of calls under way.
        let places = match place {
            Place::Taken => &self.run.in_flight,
            Place::Aside => &self.run.tidying,
        };
        let Ok(in_flight) = Arc::clone(places).try_acquire_owned() else {
            refuse(self.of_in_flight_calls(place));
            return Err(Refusal::Limit("in-flight-calls"));
        };
        let named = granted.iter().filter_map(|granted| granted.quota);
        let admitted = self.shared.meters.admit(named, &self.run.usage, demand(operation), place).await;
        admitted.map(|admission| admission.holding(in_flight)).map_err(|exceeded| {
            let (reason, suggestion) = (exceeded.reason().clone(), exceeded.suggestion().clone());
            refuse(Verdict::Deny { rule: exceeded.location().cloned(), reason, suggestion });
            Refusal::Quota(exceeded.key())
        })
    }

    /// How it is written down that the guest has too many calls under way.
    fn of_in_flight_calls(&self, place: Place) -> Verdict {
        let what = match place {
            Place::Taken => "calls under way",
            Place::Aside => "things begun that are to be tidied up, or are being",
        };
        Verdict::Deny {
            rule: None,
            reason: format!("the guest has {} {what}", self.shared.in_flight_calls).into(),
            suggestion: format!("raise `in-flight-calls` in `[guest.{}.limits]`", self.shared.guest).into(),
        }
    }
}

/// What an operation is about to use.
fn demand(operation: &Operation<'_>) -> Demand {
    let bytes_out = operation.content_length();
    let object = match operation.name() {
        "GetObject" | "PutObject" | "UploadPart" => ObjectUse::Body,
        // Of a copy and of an upload in parts only S3 knows the size, and of what a URL is used for nobody does.
        "CopyObject" | "CreateMultipartUpload" | "UploadPartCopy" => ObjectUse::Unmeasured,
        _ if matches!(
            operation,
            Operation::S3(
                S3Operation::PresignGetObject { .. }
                    | S3Operation::PresignPutObject { content_length: None, .. }
            )
        ) =>
        {
            ObjectUse::Unmeasured
        }
        _ if bytes_out.is_some() => ObjectUse::Body,
        _ => ObjectUse::None,
    };
    Demand { bytes_out, object }
}

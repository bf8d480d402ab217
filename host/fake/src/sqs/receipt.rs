//! Receipt handles: opaque, bound to the queue, the message and the receive.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::error::{error, invalid_value};
use crate::ids::Ids;
use crate::layer::AwsError;

const DOMAIN: &str = "receipt-handle";
/// The longest handle that is looked at.
const MAX_HANDLE: usize = 1024;

/// What a receipt handle stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) message_id: String,
    /// Which receive of the message it was, from 1.
    pub(super) receive: u32,
}

impl Receipt {
    /// The handle that a receiver gets. `queue` names the queue and tells it from one that had its name before.
    pub(super) fn encode(&self, ids: &Ids, queue: &str) -> String {
        let plain = format!("{}\n{}", self.message_id, self.receive);
        let tag = ids.tag(DOMAIN, &format!("{queue}\n{plain}"));
        BASE64_STANDARD.encode(format!("{plain}\n{tag}"))
    }

    /// Refuses what was not made by [`Receipt::encode`] for the same queue.
    pub(super) fn decode(handle: &str, ids: &Ids, queue: &str) -> Result<Self, AwsError> {
        let receipt = (handle.len() <= MAX_HANDLE).then(|| Self::open(handle, ids, queue)).flatten();
        receipt.ok_or_else(|| {
            error(
                "ReceiptHandleIsInvalid",
                format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
            )
        })
    }

    fn open(handle: &str, ids: &Ids, queue: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_STANDARD.decode(handle).ok()?).ok()?;
        let (plain, tag) = text.rsplit_once('\n')?;
        if ids.tag(DOMAIN, &format!("{queue}\n{plain}")) != tag {
            return None;
        }
        let (message_id, receive) = plain.split_once('\n')?;
        Some(Self { message_id: message_id.to_owned(), receive: receive.parse().ok()? })
    }
}

/// A handle whose message has become visible again, in a FIFO queue.
pub(super) fn expired(handle: &str) -> AwsError {
    invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")
}

/// A handle of a message whose visibility cannot be changed any more.
pub(super) fn unavailable(handle: &str) -> AwsError {
    invalid_value(
        handle,
        "ReceiptHandle",
        "Message does not exist or is not available for visibility timeout change.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_handle_opens_only_for_its_own_queue_and_fake() {
        let ids = Ids::new(1);
        let receipt = Receipt { message_id: "m".into(), receive: 3 };
        let handle = receipt.encode(&ids, "q");
        assert_eq!(Receipt::decode(&handle, &ids, "q").unwrap(), receipt);
        assert_eq!(Receipt::decode(&handle, &ids, "other").unwrap_err().code, "ReceiptHandleIsInvalid");
        assert!(Receipt::decode(&handle, &Ids::new(2), "q").is_err());
        let forged = BASE64_STANDARD.encode("m\n4\nAAAAAAAAAAAA");
        assert!(Receipt::decode(&forged, &ids, "q").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(handle in ".{0,60}") {
            prop_assert!(Receipt::decode(&handle, &Ids::new(1), "q").is_err());
        }
    }
}

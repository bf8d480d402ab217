//! What a function of an interface answers in place of a result.

/// Makes the `Failure` of a service: an error that the guest can decide on, or a trap.
macro_rules! failure {
    ($error:ty) => {
        /// What a function of the interface answers in place of a result: an error that the guest can decide on, or a trap.
        ///
        /// `?` makes the former of a WIT error. A trap has to be spelled.
        #[derive(Debug)]
        pub enum Failure {
            /// For the guest.
            Error($error),
            /// The host is broken, or the guest passed a handle that it does not have.
            Trap(wasmtime::Error),
        }

        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Error(error)
            }
        }

        impl From<wasmtime::component::ResourceTableError> for Failure {
            fn from(error: wasmtime::component::ResourceTableError) -> Self {
                match error {
                    wasmtime::component::ResourceTableError::Full => {
                        Self::Error(<$error>::LimitExceeded("handles".to_owned()))
                    }
                    other => Self::Trap(other.into()),
                }
            }
        }

        impl Failure {
            /// For the generated glue: the error to hand to the guest, or the trap.
            pub(crate) fn into_error(self) -> wasmtime::Result<$error> {
                match self {
                    Self::Error(error) => Ok(error),
                    Self::Trap(trap) => Err(trap),
                }
            }
        }

        impl From<crate::gate::Refusal> for $error {
            fn from(refusal: crate::gate::Refusal) -> Self {
                match refusal {
                    // Only objects of S3 have tags that are looked up.
                    crate::gate::Refusal::Denied | crate::gate::Refusal::Tags(_) => Self::AccessDenied,
                    crate::gate::Refusal::Quota(key) => Self::QuotaExceeded(key.to_owned()),
                    crate::gate::Refusal::Limit(key) => Self::LimitExceeded(key.to_owned()),
                    crate::gate::Refusal::Host => Self::Credentials,
                }
            }
        }
    };
}

pub(crate) use failure;

//! What wasmtime generates from the WIT package. Nothing here is written by hand, and nothing outside of this crate names it.

/// The interfaces of records and variants. They are generated apart from the functions, since what they declare can be written down
/// (`serde`), and a handle, which some records of the functions have, cannot.
mod types {
    wasmtime::component::bindgen!({
        path: "../../wit",
        inline: "
            package innkeeper:types;

            world types {
                import innkeeper:aws/common-types@0.2.0;
                import innkeeper:aws/s3-types@0.2.0;
                import innkeeper:aws/sqs-types@0.2.0;
                import innkeeper:aws/lambda-types@0.2.0;
            }
        ",
        world: "innkeeper:types/types",
        additional_derives: [serde::Serialize],
        trappable_error_type: {
            "innkeeper:aws/s3-types.error" => crate::s3::Failure,
            "innkeeper:aws/sqs-types.error" => crate::sqs::Failure,
            "innkeeper:aws/lambda-types.error" => crate::lambda::Failure,
        },
    });
}

mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "innkeeper:aws/plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "innkeeper:aws/common-types": super::types::innkeeper::aws::common_types,
            "innkeeper:aws/s3-types": super::types::innkeeper::aws::s3_types,
            "innkeeper:aws/sqs-types": super::types::innkeeper::aws::sqs_types,
            "innkeeper:aws/lambda-types": super::types::innkeeper::aws::lambda_types,
            "innkeeper:aws/s3.bucket": crate::s3::Bucket,
            "innkeeper:aws/s3.bucket-listing": crate::s3::BucketListing,
            "innkeeper:aws/s3.object-listing": crate::s3::ObjectListing,
            "innkeeper:aws/s3.upload": crate::s3::Upload,
            "innkeeper:aws/s3.upload-listing": crate::s3::UploadListing,
            "innkeeper:aws/s3.version-listing": crate::s3::VersionListing,
            "innkeeper:aws/sqs.message": crate::sqs::Message,
            "innkeeper:aws/sqs.move-task": crate::sqs::MoveTask,
            "innkeeper:aws/sqs.queue": crate::sqs::Queue,
            "innkeeper:aws/sqs.queue-listing": crate::sqs::QueueListing,
            "innkeeper:aws/lambda.alias-listing": crate::lambda::AliasListing,
            "innkeeper:aws/lambda.function": crate::lambda::Function,
            "innkeeper:aws/lambda.function-listing": crate::lambda::FunctionListing,
        },
        trappable_error_type: {
            "innkeeper:aws/s3-types.error" => crate::s3::Failure,
            "innkeeper:aws/sqs-types.error" => crate::sqs::Failure,
            "innkeeper:aws/lambda-types.error" => crate::lambda::Failure,
        },
    });
}

pub(crate) use generated::PluginPre;
pub(crate) use generated::innkeeper::aws::{lambda, s3, sqs};
pub(crate) use types::innkeeper::aws::{common_types, lambda_types, s3_types, sqs_types};

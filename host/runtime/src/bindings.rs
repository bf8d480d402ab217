//! What wasmtime generates from the WIT package. Nothing here is written by hand, and nothing outside of this crate names it.

mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "innkeeper:aws/plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
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
pub(crate) use generated::innkeeper::aws::{
    common_types, lambda, lambda_types, s3, s3_types, sqs, sqs_types,
};

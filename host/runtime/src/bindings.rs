//! What wasmtime generates from the WIT package. Nothing here is written by hand, and nothing outside of this crate names it.

mod generated {
    #![expect(clippy::all, clippy::pedantic, reason = "generated; the WIT carries the documentation")]

    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "innkeeper:aws/plugin",
        imports: { default: async | trappable },
        exports: { default: async },
        with: {
            "wasi:io": wasmtime_wasi::p2::bindings::io,
            "innkeeper:aws/s3.bucket": crate::s3::Bucket,
            "innkeeper:aws/s3.object-listing": crate::s3::ObjectListing,
        },
        trappable_error_type: {
            "innkeeper:aws/s3-types.error" => crate::s3::Failure,
        },
    });
}

pub(crate) use generated::innkeeper::aws::{common_types, s3, s3_types};
pub(crate) use generated::PluginPre;

//! A guest that makes thumbnails: it lists the objects under a prefix, page by page, and for each JPEG or PNG puts a smaller one under
//! `thumbs/`. Its input and its answer are JSON; see the README beside this crate.
//!
//! [`bucket`] is all that talks to S3. The rest is plain Rust and is tested natively.

mod bucket;
mod job;
mod metadata;
mod report;
mod thumbnail;

use innkeeper_guest::{Plugin, config};

use job::{Job, Settings};

struct Thumbnailer;

impl Plugin for Thumbnailer {
    fn run(input: Vec<u8>) -> Result<Vec<u8>, String> {
        let job = Job::parse(&input)?;
        let settings = settings().map_err(|error| error.to_string())?.checked()?;
        let report = bucket::run(&job, &settings)?;
        serde_json::to_vec_pretty(&report).map_err(|error| format!("cannot write the report: {error}"))
    }
}

innkeeper_guest::plugin!(Thumbnailer);

/// What the manifest configures, and defaults for what it does not.
fn settings() -> Result<Settings, config::Error> {
    let default = Settings::default();
    Ok(Settings {
        size: config::parse("size")?.unwrap_or(default.size),
        quality: config::parse("quality")?.unwrap_or(default.quality),
        page_size: config::parse("page-size")?.unwrap_or(default.page_size),
    })
}

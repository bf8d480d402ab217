//! The fake as its users meet it: through the AWS SDK, from the client's methods to the parsed answers.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests may fail as the tests do")]

mod access_points;
mod accounts;
mod archives;
mod arguments;
mod attributes;
mod authorization;
mod aws;
mod buckets;
mod checksums;
mod copies;
mod cross_origin;
mod customer_keys;
mod deletes;
mod faults;
#[cfg(unix)]
mod folders;
mod forms;
mod lifecycles;
mod listing;
mod locks;
mod methods;
mod multipart;
mod multipart_listing;
mod notifications;
mod objects;
mod policies;
mod protocol;
mod refusals;
mod roles;
mod seeds;
mod settings;
mod signatures;
mod tagging;
mod uploads;
mod versions;

//! The state of a fake as files: what [`FakeAws::seed`](crate::FakeAws::seed) reads and
//! [`Changes::save`](crate::Changes::save) writes.
//!
//! # Layout
//!
//! ```text
//! DIR/s3/BUCKET/KEY...
//! ```
//!
//! A file below a bucket's folder is an object. Its key is the path from there, with `/` between the names; its content
//! type is that of its extension. A bucket's folder may be empty. Names that start with a dot (`.gitkeep`, `.git/`,
//! `.DS_Store`) are skipped everywhere. Content headers and user metadata have no place in the layout: what is saved and
//! seeded again has its bytes and its key, and the content type of its extension.
//!
//! # Keys that are no paths
//!
//! S3 takes any UTF-8 as a key; `../x`, `/etc/passwd`, `a//b`, a NUL, or `a` beside `a/b` are all fine. As files they are
//! written so that none can leave the folder, none hides another, and each reads back as the same key:
//!
//! | in the key | in the path |
//! |---|---|
//! | a control character, or one of `% \ : * ? " < > \|` | `%` and two hexadecimal digits for each byte |
//! | a dot at the start of a segment | `%2E` |
//! | an empty segment (`a//b`, a key that ends with `/`) | `%empty` |
//! | a key that is also the folder of another (`a` beside `a/b`) | `%file` after its name |
//! | a segment longer than 200 bytes | pieces, as folders, all but the last with `%+` after them |
//!
//! A `%` in a file that is to be seeded is therefore written `%25`.

mod path;
mod save;
mod seed;

pub use path::PathError;
pub use save::{SaveError, Saved, SavedObject};
pub use seed::{SeedError, Seeded};

pub(crate) use seed::seed;

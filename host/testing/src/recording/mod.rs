//! Recordings: what one call of a guest asked of AWS and what it was answered, and the same call again, with the recorded answers.
//!
//! [`Recorder`] looks on at a call, on AWS or on a fake; [`Recording`] is what it has seen, as a file; [`Player`] is an AWS that gives the
//! recorded answers; and [`differences`] says where two recordings are not the same.
//!
//! # Two levels
//!
//! What a guest *asked* is recorded at the level of the WIT package: the function, its arguments, its answer ([`innkeeper::exchange`]).
//! That is what recordings are compared by, and what a person reads. What AWS *answered* is recorded at the wire, below the SDK, and fed
//! back there: so that a replay runs all of the production host, with its policy, limits, retries and parsing, and not a second
//! implementation of 60 functions.
//!
//! # The file, version 2
//!
//! A file of JSON, one object a line, readable by its owner alone. The first line is the start and the last the end; a file without an
//! end was cut short, and is refused. Keys may be added to a version.
//!
//! It has at most 64 MiB ([`Recording::MAX_BYTES`]): a call that comes to more is not recorded. What was seen is let go of then, the guest
//! goes on, and [`Recorder::finish`] says so.
//!
//! | `event` | keys |
//! |---|---|
//! | `start` | `version`, `guest`, `input` (`{"text"}` or `{"base64"}`), `region`, `endpoint` (in place of AWS's own, or `null`), `began` (seconds since 1970), `bodies` (`"kept"` or `"none"`) |
//! | `exchange` | `id`, `function`, `on`, `arguments`, `answer`, `body`: see [`innkeeper::exchange`]. `answer` is `null` if the guest was ended before; `body` is of what streamed, `{"bytes", "sha256", "whole"}` |
//! | `request` | `operation`, `action`, `resource`, `context`, `allowed`: what the policy was asked and said, right behind the exchange that it was asked for |
//! | `answer` | `service`, `request`, `response`: what was sent and what came, at the wire |
//! | `end` | `result`: `{"bytes", "sha256"}` of what the guest returned, or `{"failed": KIND}` |
//!
//! A `request` of the wire is `{"method", "url", "headers", "body"}`, with the headers that make a difference to the answer alone. Its
//! `body` is a digest, or a document of SQS in which each message's body is a digest. A `response` is `{"status", "headers"}` with a
//! `document` (XML, or a message of a protocol), a `json` document, or a `body`, which is a digest with `ended`: `"whole"`, `"unread"`
//! (the guest let go of it) or `"cut"` (the connection failed). `{"failed": "timeout" | "io" | "other"}` is a connection that failed, and
//! `null` an answer that nobody waited for any more.
//!
//! # Bodies
//!
//! The file has the bodies of objects, messages and payloads by digest only: it can be shown, compared and kept under version control
//! without the data. A replay has to give the guest what it read, though. So the bodies of *answers* (objects, messages, payloads that
//! functions return) are kept beside the file, in `FILE.bodies/SHA-256`, each once. Delete the folder, or record with
//! `--record-bodies none`, and what needs no bodies can still be replayed and asked about; a guest that reads one is told that it is not
//! there. All bodies of a recording have at most 1 GiB. What the guest *sends* is never kept. What an earlier recording of the same name has
//! left in the folder stays there.
//!
//! # What is in neither
//!
//! Credentials pass through another HTTP client and are not seen ([`ClientFactoryBuilder::service_http`]); of STS there is
//! `GetCallerIdentity` alone. Signatures, session tokens, dates and request ids are headers that are not taken: those that are, are on a
//! list. Receipt handles, handles of tasks and the tokens of listings are replaced by numbers (`receipt-1`), the same in the answer that
//! gave one and in the request that uses it. Of S3's error documents there is what a client looks at, since some repeat a signature or
//! a token; of Lambda's there is no environment, in which functions have keys.
//!
//! The input is in it as it was given, and so are names, keys, metadata, tags and attributes.
//!
//! [`ClientFactoryBuilder::service_http`]: innkeeper::aws::ClientFactoryBuilder::service_http

mod bodies;
mod capture;
mod difference;
mod file;
mod host;
mod lines;
mod player;
mod recorder;
mod scrub;
mod wire;
mod write;

pub use self::bodies::{Bodies, bodies_folder};
pub use self::difference::{Change, ChangeKind, Times, differences};
pub use self::file::{
    Answer, BodyDigestLine, Ended, Ending, Exchange, Input, KeptBodies, Line, ReadError, Recording, Request,
    Response, ResponseBody, Start, StreamedBody, WireRequest,
};
pub use self::host::host_on_recording;
pub use self::player::{NotFed, Player};
pub use self::recorder::Recorder;
pub use self::write::WriteError;

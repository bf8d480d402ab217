//! The harness of the attack suite: a host with two guests on one engine, one hostile and one innocent.
//!
//! [`Siege`] says what the attacker is granted, and what AWS answers it. While the attack runs, and after it, the innocent guest reads
//! an object and has to get it; an attack that takes the thread away from it is ended by a [guard](Besieged::attack) after minutes.
//!
//! ```
//! use innkeeper_attacks::{Component, Siege};
//! use innkeeper_tests::program;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! let besieged = Siege::new().setting("limits.memory = \"8MiB\"").attacker(Component::test(program::MEMORY)).await;
//! assert!(besieged.attack(b"").await.is_err());
//! # }
//! ```
#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::print_stderr,
    reason = "a harness of tests fails the test"
)]

mod component;
mod guard;
mod hostile;
mod siege;

pub use self::component::{Component, core_guest};
pub use self::hostile::{Answer, Frames, HOSTILE_BUCKET, Sent};
pub use self::siege::{Besieged, Siege};

/// The hostile guests of `programs`.
pub mod program {
    use super::Component;

    include!(concat!(env!("OUT_DIR"), "/programs.rs"));
}

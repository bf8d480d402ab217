//! What to build, and how.

use std::path::PathBuf;

use crate::toolchain::ToolchainSource;

/// How to build guests. The default is what [`Options::default`] lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What the guests are compiled for.
    pub target: Target,
    /// The Cargo profile, as of `cargo build --profile`.
    pub profile: String,
    /// Which of the package's targets to build.
    pub guests: Guests,
    /// Which of the package's features to build with.
    pub features: Features,
    /// Where Cargo compiles. `None`: `guests` in the package's own target directory, apart from what `cargo build` locks.
    pub target_dir: Option<PathBuf>,
    /// Where the components are written. `None`: `components/PACKAGE` in the target directory.
    pub out_dir: Option<PathBuf>,
    /// Where a downloaded toolchain is kept, some 600 MB. `None`: `toolchain` in the target directory. Several packages can
    /// share one.
    pub toolchain_dir: Option<PathBuf>,
    /// Where a toolchain may come from, in this order.
    pub toolchains: Vec<ToolchainSource>,
    /// Whether anything may be downloaded.
    pub network: Network,
    /// Whether `Cargo.lock` may change.
    pub lockfile: Lockfile,
    /// Whether the compiler's messages are coloured.
    pub color: Color,
}

impl Default for Options {
    /// `wasm32-unknown-unknown`, the profile `release`, every `cdylib` and binary with the package's default features, folders
    /// in the package's target directory, every source of a toolchain, with the network, `Cargo.lock` kept up to date, no colour.
    fn default() -> Self {
        Self {
            target: Target::default(),
            profile: "release".to_owned(),
            guests: Guests::default(),
            features: Features::default(),
            target_dir: None,
            out_dir: None,
            toolchain_dir: None,
            toolchains: ToolchainSource::ALL.to_vec(),
            network: Network::default(),
            lockfile: Lockfile::default(),
            color: Color::default(),
        }
    }
}

/// What a guest is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Target {
    /// `wasm32-unknown-unknown`: the guest imports what its WIT names and nothing else, so it has no clock, no random numbers and
    /// no output but what it asks for.
    #[default]
    Wasm32UnknownUnknown,
    /// `wasm32-wasip2`: the standard library uses WASI 0.2, and the guest imports its interfaces.
    Wasm32Wasip2,
}

impl Target {
    /// The target triple, as rustc spells it.
    pub fn triple(self) -> &'static str {
        match self {
            Self::Wasm32UnknownUnknown => "wasm32-unknown-unknown",
            Self::Wasm32Wasip2 => "wasm32-wasip2",
        }
    }
}

/// Which of a package's targets are guests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Guests {
    /// The library, if it is a `cdylib`, and every binary whose required features are on.
    #[default]
    All,
    /// Those with these names, among the library, the binaries and the examples.
    Named(Vec<String>),
}

/// Which of a package's features are on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Features {
    /// The default ones.
    #[default]
    Default,
    /// The default ones and these.
    Also(Vec<String>),
    /// These, without the default ones.
    Only(Vec<String>),
    /// All there are.
    All,
}

/// Whether anything may be downloaded: crates, a target, a toolchain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Network {
    /// It may.
    #[default]
    Allowed,
    /// It may not. Cargo runs with `--offline`.
    Offline,
}

/// What happens to `Cargo.lock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lockfile {
    /// Cargo writes it where it is missing or behind `Cargo.toml`.
    #[default]
    Update,
    /// It is an error if it would have to change. Cargo runs with `--locked`.
    Locked,
}

/// Whether the compiler's messages are coloured. They arrive as [`Event::Output`](crate::Event::Output), so Cargo itself cannot see
/// whether they end up on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// Plain text.
    #[default]
    Never,
    /// With the escape sequences of a terminal.
    Always,
}

//! Adding the target with rustup.

use std::time::Duration;

use super::{Reason, Search, StandardLibrary, Toolchain, ToolchainSource};
use crate::event::Event;
use crate::options::Network;
use crate::process::{self, Line};

/// Some 20 MB at 1 Mbit/s. Where there is no server, rustup says so at once.
const LIMIT: Duration = Duration::from_mins(3);

/// The compiler in use, after rustup has added the target to it.
pub(super) fn add_target(
    search: &mut Search<'_>,
    progress: &mut dyn FnMut(&Event<'_>),
) -> Result<Toolchain, Reason> {
    let rustup =
        search.environment.find("rustup").ok_or_else(|| Reason::NotFound { program: "rustup".to_owned() })?;
    let compiler = search.in_use()?;
    // Its toolchains are `toolchains/NAME`, and one that is linked in from elsewhere takes no targets.
    let name = (compiler.sysroot.parent().and_then(|folder| folder.file_name()))
        .filter(|folder| *folder == "toolchains")
        .and(compiler.sysroot.file_name())
        .and_then(|name| name.to_str())
        .ok_or_else(|| Reason::NotRustups { sysroot: compiler.sysroot.clone() })?;
    if search.network == Network::Offline {
        return Err(Reason::Offline);
    }

    let triple = search.target.triple();
    progress(&Event::Downloading { what: &format!("the target `{triple}` with rustup (about 20 MB)") });
    let mut command = search.environment.command(&rustup, &search.project.folder);
    command.args(["target", "add", "--toolchain", name, triple]);
    let result = process::run(&mut command, Some(LIMIT), &mut |line| {
        let (Line::Stdout(line) | Line::Stderr(line)) = line;
        progress(&Event::Output { program: "rustup", line });
    });
    Reason::check(&format!("rustup target add {triple}"), result)?;
    if compiler.has(search.target) {
        return Ok(search.toolchain(ToolchainSource::Rustup, compiler, StandardLibrary::Precompiled, None));
    }
    Err(Reason::NoTarget { rustc: compiler.rustc, release: compiler.release, target: triple })
}

//! Downloading packages with apt, as any user, without a trace outside of one folder.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Reason;
use crate::environment::Environment;
use crate::event::Event;
use crate::process::{self, Line};

/// 140 MB at 2 Mbit/s.
const LIMIT: Duration = Duration::from_mins(10);

/// The machine's hooks would clean up its own caches, which are none of ours.
const WITHOUT_HOOKS: &str = "\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
";

/// apt-get, with its state in a folder of ours. Its sources, keys and proxies are the machine's.
pub(super) struct Apt<'a> {
    program: PathBuf,
    folder: &'a Path,
    options: Vec<OsString>,
    environment: &'a Environment,
}

impl<'a> Apt<'a> {
    /// Keeps everything in `folder`, which has to exist.
    pub(super) fn new(
        program: PathBuf,
        folder: &'a Path,
        environment: &'a Environment,
    ) -> Result<Self, Reason> {
        for name in ["lists/partial", "archives/partial"] {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(Reason::file("create", &path))?;
        }
        let configuration = folder.join("apt.conf");
        fs::write(&configuration, WITHOUT_HOOKS).map_err(Reason::file("write", &configuration))?;
        let mut options: Vec<OsString> = vec!["-q".into(), "-c".into(), configuration.into()];
        let mut set = |name: &str, value: &Path| {
            let mut option = OsString::from(format!("-o{name}="));
            option.push(value);
            options.push(option);
        };
        set("Dir::State::lists", &folder.join("lists"));
        set("Dir::Cache", folder);
        set("Dir::Cache::archives", &folder.join("archives"));
        set("Dir::Log", folder);
        // The folder is this build's alone, and the machine's lock is root's.
        set("Debug::NoLocking", Path::new("1"));
        // As root, apt would download as a user who may not write here.
        set("APT::Sandbox::User", Path::new("root"));
        set("Acquire::Languages", Path::new("none"));
        Ok(Self { program, folder, options, environment })
    }

    /// Downloads the packages and what of their dependencies this machine lacks, verified. Returns the archives.
    pub(super) fn download(
        &self,
        packages: &[&str],
        progress: &mut dyn FnMut(&Event<'_>),
    ) -> Result<Vec<PathBuf>, Reason> {
        progress(&Event::Downloading { what: "Debian's list of packages (about 10 MB)" });
        // Another repository of this machine's that does not answer is no reason to stop.
        let updated = self.run(&["update"], progress);
        progress(&Event::Downloading {
            what: "Debian's Rust and the source of its library (about 140 MB, once)",
        });
        let mut install = vec!["--yes", "--download-only", "--no-install-recommends", "install"];
        install.extend(packages);
        self.run(&install, progress).map_err(|reason| updated.err().unwrap_or(reason))?;

        let archives = self.folder.join("archives");
        let entries = fs::read_dir(&archives).map_err(Reason::file("read", &archives))?;
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "deb"));
        paths.sort();
        Ok(paths)
    }

    fn run(&self, arguments: &[&str], progress: &mut dyn FnMut(&Event<'_>)) -> Result<(), Reason> {
        let mut command = self.environment.command(&self.program, self.folder);
        // No question that nobody would answer.
        command.env("DEBIAN_FRONTEND", "noninteractive").args(&self.options).args(arguments);
        let result = process::run(&mut command, Some(LIMIT), &mut |line| {
            let (Line::Stdout(line) | Line::Stderr(line)) = line;
            progress(&Event::Output { program: "apt-get", line });
        });
        Reason::check(&format!("apt-get {}", arguments.join(" ")), result)
    }
}

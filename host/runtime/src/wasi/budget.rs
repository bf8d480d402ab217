//! How much a guest may have in a directory that it may write to.
//!
//! What is in the directory is measured before the guest first writes to it. From then on all that the guest writes is counted on top,
//! whatever it writes over: the count is never below what is there. Where it has come to the bound, the directory is measured again, if
//! the guest has removed something since. A file that is removed while the guest has it open still takes its room, and counts until it is
//! closed.
//!
//! What others write to the directory meanwhile is seen when it is measured the next time. Each grant has a bound of its own, so two
//! grants of one directory can each write as much as was free for them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use std::{fmt, io};

use cap_std::fs::Dir as CapDir;
use tokio::time::Instant;

/// What a file, a directory or a link counts beside its bytes, so that a guest cannot make them without end: what most file systems
/// take for one.
pub(super) const ENTRY: u64 = 4 << 10;

/// Measuring takes no more of the time than one part in so many, however often a guest fills a directory and empties it.
const SHARE_OF_TIME: u32 = 10;

/// The room for what a guest writes to a directory.
pub(crate) struct Budget {
    directory: CapDir,
    max: u64,
    count: Mutex<Count>,
    /// The files that have been opened, as long as they are.
    open: Mutex<Vec<Weak<File>>>,
    /// Held while the directory is measured.
    measuring: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct Count {
    /// What is in the directory at most. `None`: it has not been measured.
    used: Option<u64>,
    /// What may still be written by those who have reserved it.
    reserved: u64,
    /// How often something may have been removed, in all and when the directory was measured.
    freed: u64,
    seen: u64,
    /// Whether there were files without a name then, which may have been closed since.
    had_nameless: bool,
    /// When the directory was measured, and how long that took.
    measured: Option<(Instant, Duration)>,
}

/// Room that nobody else has, until this is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    budget: Arc<Budget>,
    bytes: u64,
}

/// There is no room left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the directory is full")]
pub(super) struct Full;

impl Budget {
    pub(super) fn new(directory: CapDir, max: u64) -> Self {
        let (count, open) = (Mutex::default(), Mutex::default());
        Self { directory, max, count, open, measuring: Arc::default() }
    }

    /// A file of the directory has been opened.
    pub(super) fn opened(&self, file: &Arc<File>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Now and then, so that it costs little for each.
        if open.len() == open.capacity() {
            open.retain(|file| file.strong_count() > 0);
        }
        open.push(Arc::downgrade(file));
    }

    /// What the files take that are open and have no name any more.
    fn nameless(&self) -> io::Result<u64> {
        let open: Vec<_> = {
            let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.iter().filter_map(Weak::upgrade).collect()
        };
        let mut found = BTreeMap::new();
        for file in open {
            found.extend(nameless(&file.metadata()?));
        }
        Ok(found.into_values().fold(0, |sum: u64, length| sum.saturating_add(ENTRY).saturating_add(length)))
    }

    /// Room for `least` bytes, and for up to `most` where there is as much.
    pub(super) async fn reserve(self: &Arc<Self>, least: u64, most: u64) -> Result<Reservation, Full> {
        if let Some(reservation) = self.try_reserve(least, most) {
            return Ok(reservation);
        }
        // Where that says that there is none, somebody else may have measured it meanwhile.
        let _ = self.measure().await;
        self.try_reserve(least, most).ok_or(Full)
    }

    /// The same, without measuring.
    pub(super) fn try_reserve(self: &Arc<Self>, least: u64, most: u64) -> Option<Reservation> {
        let mut count = self.count();
        let free = self.max.saturating_sub(count.used?.saturating_add(count.reserved));
        let bytes = Some(free.min(most)).filter(|bytes| *bytes >= least)?;
        count.reserved += bytes;
        Some(Reservation { budget: Arc::clone(self), bytes })
    }

    /// Something may have been removed.
    pub(super) fn freed(&self) {
        self.count().freed += 1;
    }

    /// Measures the directory, if that may show more room.
    async fn measure(self: &Arc<Self>) -> Result<(), Full> {
        let turn = Arc::clone(&self.measuring).lock_owned().await;
        let freed = {
            let count = self.count();
            let too_soon = count
                .measured
                .is_some_and(|(when, took)| when.elapsed() < took.saturating_mul(SHARE_OF_TIME));
            let is_known = count.freed == count.seen && !count.had_nameless;
            if count.used.is_some() && (is_known || too_soon) {
                return Err(Full);
            }
            count.freed
        };
        let budget = Arc::clone(self);
        let measuring = move || {
            // Until it is done, also where nobody waits for it any more: a guest that gives up must not have it begin again.
            let _turn = turn;
            let start = Instant::now();
            let nameless = budget.nameless()?;
            let used = size(&budget.directory, budget.max)?.saturating_add(nameless);
            let mut count = budget.count();
            // What was removed meanwhile may or may not have been seen.
            (count.used, count.seen) = (Some(used), freed);
            count.had_nameless = nameless > 0;
            count.measured = Some((Instant::now(), start.elapsed()));
            Ok(())
        };
        let measured = tokio::task::spawn_blocking(measuring).await;
        measured.map_err(io::Error::other).and_then(|measured| measured).map_err(|error| {
            // Without a size there is no room: a guest must not get past the bound by making a directory that cannot be read.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a guest's directory cannot be measured"
            );
            Full
        })
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        // Nothing panics while it holds the count.
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("max", &self.max)
            .field("count", &*self.count())
            .finish_non_exhaustive()
    }
}

impl Reservation {
    /// How much is left of it.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// So much of it has been written.
    pub(super) fn spend(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        let mut count = self.budget.count();
        count.reserved = count.reserved.saturating_sub(bytes);
        count.used = count.used.map(|used| used.saturating_add(bytes));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut count = self.budget.count();
        count.reserved = count.reserved.saturating_sub(self.bytes);
    }
}

/// What is in a directory and in those below it, or any number above `max` where it is more. Links are not followed.
fn size(root: &CapDir, max: u64) -> io::Result<u64> {
    let (mut total, mut left) = (0_u64, vec![PathBuf::from(".")]);
    while let Some(path) = left.pop() {
        let entries = match root.read_dir(&path) {
            Ok(entries) => entries,
            // It was removed, or a file took its place.
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) if is_gone(&error) => continue,
                Err(error) => return Err(error),
            };
            total = total.saturating_add(ENTRY);
            if metadata.is_dir() {
                left.push(path.join(entry.file_name()));
            } else {
                total = total.saturating_add(metadata.len());
            }
            if total > max {
                return Ok(total);
            }
        }
    }
    Ok(total)
}

/// Of a file without a name: which it is, and how long. What has more than one descriptor is there once.
#[cfg(unix)]
fn nameless(metadata: &std::fs::Metadata) -> Option<((u64, u64), u64)> {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.nlink() == 0).then(|| ((metadata.dev(), metadata.ino()), metadata.len()))
}

/// Elsewhere a file cannot be removed while it is open.
#[cfg(not(unix))]
fn nameless(_: &std::fs::Metadata) -> Option<((u64, u64), u64)> {
    None
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    fn budget(folder: &tempfile::TempDir, max: u64) -> Arc<Budget> {
        let directory = CapDir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        Arc::new(Budget::new(directory, max))
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_and_what_is_written_count() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        std::fs::write(folder.path().join("below/a"), [0; 100]).unwrap();
        let used = 2 * ENTRY + 100;
        let budget = budget(&folder, used + 50);
        assert!(budget.try_reserve(1, 1).is_none(), "nothing is known yet");
        let mut all = budget.reserve(1, 1000).await.unwrap();
        assert_eq!(all.bytes(), 50);
        assert_eq!(budget.reserve(1, 1).await.unwrap_err(), Full, "it is reserved");
        all.spend(30);
        drop(all);
        assert_eq!(budget.reserve(21, 21).await.unwrap_err(), Full);
        assert_eq!(budget.reserve(20, 21).await.unwrap().bytes(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_removed_is_seen_when_there_is_no_more_room() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        std::fs::write(&file, [0; 100]).unwrap();
        let budget = budget(&folder, ENTRY + 100);
        assert_eq!(budget.reserve(1, 1).await.unwrap_err(), Full);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(budget.reserve(1, 1).await.unwrap_err(), Full, "nobody has said so");
        budget.freed();
        assert_eq!(budget.reserve(1, u64::MAX).await.unwrap().bytes(), ENTRY + 100);
    }

    #[cfg(unix)]
    #[tokio::test(start_paused = true)]
    async fn what_is_removed_and_still_open_counts_until_it_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, [0; 100]).unwrap();
        let budget = budget(&folder, ENTRY + 100);
        let file = Arc::new(File::open(&path).unwrap());
        // Twice the same file, and many that are closed.
        budget.opened(&file);
        budget.opened(&Arc::new(file.try_clone().unwrap()));
        let again = Arc::new(File::open(&path).unwrap());
        (0..1_000).for_each(|_| budget.opened(&Arc::new(File::open(&path).unwrap())));
        budget.opened(&again);
        assert!(budget.open.lock().unwrap().len() < 100);
        std::fs::remove_file(&path).unwrap();
        budget.freed();
        assert_eq!(budget.reserve(1, 1).await.unwrap_err(), Full);
        drop(file);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(budget.reserve(1, 1).await.unwrap_err(), Full);
        drop(again);
        tokio::time::advance(Duration::from_mins(1)).await;
        assert_eq!(budget.reserve(1, u64::MAX).await.unwrap().bytes(), ENTRY + 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_directory_that_is_emptied_again_and_again_is_not_measured_all_the_time() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), [0; 100]).unwrap();
        let budget = budget(&folder, 1);
        assert_eq!(budget.reserve(1, 1).await.unwrap_err(), Full);
        budget.count().measured = Some((Instant::now(), Duration::from_secs(1)));
        std::fs::remove_file(folder.path().join("a")).unwrap();
        budget.freed();
        assert_eq!(budget.reserve(1, 1).await.unwrap_err(), Full);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(budget.reserve(1, 1).await.unwrap().bytes(), 1);
    }
}

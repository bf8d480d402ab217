//! `wasi:filesystem/types`, with a bound on what is written to a directory.
//!
//! What is done is `wasmtime-wasi`'s, which knows no such bound. Whatever makes a directory hold more asks here first: for the bytes
//! that are written, for those between the end of a file and the place that is written to, and for each new file, directory and link.

use std::collections::HashMap;
use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, DirectoryEntryStream,
    ErrorCode, Filesize, Host, HostDescriptor, HostDirectoryEntryStream, MetadataHashValue, NewTimestamp,
    OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::budget::{Budget, ENTRY, Full};
use super::file_output::FileOutput;
use crate::state::State;

/// Which of a call's descriptors have a bound on what is written through them: those of a directory that the guest may write to, and
/// of all that is opened in it.
#[derive(Debug, Default)]
pub(crate) struct Budgets(HashMap<u32, Arc<Budget>>);

impl Budgets {
    pub(super) fn insert(&mut self, descriptor: &Resource<Descriptor>, budget: Arc<Budget>) {
        self.0.insert(descriptor.rep(), budget);
    }
}

/// The files of a call.
pub(crate) struct Files<'a> {
    pub(crate) view: WasiFilesystemCtxView<'a>,
    pub(crate) budgets: &'a mut Budgets,
}

struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = Files<'a>;
}

/// Puts this interface in the place of the one that is in the linker.
pub(super) fn replace(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<State, HasFiles>(linker, State::files)
}

impl Files<'_> {
    fn budget(&self, descriptor: &Resource<Descriptor>) -> Option<Arc<Budget>> {
        self.budgets.0.get(&descriptor.rep()).cloned()
    }

    /// How long a file is.
    fn length(&mut self, descriptor: &Resource<Descriptor>) -> FsResult<u64> {
        match self.view.table.get(descriptor)? {
            Descriptor::File(file) => Ok(file.file.metadata()?.len()),
            Descriptor::Dir(_) => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    /// Refuses what would move something between two bounds: neither would know.
    fn check_same(&self, one: &Resource<Descriptor>, other: &Resource<Descriptor>) -> FsResult<()> {
        match (self.budget(one), self.budget(other)) {
            (Some(one), Some(other)) if !Arc::ptr_eq(&one, &other) => Err(ErrorCode::CrossDevice.into()),
            _ => Ok(()),
        }
    }

    /// Puts a stream that is held to the bound in the place of one that is not.
    fn bound(
        &mut self,
        stream: Resource<DynOutputStream>,
        budget: Option<Arc<Budget>>,
        gap: u64,
    ) -> FsResult<Resource<DynOutputStream>> {
        let Some(budget) = budget else { return Ok(stream) };
        let inner = self.view.table.delete(stream)?;
        let stream: DynOutputStream = Box::new(FileOutput::new(inner, budget, gap));
        Ok(self.view.table.push(stream)?)
    }
}

fn full(_: Full) -> FsError {
    ErrorCode::Quota.into()
}

fn freed(budget: Option<Arc<Budget>>) {
    if let Some(budget) = budget {
        budget.freed();
    }
}

impl Host for Files<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        self.view.convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        if self.view.table.get(&error)?.is::<Full>() {
            return Ok(Some(ErrorCode::Quota));
        }
        self.view.filesystem_error_code(error)
    }
}

impl HostDescriptor for Files<'_> {
    fn read_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        self.view.read_via_stream(fd, offset)
    }

    fn write_via_stream(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let budget = self.budget(&fd);
        let gap = if budget.is_some() { offset.saturating_sub(self.length(&fd)?) } else { 0 };
        let stream = self.view.write_via_stream(fd, offset)?;
        self.bound(stream, budget, gap)
    }

    fn append_via_stream(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DynOutputStream>> {
        let budget = self.budget(&fd);
        let stream = self.view.append_via_stream(fd)?;
        self.bound(stream, budget, 0)
    }

    async fn advise(
        &mut self,
        fd: Resource<Descriptor>,
        offset: Filesize,
        len: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        self.view.advise(fd, offset, len, advice).await
    }

    async fn sync_data(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.view.sync_data(fd).await
    }

    async fn get_flags(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorFlags> {
        self.view.get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorType> {
        self.view.get_type(fd).await
    }

    async fn set_size(&mut self, fd: Resource<Descriptor>, size: Filesize) -> FsResult<()> {
        let Some(budget) = self.budget(&fd) else { return self.view.set_size(fd, size).await };
        let length = self.length(&fd)?;
        let more = size.saturating_sub(length);
        let mut room = budget.reserve(more, more).await.map_err(full)?;
        self.view.set_size(fd, size).await?;
        room.spend(more);
        if size < length {
            budget.freed();
        }
        Ok(())
    }

    async fn set_times(
        &mut self,
        fd: Resource<Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.view.set_times(fd, accessed, modified).await
    }

    async fn read(
        &mut self,
        fd: Resource<Descriptor>,
        len: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.view.read(fd, len, offset).await
    }

    async fn write(
        &mut self,
        fd: Resource<Descriptor>,
        bytes: Vec<u8>,
        offset: Filesize,
    ) -> FsResult<Filesize> {
        let Some(budget) = self.budget(&fd) else { return self.view.write(fd, bytes, offset).await };
        let gap = offset.saturating_sub(self.length(&fd)?);
        let more = gap.saturating_add(bytes.len() as u64);
        let mut room = budget.reserve(more, more).await.map_err(full)?;
        let written = self.view.write(fd, bytes, offset).await?;
        room.spend(gap.saturating_add(written));
        Ok(written)
    }

    async fn read_directory(&mut self, fd: Resource<Descriptor>) -> FsResult<Resource<DirectoryEntryStream>> {
        self.view.read_directory(fd).await
    }

    async fn sync(&mut self, fd: Resource<Descriptor>) -> FsResult<()> {
        self.view.sync(fd).await
    }

    async fn create_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let Some(budget) = self.budget(&fd) else { return self.view.create_directory_at(fd, path).await };
        let mut room = budget.reserve(ENTRY, ENTRY).await.map_err(full)?;
        self.view.create_directory_at(fd, path).await?;
        room.spend(ENTRY);
        Ok(())
    }

    async fn stat(&mut self, fd: Resource<Descriptor>) -> FsResult<DescriptorStat> {
        self.view.stat(fd).await
    }

    async fn stat_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        self.view.stat_at(fd, path_flags, path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.view.set_times_at(fd, path_flags, path, accessed, modified).await
    }

    async fn link_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path_flags: PathFlags,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.check_same(&fd, &new_fd)?;
        let Some(budget) = self.budget(&new_fd) else {
            return self.view.link_at(fd, old_path_flags, old_path, new_fd, new_path).await;
        };
        let mut room = budget.reserve(ENTRY, ENTRY).await.map_err(full)?;
        self.view.link_at(fd, old_path_flags, old_path, new_fd, new_path).await?;
        room.spend(ENTRY);
        Ok(())
    }

    async fn open_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<Descriptor>> {
        let Some(budget) = self.budget(&fd) else {
            return self.view.open_at(fd, path_flags, path, open_flags, flags).await;
        };
        let room = if open_flags.contains(OpenFlags::CREATE) {
            let directory = Resource::new_borrow(fd.rep());
            // What is there already is not made; what cannot be looked at may be.
            match self.view.stat_at(directory, path_flags, path.clone()).await {
                Ok(_) => None,
                Err(_) => Some(budget.reserve(ENTRY, ENTRY).await.map_err(full)?),
            }
        } else {
            None
        };
        let opened = self.view.open_at(fd, path_flags, path, open_flags, flags).await?;
        if let Some(mut room) = room {
            room.spend(ENTRY);
        }
        if open_flags.contains(OpenFlags::TRUNCATE) {
            budget.freed();
        }
        if let Descriptor::File(file) = self.view.table.get(&opened)? {
            budget.opened(&file.file);
        }
        self.budgets.insert(&opened, budget);
        Ok(opened)
    }

    async fn readlink_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<String> {
        self.view.readlink_at(fd, path).await
    }

    async fn remove_directory_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let budget = self.budget(&fd);
        self.view.remove_directory_at(fd, path).await?;
        freed(budget);
        Ok(())
    }

    async fn rename_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_fd: Resource<Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        self.check_same(&fd, &new_fd)?;
        let budget = self.budget(&new_fd);
        self.view.rename_at(fd, old_path, new_fd, new_path).await?;
        // What had the new name is gone.
        freed(budget);
        Ok(())
    }

    async fn symlink_at(
        &mut self,
        fd: Resource<Descriptor>,
        old_path: String,
        new_path: String,
    ) -> FsResult<()> {
        let Some(budget) = self.budget(&fd) else {
            return self.view.symlink_at(fd, old_path, new_path).await;
        };
        let more = ENTRY.saturating_add(old_path.len() as u64);
        let mut room = budget.reserve(more, more).await.map_err(full)?;
        self.view.symlink_at(fd, old_path, new_path).await?;
        room.spend(more);
        Ok(())
    }

    async fn unlink_file_at(&mut self, fd: Resource<Descriptor>, path: String) -> FsResult<()> {
        let budget = self.budget(&fd);
        self.view.unlink_file_at(fd, path).await?;
        freed(budget);
        Ok(())
    }

    async fn is_same_object(
        &mut self,
        one: Resource<Descriptor>,
        other: Resource<Descriptor>,
    ) -> wasmtime::Result<bool> {
        self.view.is_same_object(one, other).await
    }

    async fn metadata_hash(&mut self, fd: Resource<Descriptor>) -> FsResult<MetadataHashValue> {
        self.view.metadata_hash(fd).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Resource<Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        self.view.metadata_hash_at(fd, path_flags, path).await
    }

    fn drop(&mut self, fd: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.budgets.0.remove(&fd.rep());
        HostDescriptor::drop(&mut self.view, fd)
    }
}

impl HostDirectoryEntryStream for Files<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.view.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.view, stream)
    }
}

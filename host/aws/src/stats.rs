//! What has happened in a factory's caches.

/// What has happened in the client caches of a factory, and what is in them now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Clients that were there when they were asked for.
    pub hits: u64,
    /// Clients that were not.
    pub misses: u64,
    /// Clients whose building was begun. Fewer than the misses, if several asked for one at once.
    pub builds: u64,
    /// Clients that were forgotten because there were too many.
    pub evictions: u64,
    /// Clients in the cache.
    pub live_clients: u64,
    /// Sessions in the cache: regions and credentials.
    pub live_sessions: u64,
}

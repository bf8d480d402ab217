//! Random numbers that a test can foretell.

use std::convert::Infallible;

use rand::TryRng;
use sha2::{Digest as _, Sha256};

/// The bytes of SHA-256 over a seed and a counter: the same for a seed on every machine and in every version.
///
/// For tests alone. Who knows the seed knows every key that the guest will make.
#[derive(Debug)]
pub(super) struct Seeded {
    seed: u64,
    /// What sets the streams of one seed apart.
    stream: &'static str,
    counter: u64,
    block: [u8; 32],
    /// How many bytes of the block have been taken.
    taken: usize,
}

impl Seeded {
    pub(super) fn new(seed: u64, stream: &'static str) -> Self {
        Self { seed, stream, counter: 0, block: [0; 32], taken: 32 }
    }

    /// 128 bits.
    pub(super) fn number(mut self) -> u128 {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        u128::from_le_bytes(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.taken >= self.block.len() {
                let digest = Sha256::new()
                    .chain_update(self.stream)
                    .chain_update(self.seed.to_le_bytes())
                    .chain_update(self.counter.to_le_bytes());
                self.block = digest.finalize().into();
                (self.counter, self.taken) = (self.counter.wrapping_add(1), 0);
            }
            *byte = self.block.get(self.taken).copied().unwrap_or_default();
            self.taken += 1;
        }
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(seed: u64, stream: &'static str) -> [u8; 100] {
        let mut bytes = [0; 100];
        Seeded::new(seed, stream).fill(&mut bytes);
        bytes
    }

    #[test]
    fn a_seed_and_a_stream_give_the_same_bytes_always() {
        assert_eq!(bytes(1, "a"), bytes(1, "a"));
        assert_ne!(bytes(1, "a"), bytes(2, "a"));
        assert_ne!(bytes(1, "a"), bytes(1, "b"));
        let bytes = bytes(1, "a");
        let (first, rest) = bytes.split_at(32);
        assert!(!rest.windows(32).any(|window| window == first), "the blocks differ");
        assert_eq!(hex::encode(Seeded::new(42, "random").number().to_be_bytes()).len(), 32);
    }
}

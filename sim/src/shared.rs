//! A list whose copies share what they have in common, so that a world is cheap to clone.
//!
//! Items lie in chunks of [`CHUNK`]; a clone copies one pointer per chunk, and the first change
//! after it copies one chunk. Logs on disk and the checks' ledger grow at their end only, so a
//! snapshot of a long run costs little more than what is new in it.

use std::sync::Arc;

const CHUNK: usize = 64;

/// The list.
#[derive(Clone, Debug)]
pub(crate) struct Shared<T> {
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Default for Shared<T> {
    fn default() -> Shared<T> {
        Shared {
            chunks: Vec::new(),
            len: 0,
        }
    }
}

impl<T: Clone> Shared<T> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn get(&self, at: usize) -> Option<&T> {
        self.chunks.get(at / CHUNK)?.get(at % CHUNK)
    }

    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        Arc::make_mut(self.chunks.get_mut(at / CHUNK)?).get_mut(at % CHUNK)
    }

    pub fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    pub fn push(&mut self, item: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        let chunk = self
            .chunks
            .last_mut()
            .expect("a chunk was just made if there was none");
        Arc::make_mut(chunk).push(item);
        self.len += 1;
    }

    /// Removes the first `count` items. Shares nothing with earlier copies any more.
    pub fn drop_front(&mut self, count: usize) {
        let mut rest = Shared::default();
        let kept = self.iter().skip(count).cloned();
        kept.for_each(|item| rest.push(item));
        *self = rest;
    }

    /// Keeps the first `len` items.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        self.chunks.truncate(len.div_ceil(CHUNK));
        if !len.is_multiple_of(CHUNK)
            && let Some(chunk) = self.chunks.last_mut()
        {
            Arc::make_mut(chunk).truncate(len % CHUNK);
        }
        self.len = len;
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_like_a_vector_and_clones_stay(steps: Vec<(u8, u16)>) {
            let (mut shared, mut plain) = (Shared::default(), Vec::new());
            let mut kept: Option<(Shared<u16>, Vec<u16>)> = None;
            for (what, value) in steps {
                match what % 16 {
                    0 => {
                        shared.truncate(usize::from(value) % 200);
                        plain.truncate(usize::from(value) % 200);
                    }
                    1 => kept = Some((shared.clone(), plain.clone())),
                    3 => {
                        shared.drop_front(usize::from(value) % 100);
                        plain.drain(..plain.len().min(usize::from(value) % 100));
                    }
                    2 => {
                        let at = usize::from(value) % 200;
                        if let Some(item) = shared.get_mut(at) {
                            *item = value;
                            plain[at] = value;
                        }
                    }
                    _ => {
                        for n in 0..20 {
                            shared.push(n);
                            plain.push(n);
                        }
                    }
                }
                prop_assert_eq!(shared.len(), plain.len());
                prop_assert_eq!(shared.last(), plain.last());
                prop_assert!(shared.iter().eq(plain.iter()));
            }
            if let Some((shared, plain)) = kept {
                prop_assert!(shared.iter().eq(plain.iter()));
            }
        }
    }
}

//! An ordered table whose copies share what they have in common.
//!
//! Rows lie sorted in chunks of at most [`CHUNK_ROWS`]; the chunks and the list of chunks are
//! shared between clones. So a clone costs one counter, and the first write after it copies the
//! list of chunks and one chunk, never the rows of the others. Equality looks at the rows
//! only: how they happen to be cut into chunks depends on their past and must not show.

use std::fmt;
use std::sync::Arc;

/// Most rows in one chunk.
const CHUNK_ROWS: usize = 32;

/// What a table holds: a row that knows its own key.
pub(crate) trait Row: Clone {
    type Key: Ord + ?Sized;
    fn key(&self) -> &Self::Key;
}

/// Rows in ascending order of their keys, each key at most once.
pub(crate) struct Table<R: Row> {
    /// No chunk is empty; the last key of each is below the first key of the next.
    chunks: Arc<Vec<Arc<Vec<R>>>>,
    rows: usize,
}

impl<R: Row> Table<R> {
    pub fn new() -> Self {
        Self {
            chunks: Arc::new(Vec::new()),
            rows: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.rows
    }

    pub fn get(&self, key: &R::Key) -> Option<&R> {
        let chunk = &self.chunks[self.chunk_of(key)?];
        let found = chunk.binary_search_by(|row| row.key().cmp(key)).ok()?;
        Some(&chunk[found])
    }

    /// Puts a row in its place; returns the row that had the same key.
    pub fn insert(&mut self, row: R) -> Option<R> {
        let at = self.chunk_of(row.key());
        let chunks = Arc::make_mut(&mut self.chunks);
        let Some(at) = at.or(if chunks.is_empty() { None } else { Some(0) }) else {
            chunks.push(Arc::new(vec![row]));
            self.rows = 1;
            return None;
        };
        let chunk = Arc::make_mut(&mut chunks[at]);
        match chunk.binary_search_by(|other| other.key().cmp(row.key())) {
            Ok(found) => return Some(std::mem::replace(&mut chunk[found], row)),
            Err(place) if chunk.len() < CHUNK_ROWS => chunk.insert(place, row),
            // Rows that come in ascending order fill each chunk to the brim.
            Err(place) if place == CHUNK_ROWS => chunks.insert(at + 1, Arc::new(vec![row])),
            Err(place) => {
                chunk.insert(place, row);
                let upper = chunk.split_off(CHUNK_ROWS / 2);
                chunks.insert(at + 1, Arc::new(upper));
            }
        }
        self.rows += 1;
        None
    }

    pub fn remove(&mut self, key: &R::Key) -> Option<R> {
        let at = self.chunk_of(key)?;
        let found = self.chunks[at]
            .binary_search_by(|row| row.key().cmp(key))
            .ok()?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let row = Arc::make_mut(&mut chunks[at]).remove(found);
        self.rows -= 1;
        if chunks[at].is_empty() {
            chunks.remove(at);
        } else if at + 1 < chunks.len() && chunks[at].len() + chunks[at + 1].len() <= CHUNK_ROWS / 2
        {
            // Neighbours that became small are joined, so that chunks stay few.
            let next = chunks.remove(at + 1);
            Arc::make_mut(&mut chunks[at]).extend(next.iter().cloned());
        }
        Some(row)
    }

    /// Changes the row with this key in place. The change must not touch its key.
    pub fn update<T>(&mut self, key: &R::Key, change: impl FnOnce(&mut R) -> T) -> Option<T> {
        let at = self.chunk_of(key)?;
        let found = self.chunks[at]
            .binary_search_by(|row| row.key().cmp(key))
            .ok()?;
        let chunk = Arc::make_mut(&mut Arc::make_mut(&mut self.chunks)[at]);
        let result = change(&mut chunk[found]);
        debug_assert!(chunk[found].key() == key, "a row must keep its key");
        Some(result)
    }

    pub fn first(&self) -> Option<&R> {
        self.chunks.first()?.first()
    }

    pub fn last(&self) -> Option<&R> {
        self.chunks.last()?.last()
    }

    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The rows whose key is `from` or above; only above if not `inclusive`.
    pub fn iter_from<'a>(
        &'a self,
        from: &R::Key,
        inclusive: bool,
    ) -> impl Iterator<Item = &'a R> + use<'a, R> {
        let at = self.chunk_of(from).unwrap_or(0);
        let skipped = self.chunks.get(at).map_or(0, |chunk| {
            chunk.partition_point(|row| row.key() < from || (!inclusive && row.key() == from))
        });
        self.chunks
            .iter()
            .skip(at)
            .flat_map(|chunk| chunk.iter())
            .skip(skipped)
    }

    /// The chunk that would hold this key; `None` if the key lies before all chunks.
    fn chunk_of(&self, key: &R::Key) -> Option<usize> {
        self.chunks
            .partition_point(|chunk| chunk[0].key() <= key)
            .checked_sub(1)
    }
}

impl<R: Row> Clone for Table<R> {
    fn clone(&self) -> Self {
        Self {
            chunks: Arc::clone(&self.chunks),
            rows: self.rows,
        }
    }
}

impl<R: Row + PartialEq> PartialEq for Table<R> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.chunks, &other.chunks)
            || (self.rows == other.rows && self.iter().eq(other.iter()))
    }
}

impl<R: Row + Eq> Eq for Table<R> {}

impl<R: Row + fmt::Debug> fmt::Debug for Table<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

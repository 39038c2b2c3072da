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
        } else if !join_with_next(chunks, at) && at > 0 {
            join_with_next(chunks, at - 1);
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

/// Joins two neighbours if both have become small, so that chunks stay few.
fn join_with_next<R: Clone>(chunks: &mut Vec<Arc<Vec<R>>>, at: usize) -> bool {
    let Some(next) = chunks.get(at + 1) else {
        return false;
    };
    if chunks[at].len() + next.len() > CHUNK_ROWS / 2 {
        return false;
    }
    let next = chunks.remove(at + 1);
    Arc::make_mut(&mut chunks[at]).extend(next.iter().cloned());
    true
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    impl Row for (u16, u16) {
        type Key = u16;
        fn key(&self) -> &u16 {
            &self.0
        }
    }

    impl<R: Row> Table<R> {
        fn check(&self) {
            let rows: usize = self.chunks.iter().map(|chunk| chunk.len()).sum();
            assert_eq!(rows, self.rows);
            assert!(
                self.chunks
                    .iter()
                    .all(|chunk| (1..=CHUNK_ROWS).contains(&chunk.len()))
            );
            let keys: Vec<_> = self.iter().map(Row::key).collect();
            assert!(keys.is_sorted_by(|a, b| a < b));
        }
    }

    /// A table and an ordered map from the standard library, after the same steps.
    fn both(steps: &[(bool, u16, u16)]) -> (Table<(u16, u16)>, BTreeMap<u16, u16>) {
        let (mut table, mut map) = (Table::new(), BTreeMap::new());
        for &(insert, key, value) in steps {
            if insert {
                let old = table.insert((key, value));
                assert_eq!(old.map(|row| row.1), map.insert(key, value));
            } else {
                assert_eq!(table.remove(&key).map(|row| row.1), map.remove(&key));
            }
            table.check();
        }
        (table, map)
    }

    fn steps() -> impl Strategy<Value = Vec<(bool, u16, u16)>> {
        prop::collection::vec((prop::bool::weighted(0.7), 0..300u16, 0..9u16), 0..500)
    }

    proptest! {
        #[test]
        fn behaves_like_an_ordered_map(steps in steps(), from in 0..310u16) {
            let (table, map) = both(&steps);
            prop_assert!(table.iter().copied().eq(map.iter().map(|(k, v)| (*k, *v))));
            prop_assert_eq!(table.len(), map.len());
            prop_assert_eq!(table.get(&from).map(|row| row.1), map.get(&from).copied());
            let at_or_above = table.iter_from(&from, true).map(|row| row.0);
            prop_assert!(at_or_above.eq(map.range(from..).map(|(k, _)| *k)));
            let above = table.iter_from(&from, false).map(|row| row.0);
            prop_assert!(above.eq(map.range(from + 1..).map(|(k, _)| *k)));
            prop_assert_eq!(table.first().map(|row| row.0), map.keys().next().copied());
            prop_assert_eq!(table.last().map(|row| row.0), map.keys().last().copied());
        }

        #[test]
        fn equality_does_not_see_chunks(steps in steps()) {
            let (table, map) = both(&steps);
            let mut fresh = Table::new();
            for (key, value) in &map {
                fresh.insert((*key, *value));
            }
            prop_assert_eq!(&table, &fresh);
            fresh.insert((1000, 0));
            prop_assert_ne!(&table, &fresh);
        }

        #[test]
        fn a_clone_is_not_touched_by_its_original(steps in steps(), more in steps()) {
            let (mut table, map) = both(&steps);
            let kept = table.clone();
            for (insert, key, value) in more {
                if insert {
                    table.insert((key, value + 100));
                } else {
                    table.remove(&key);
                }
                table.update(&(key ^ 1), |row| row.1 = 200);
            }
            table.check();
            prop_assert!(kept.iter().copied().eq(map.into_iter()));
        }
    }

    #[test]
    fn ascending_rows_fill_chunks_and_removal_leaves_few() {
        let mut table = Table::new();
        for key in 0..3200 {
            table.insert((key, 0));
        }
        assert_eq!(table.chunks.len(), 3200 / CHUNK_ROWS);
        for key in (0..3200).filter(|key| key % 32 != 5) {
            table.remove(&key);
        }
        assert_eq!(table.len(), 100);
        assert!(
            table.chunks.len() <= 2 * 100 / (CHUNK_ROWS / 2) + 1,
            "{}",
            table.chunks.len()
        );
        table.check();
    }
}

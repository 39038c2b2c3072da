//! Every bound of the state machine. All replicas must agree on them, because they decide what an
//! entry does: changing one is a change of the entry format.

/// Longest key, in bytes. A key has at least one byte.
pub const MAX_KEY_BYTES: usize = 1024;

/// Longest value, in bytes: 1 MiB. A value may be empty.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// Most sessions open at once. Opening one more closes the session whose last use lies furthest
/// back in the log; its client is told [`crate::Answer::UnknownSession`].
/// Each session keeps one answer, and an answer may hold a whole key and value.
pub const MAX_SESSIONS: usize = 4096;

/// Most changes kept for readers of the past; older ones are compacted.
pub const MAX_HISTORY_CHANGES: usize = 1024;

/// Most bytes of keys and values kept in the history; older changes are compacted.
pub const MAX_HISTORY_BYTES: u64 = 8 << 20;

// The newest change must always fit, else a write could compact itself.
const _: () = assert!((MAX_KEY_BYTES + MAX_VALUE_BYTES) as u64 <= MAX_HISTORY_BYTES);

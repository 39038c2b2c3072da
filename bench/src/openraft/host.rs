//! What `openraft` asks of its host: types, a log, a state machine, a network.

use crate::contest::Digest;
use futures_util::{Stream, TryStreamExt};
use openraft::alias::{EntryOf, LogIdOf, SnapshotMetaOf, SnapshotOf, StoredMembershipOf, VoteOf};
use openraft::errors::{RPCError, ReplicationClosed, StreamingError};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::storage::{EntryResponder, IOFlushed, RaftLogStorage, RaftStateMachine};
use openraft::{
    EntryPayload, LogState, OptionalSend, RaftLogReader, RaftNetworkFactory, RaftNetworkV2,
    RaftSnapshotBuilder,
};
use std::fmt;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

openraft::declare_raft_types!(
    /// Shared commands, empty answers, everything else as it comes.
    pub Types: D = Command, R = (), Node = (),
);

/// A command; copies share its bytes.
#[derive(Clone, Debug)]
pub struct Command(Arc<[u8]>);

impl Command {
    /// Takes it out of the client's buffer.
    pub fn copy(command: &[u8]) -> Command {
        Command(Arc::from(command))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// A log and a vote, shared with whoever reads them. Positions start at zero; those below
/// `purged` are gone.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Stored>>);

#[derive(Default)]
struct Stored {
    entries: Vec<EntryOf<Types>>,
    purged: u64,
    last_purged: Option<LogIdOf<Types>>,
    vote: Option<VoteOf<Types>>,
}

impl Log {
    fn open(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().expect("nobody panicked")
    }
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<R>(&mut self, range: R) -> Result<Vec<EntryOf<Types>>, io::Error>
    where
        R: RangeBounds<u64> + Clone + fmt::Debug + OptionalSend,
    {
        let stored = self.open();
        let offset = |at: u64| at.saturating_sub(stored.purged) as usize;
        let start = match range.start_bound() {
            Bound::Included(at) => offset(*at),
            Bound::Excluded(at) => offset(*at + 1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(at) => offset(*at + 1),
            Bound::Excluded(at) => offset(*at),
            Bound::Unbounded => stored.entries.len(),
        };
        let end = end.min(stored.entries.len());
        Ok(stored.entries.get(start..end).unwrap_or_default().to_vec())
    }

    async fn read_vote(&mut self) -> Result<Option<VoteOf<Types>>, io::Error> {
        Ok(self.open().vote)
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Log;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, io::Error> {
        let stored = self.open();
        let last = stored.entries.last().map(|entry| entry.log_id);
        Ok(LogState {
            last_purged_log_id: stored.last_purged,
            last_log_id: last.or(stored.last_purged),
        })
    }

    async fn get_log_reader(&mut self) -> Log {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &VoteOf<Types>) -> Result<(), io::Error> {
        self.open().vote = Some(*vote);
        Ok(())
    }

    async fn append<I>(&mut self, entries: I, done: IOFlushed<Types>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = EntryOf<Types>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        self.open().entries.extend(entries);
        done.io_completed(Ok(()));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogIdOf<Types>>) -> Result<(), io::Error> {
        let mut stored = self.open();
        let keep = last.map_or(0, |last| last.index + 1) - stored.purged;
        stored.entries.truncate(keep as usize);
        Ok(())
    }

    async fn purge(&mut self, upto: LogIdOf<Types>) -> Result<(), io::Error> {
        let mut stored = self.open();
        let gone = upto.index + 1 - stored.purged;
        stored.entries.drain(..gone as usize);
        stored.purged = upto.index + 1;
        stored.last_purged = Some(upto);
        Ok(())
    }
}

/// The state machine: a digest, shared with the benchmark.
#[derive(Clone, Default)]
pub struct Machine(Arc<Mutex<Applied>>);

#[derive(Default)]
struct Applied {
    digest: Digest,
    last: Option<LogIdOf<Types>>,
    membership: StoredMembershipOf<Types>,
}

impl Machine {
    /// The digest now.
    pub fn digest(&self) -> Digest {
        self.open().digest
    }

    fn open(&self) -> MutexGuard<'_, Applied> {
        self.0.lock().expect("nobody panicked")
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotData = ();
    type SnapshotBuilder = Machine;

    async fn applied_state(
        &mut self,
    ) -> Result<(Option<LogIdOf<Types>>, StoredMembershipOf<Types>), io::Error> {
        let applied = self.open();
        Ok((applied.last, applied.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<Types>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some((entry, client)) = entries.try_next().await? {
            let mut applied = self.open();
            applied.last = Some(entry.log_id);
            match &entry.payload {
                EntryPayload::Blank => {}
                EntryPayload::Normal(command) => applied.digest.apply(&command.0),
                EntryPayload::Membership(members) => {
                    let id = Some(entry.log_id);
                    applied.membership = StoredMembershipOf::<Types>::new(id, members.clone());
                }
            }
            if let Some(client) = client {
                client.send(());
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Machine {
        self.clone()
    }

    async fn install_snapshot(
        &mut self,
        _: &SnapshotMetaOf<Types>,
        (): (),
    ) -> Result<(), io::Error> {
        unreachable!("nobody needs a snapshot")
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<SnapshotOf<Types, ()>>, io::Error> {
        Ok(None)
    }
}

impl RaftSnapshotBuilder<Types> for Machine {
    type SnapshotData = ();

    /// Nothing is written: it only lets the log go.
    async fn build_snapshot(&mut self) -> Result<SnapshotOf<Types, ()>, io::Error> {
        let applied = self.open();
        Ok(SnapshotOf::<Types, ()> {
            meta: SnapshotMetaOf::<Types> {
                last_log_id: applied.last,
                last_membership: applied.membership.clone(),
            },
            snapshot: (),
        })
    }
}

type Node = openraft::Raft<Types, Machine>;

/// Who is reached under which number, and how many messages went.
#[derive(Clone, Default)]
pub struct Lines {
    nodes: Arc<OnceLock<Vec<Node>>>,
    messages: Arc<AtomicU64>,
}

impl Lines {
    /// From now on these nodes, numbered from 1, are reached.
    pub fn connect(&self, nodes: &[Node]) {
        assert!(self.nodes.set(nodes.to_vec()).is_ok(), "connected once");
    }

    /// Requests and answers so far.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }
}

/// The way to one node, or the maker of such ways.
pub struct Wire {
    lines: Lines,
    target: u64,
}

impl Wire {
    /// A maker of ways.
    pub fn new(lines: &Lines) -> Wire {
        Wire {
            lines: lines.clone(),
            target: 0,
        }
    }

    /// The node at the other end; counts the request and its answer.
    fn other(&self) -> &Node {
        self.lines.messages.fetch_add(2, Ordering::Relaxed);
        let nodes = self.lines.nodes.get().expect("is connected");
        &nodes[self.target as usize - 1]
    }
}

impl RaftNetworkFactory<Types> for Wire {
    type Network = Wire;

    async fn new_client(&mut self, target: u64, (): &()) -> Wire {
        Wire {
            lines: self.lines.clone(),
            target,
        }
    }
}

impl RaftNetworkV2<Types> for Wire {
    type SnapshotData = ();

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, RPCError<Types>> {
        let answer = self.other().append_entries(request).await;
        Ok(answer.expect("the other node goes on"))
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        _: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let answer = self.other().vote(request).await;
        Ok(answer.expect("the other node goes on"))
    }

    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types>,
        _: RPCOption,
    ) -> Result<VoteResponse<Types>, RPCError<Types>> {
        let answer = self.other().pre_vote(request).await;
        Ok(answer.expect("the other node goes on"))
    }

    async fn full_snapshot(
        &mut self,
        _: VoteOf<Types>,
        _: SnapshotOf<Types, ()>,
        _: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        unreachable!("nobody needs a snapshot")
    }
}

//! The checks by name, with what each says.

/// Every check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Node,
    NoHoles,
    DrainOrder,
    DurableFirst,
    Monotonic,
    OneVote,
    Campaign,
    CompleteLog,
    Elected,
    ElectionTimer,
    Silence,
    FitToLead,
    Handover,
    LookingBack,
    BoundedLog,
    ElectionSafety,
    AppendOnly,
    LogMatching,
    LeaderCompleteness,
    CommitRule,
    CommittedStays,
    MajorityOnDisk,
    Members,
    SameState,
    Snapshots,
    Acknowledged,
    SessionAnswers,
    FreshReads,
    OneLease,
    Linearizable,
    History,
    Refinement,
    Tickets,
    Progress,
    Availability,
}

impl Check {
    /// Whether it is looked at in every world after every event, or when a run is healed.
    pub fn is_everywhere(self) -> bool {
        !matches!(self, Check::History | Check::Refinement)
    }
}

/// Every check with its name and what it says.
pub(super) const ALL: [(Check, &str, &str); 35] = [
    (
        Check::Node,
        "Node invariants",
        "Each node's own numbers fit together after every input.",
    ),
    (
        Check::NoHoles,
        "No holes",
        "A log has an entry at each of its positions, in their order.",
    ),
    (
        Check::DrainOrder,
        "Drain order",
        "A node hands out its write first, then messages, snapshots to send and to load, entries to \
         apply, answers and notices.",
    ),
    (
        Check::DurableFirst,
        "Durable before told",
        "A vote, a candidacy or an acknowledgement leaves only when the disk holds what it \
         promises.",
    ),
    (
        Check::Monotonic,
        "Monotonic terms",
        "Term, commit index and applied index of a node never fall; across a restart the term \
         never falls below the disk's, nor below one in which the node has voted.",
    ),
    (
        Check::OneVote,
        "One vote per term",
        "A node never changes its vote within a term, not even through a crash.",
    ),
    (
        Check::Campaign,
        "Only voters in elections",
        "Who asks for votes is a voter of the members it knows to be committed; who knows no \
         members does not vote.",
    ),
    (
        Check::CompleteLog,
        "Votes for complete logs",
        "A node gives its vote, and gives it again, only for a log that lacks nothing its own has.",
    ),
    (
        Check::Elected,
        "Elected by a majority",
        "A leader was given the votes of a majority of every half of its members, in its term.",
    ),
    (
        Check::ElectionTimer,
        "Election timer",
        "A node puts its election off when it hears the leader of its term, gives its vote or \
         campaigns itself, each time, and for nothing else.",
    ),
    (
        Check::Silence,
        "Silence kept",
        "With leases on, who heard its leader, voted or started neither votes for another nor \
         campaigns for an election timeout of its own clock, unless a leader hands over.",
    ),
    (
        Check::FitToLead,
        "Fit to lead",
        "A leader whose disk has hung for an election timeout hands over; one that has heard no \
         majority of every half of its members for as long leads no more.",
    ),
    (
        Check::Handover,
        "Handing over",
        "Leadership is offered to a voter that has the whole log, and nothing is taken on \
         meanwhile.",
    ),
    (
        Check::LookingBack,
        "Looking back",
        "A leader looks for the place where two logs meet after the refusal of its last probe, and \
         then not at an entry newer than what its peer has there.",
    ),
    (
        Check::BoundedLog,
        "Bounded log",
        "A leader takes on no command while more than so many bytes wait to be committed.",
    ),
    (
        Check::ElectionSafety,
        "Election safety",
        "A term has at most one leader.",
    ),
    (
        Check::AppendOnly,
        "Leader append-only",
        "A leader never removes or replaces an entry of its log.",
    ),
    (
        Check::LogMatching,
        "Log matching",
        "Two logs that hold the same term at an index are equal up to that index.",
    ),
    (
        Check::LeaderCompleteness,
        "Leader completeness",
        "A leader's log holds every entry committed in an earlier term.",
    ),
    (
        Check::CommitRule,
        "Commit rule",
        "A leader commits by counting copies of entries of its own term only.",
    ),
    (
        Check::CommittedStays,
        "Committed entries stay",
        "What is committed at an index is the same on every node and for ever.",
    ),
    (
        Check::MajorityOnDisk,
        "Committed on a majority of disks",
        "When an entry becomes committed, the disks of a majority hold it.",
    ),
    (
        Check::Members,
        "Members one step at a time",
        "The members in force are those of the newest entry that names any; a leader changes them \
         only by a step that keeps majorities in touch, when the last change and an entry of its \
         own term are committed, and a new voter has the log first and keeps up with it; who is \
         told that it is removed is so for good.",
    ),
    (
        Check::SameState,
        "State machine safety",
        "After the same index every state machine is the same.",
    ),
    (
        Check::Snapshots,
        "Snapshots hold the past",
        "A snapshot holds exactly the state, the members and the sessions of the index it names, \
         and that is committed; it takes no entry away at which the state machine is at work.",
    ),
    (
        Check::Acknowledged,
        "Acknowledged writes survive",
        "A write that a client was told is done stays in the committed log.",
    ),
    (
        Check::SessionAnswers,
        "Session answers identical",
        "A request of a session has one answer, however often it is sent.",
    ),
    (
        Check::FreshReads,
        "Read freshness",
        "A read that promises it covers everything that was finished when it began; one that tells \
         its age, what was finished so long ago.",
    ),
    (
        Check::OneLease,
        "One lease at a time",
        "At every moment at most one node believes that it may serve reads from a lease, and no \
         answer rests on a lease that is over.",
    ),
    (
        Check::Linearizable,
        "Linearizable answers",
        "Every answer is the one that the operations give one after the other, in the order of \
         the log, and none takes effect before it began.",
    ),
    (
        Check::History,
        "Linearizable history",
        "What clients were told of a key has an order in which a single store would have told it; \
         looked for at the end of a storm.",
    ),
    (
        Check::Refinement,
        "Refinement of Figure 2",
        "Every event of a node's trace is one that a machine written from the paper allows; looked \
         at in some storms.",
    ),
    (
        Check::Tickets,
        "Every ticket ends once",
        "What a node took on ends exactly once; only a crash may swallow it.",
    ),
    (
        Check::Progress,
        "Progress after healing",
        "When faults end, every node soon catches up, and a new write is soon applied on every \
         node.",
    ),
    (
        Check::Availability,
        "Availability",
        "In a calm world a leader is soon found and stays, takes writes, and brings everybody up to \
         date, and who cannot lead soon knows it.",
    ),
];

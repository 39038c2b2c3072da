//! Every rule that can be taken away: its name, where it is written, and what happens without it.
//!
//! In the order of the traps in the design, whose ids begin the names.

macro_rules! rules {
    ($($rule:ident, $name:literal, $section:literal, $what:literal;)*) => {
        /// A rule that can be taken away, by the id of its trap in the design.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
        pub enum Rule {
            $(#[doc = $what] #[cfg_attr(feature = "serde", serde(rename = $name))] $rule,)*
        }

        impl Rule {
            /// Every rule, in the order of the table.
            pub const ALL: &[Rule] = &[$(Rule::$rule,)*];

            /// Its name, which never changes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$rule => $name,)* }
            }

            /// Where it is written: "P" the extended Raft paper, "T" the thesis, or another
            /// paper by its name.
            #[must_use]
            pub const fn section(self) -> &'static str {
                match self { $(Rule::$rule => $section,)* }
            }

            /// What happens when it is taken away, in one sentence.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Rule::$rule => $what,)* }
            }
        }
    };
}

rules! {
    P51OldTerm, "p5-1-old-term", "P5.1",
        "Appends of an older term are taken as if they were of the own.";
    P51NewerTerm, "p5-1-newer-term", "P5.1",
        "A newer term is not taken over: its messages are heard as if they were of the own.";
    E1Vote, "e1-vote", "P figure 2, T3.8",
        "A vote leaves before term and vote are on disk.";
    E1OwnVote, "e1-own-vote", "P figure 2, T3.8",
        "A candidate asks and counts itself before its term and vote are on disk.";
    E1Term, "e1-term", "P figure 2, T3.8",
        "A new term is not written down: the disk knows no term but those of its entries, and no \
         vote.";
    E2Forget, "e2-forget", "P5.2",
        "Who becomes a follower forgets whom it voted for in this term.";
    E2Twice, "e2-twice", "P5.2",
        "A vote is given although another candidate has it in this term.";
    E3Repeat, "e3-repeat", "P5.2",
        "A second answer of the same voter counts for somebody who has not answered.";
    E4OldTerm, "e4-old-term", "P5.2",
        "Votes of an older term count.";
    E4PreVote, "e4-pre-vote", "T9.6",
        "A yes to the pre-vote counts as a vote.";
    E5Length, "e5-length", "P5.4.1",
        "Logs are compared by length alone.";
    E5NoCheck, "e5-no-check", "P5.4.1",
        "Votes are given without a look at the log.";
    E6ShorterLog, "e6-shorter-log", "P5.2, P5.4.1",
        "The candidate already voted for is granted again, though its log is less by now.";
    E8RefusedVote, "e8-refused-vote", "P5.2",
        "A vote request that is refused resets the election timer.";
    E8RefusedAppend, "e8-refused-append", "P5.2",
        "An append of the leader that is refused does not reset the election timer.";
    E8GivenVote, "e8-given-vote", "P5.2",
        "Who gives its vote does not put its own election off.";
    E8OldTerm, "e8-old-term", "P5.2",
        "An append of an older term resets the election timer.";
    E9SameTimeout, "e9-same-timeout", "P5.2",
        "Every election timeout is the same.";
    E10aOldYes, "e10a-old-yes", "T9.6",
        "A yes to the pre-vote from a node of an older term does not count.";
    E10cKeepLeader, "e10c-keep-leader", "T9.6",
        "Who campaigns still believes in its old leader.";
    E11Silent, "e11-silent", "P5.1",
        "A leader of an older term gets no answer.";
    E12LeaderCampaigns, "e12-leader-campaigns", "P5.2",
        "A leader whose election timer is fired campaigns.";
    E13NoLogCheck, "e13-no-log-check", "T3.10",
        "Leadership is handed over to whoever is named, whatever its log holds.";
    E13Propose, "e13-propose", "T3.10",
        "Commands are taken while leadership is handed over.";
    E13AnyLane, "e13-any-lane", "T3.10",
        "The word to campaign of a transfer that was given up is obeyed.";
    E13Refused, "e13-refused", "T3.10, T4.2.3",
        "Votes that the leader asked for are refused since it is alive.";
    E13ForEver, "e13-for-ever", "T3.10",
        "A transfer of which nothing comes is never given up.";
    E16Anybody, "e16-anybody", "P6, T4.2.2",
        "Who is no voter campaigns all the same.";
    E16SuspectVotes, "e16-suspect-votes", "FAST 2018",
        "A node whose log rotted votes and campaigns with what is left of it.";
    E16SuspectTarget, "e16-suspect-target", "T3.10, FAST 2018",
        "Leadership is handed over to a peer whose log rotted.";
    E18AnyTerm, "e18-any-term", "P5.1",
        "A term is taken over, however far it jumps.";
    E20Stranger, "e20-stranger", "P5.1",
        "Messages of another cluster are heard.";
    P53NoPrevCheck, "p5-3-no-prev-check", "P5.3",
        "Entries are accepted although the entry before them is another one.";
    P53KeepConflict, "p5-3-keep-conflict", "P5.3",
        "An entry that conflicts with the leader's is kept.";
    R1CutAll, "r1-cut-all", "P5.3",
        "What follows the last entry of an append is cut, though nothing conflicts.";
    R2AckWholeLog, "r2-ack-whole-log", "P5.3",
        "The whole log is acknowledged, not only what the leader's messages proved.";
    R2OlderProof, "r2-older-proof", "P5.3",
        "What the messages of an earlier leader proved is acknowledged to the next one.";
    R3RefusalCounts, "r3-refusal-counts", "P5.3",
        "A refusal counts as an acknowledgement of all before what was refused.";
    R4AnyLane, "r4-any-lane", "T4",
        "Answers of an earlier session count.";
    R5Commit, "r5-commit", "P5.3",
        "The commit index covers entries that the leader has not proven to be its own.";
    R5BrokenPromise, "r5-broken-promise", "T3.8",
        "A peer that refuses what it had acknowledged is believed all the same.";
    R7Holes, "r7-holes", "P5.3",
        "Entries of an append are taken though they do not follow each other.";
    R8TooLarge, "r8-too-large", "P5.3",
        "An entry larger than an append may be is never sent.";
    R9OneByOne, "r9-one-by-one", "P5.3",
        "The place where two logs meet is looked for one entry a round trip.";
    R10EachRefusal, "r10-each-refusal", "T10.2.2",
        "Every refused append of a pipeline makes a probe, not only that of the last one.";
    R11Throttled, "r11-throttled", "T10.2.2",
        "A peer whose window is full is not spoken to at all.";
    R11Lost, "r11-lost", "T10.2.2",
        "An append that was lost on the way is waited for for ever.";
    R11Probe, "r11-probe", "T10.2.2",
        "A probe that was lost on the way is waited for for ever.";
    R11Forgot, "r11-forgot", "T3.8, T10.2.2",
        "What a peer lost in a crash is not sent again while nothing is on its way to it.";
    R13OldTerm, "r13-old-term", "P5.4.2",
        "An entry of an older term is committed by counting its copies.";
    R14Half, "r14-half", "P5.2",
        "Half of the voters are taken for a majority.";
    R14CountSelf, "r14-count-self", "P6, T4.2.2",
        "A leader that is no voter counts itself.";
    R15OwnDisk, "r15-own-disk", "T10.2.1",
        "The leader counts its own entry before its disk has it.";
    R16ApplyEarly, "r16-apply-early", "P5.3",
        "Entries are applied before the own disk has them.";
    R18Overtaken, "r18-overtaken", "T10.2.1",
        "The report of an overtaken write covers what has replaced its entries.";
    R20ForgetCommit, "r20-forget-commit", "P5.3",
        "A commit index that cannot be used at once is forgotten, and leaders send such.";
    R23BootCommits, "r23-boot-commits", "P figure 2",
        "After a restart the whole log is taken for committed.";
    C3UnknownIsLost, "c3-unknown-is-lost", "P8",
        "A proposal whose outcome is unknown is told to be lost.";
    C5Uncommitted, "c5-uncommitted", "T10.2.2",
        "A leader takes on commands without end, though nothing is committed.";
    L1NoOwnEntry, "l1-no-own-entry", "T6.4",
        "A new leader serves reads before an entry of its own term is committed.";
    L3AnyRound, "l3-any-round", "T6.4",
        "Echoes of a round that began before the read confirm it.";
    L3AnyAnswer, "l3-any-answer", "T6.4",
        "A follower takes the answer to an earlier question for the one to its last.";
    L4NoRound, "l4-no-round", "T6.4",
        "Reads are served without a proof that the leader still leads.";
    L5NoApply, "l5-no-apply", "T6.4",
        "Reads do not wait until their read index is applied.";
    L6Receipt, "l6-receipt", "T6.4.1",
        "A lease counts from when the answer to its round came in.";
    L6Drift, "l6-drift", "T6.4.1",
        "A lease takes no account of clocks that run wrong.";
    L7KeepLease, "l7-keep-lease", "T6.4.1, T3.10",
        "A leader keeps its lease when it tells another to campaign.";
    L7Regain, "l7-regain", "T6.4.1, T3.10",
        "A lease is taken again although an earlier word to campaign may still arrive.";
    L8Start, "l8-start", "T6.4.1",
        "A node votes at once after a start, though it may have promised silence.";
    L9Heard, "l9-heard", "T6.4.1",
        "Who hears its leader promises it no silence.";
    L9Voted, "l9-voted", "T6.4.1",
        "Who gives its vote promises no silence.";
    L9Fired, "l9-fired", "T6.4.1",
        "Who promised silence campaigns all the same when its timer is fired.";
    L9Campaigns, "l9-campaigns", "T6.4.1, T9.6",
        "Who gives its vote goes on with a pre-election of its own.";
    L12Hang, "l12-hang", "T6.4",
        "Reads that wait when leadership is lost are never answered.";
    L13NewestInLog, "l13-newest-in-log", "HotCloud 2017",
        "Quorum reads ask the voters of the newest membership, committed or not.";
    L13NewerUnseen, "l13-newer-unseen", "HotCloud 2017",
        "Quorum reads go on although a newer membership is named.";
    L13OldMarks, "l13-old-marks", "HotCloud 2017",
        "Answers to an earlier round of marks count.";
    L13SmallestMark, "l13-smallest-mark", "HotCloud 2017",
        "The smallest mark of a majority is taken for the read point.";
    L13SuspectMarks, "l13-suspect-marks", "HotCloud 2017, FAST 2018",
        "A node whose log rotted tells quorum reads where the rest of it ends.";
    L14AgeOfContact, "l14-age-of-contact", "T6.4",
        "The age of a stale read is the time since a leader was heard.";
    L14NotApplied, "l14-not-applied", "T6.4",
        "The age of a stale read takes no account of what is not applied yet.";
    L14NoOwnEntry, "l14-no-own-entry", "T6.4",
        "A new leader says how old its state is before an entry of its own term is committed.";
    L14AnyProbe, "l14-any-probe", "T6.4",
        "The proof of a leader counts from the last probe, whichever it has heard of.";
    S1KeepLog, "s1-keep-log", "P7, P figure 13",
        "A snapshot that ends at another entry than the log has there is taken for one that the \
         log holds.";
    S2GoBack, "s2-go-back", "P7",
        "A snapshot of what is committed already counts as news.";
    S2DropTail, "s2-drop-tail", "P figure 13",
        "A snapshot takes the place of a log that holds its last entry and more.";
    S3LoadEarly, "s3-load-early", "P7, T10.2.1",
        "The state machine is given a snapshot that is not in place of the log on disk yet.";
    S5ForgetTerm, "s5-forget-term", "P7, T5.1",
        "When the log is trimmed, the term of its last dropped entry is forgotten.";
    S6NewestMembers, "s6-newest-members", "P7, T5.1",
        "A snapshot names the newest members of the log, not those at its end.";
    S6ForgetMembers, "s6-forget-members", "P7, T5.1",
        "When the log is trimmed, the members that its dropped entries named are forgotten.";
    S8AnyReply, "s8-any-reply", "P7, T5.3",
        "A peer that was sent a snapshot is sent nothing else, though it has what the log needs.";
    S8NoRetry, "s8-no-retry", "P7, T5.3",
        "A snapshot that could not be sent is waited for all the same.";
    S8Unanswered, "s8-unanswered", "P7, T5.3",
        "A snapshot that was delivered and then lost in a crash is waited for for ever.";
    S9Overtake, "s9-overtake", "P7",
        "A snapshot is put in place while the state machine is at work.";
    S10TrimAll, "s10-trim-all", "P7, T5.1",
        "The log after a snapshot on its way to a peer is dropped.";
    S10EmptyLog, "s10-empty-log", "P7, T5.3",
        "A peer is not asked whether its log meets one that has nothing more to send.";
    M1NoOwnEntry, "m1-no-own-entry", "P6, T4.1",
        "Members are changed before an entry of the own term is committed.";
    M1TwoAtOnce, "m1-two-at-once", "P6, T4.1",
        "Members are changed while another change is not committed.";
    M3KeepCut, "m3-keep-cut", "P6, T4.1",
        "A membership stays in force although its entry was cut.";
    M4Elections, "m4-elections", "P6, T4.3",
        "In a joint membership the new half alone elects.";
    M4Commits, "m4-commits", "P6, T4.3",
        "In a joint membership the new half alone commits.";
    M4Reads, "m4-reads", "P6, T4.3",
        "In a joint membership the new half alone confirms reads.";
    M4Lease, "m4-lease", "P6, T4.3",
        "In a joint membership a lease rests on the new half alone.";
    M4Marks, "m4-marks", "P6, T4.3",
        "In a joint membership the old half alone answers quorum reads.";
    M4Age, "m4-age", "P6, T4.3, T6.4",
        "In a joint membership the new half alone proves a leader to those who read stale values.";
    M4CheckQuorum, "m4-check-quorum", "P6, T4.3, T6.2",
        "In a joint membership a leader leads on while it hears the new half alone.";
    M4Direct, "m4-direct", "P6, T4.3",
        "Many voters are replaced in one step, without a joint membership.";
    M5GoneAtOnce, "m5-gone-at-once", "T4.2.2",
        "Who is removed campaigns no more, though that is not committed yet.";
    M6Stays, "m6-stays", "T4.2.2",
        "A leader that was removed leads on for ever.";
    M7Untold, "m7-untold", "T4.2.2, T4.2.3",
        "Who was removed is not told, neither then nor when it asks for votes later.";
    M8NoCatchUp, "m8-no-catch-up", "T4.2.1",
        "New voters vote before they have the log.";
    M8SlowRound, "m8-slow-round", "T4.2.1",
        "A new voter votes after a round that took longer than an election timeout.";
    M8ForEver, "m8-for-ever", "T4.2.1",
        "A new voter that never catches up is waited for for ever.";
    M9NobodyLeaves, "m9-nobody-leaves", "P6, T4.3",
        "Only the leader that began a joint membership leaves it.";
    M10Speaks, "m10-speaks", "T4.4",
        "A node that knows no members votes.";
    M11Anybody, "m11-anybody", "T3.10",
        "Leadership is handed over to a member that does not vote.";
    M12GoneEarly, "m12-gone-early", "T4.2.2",
        "Who is removed is told so before that is committed.";
    D1AckEarly, "d1-ack-early", "P5.3, T3.8",
        "Entries are acknowledged before they are on disk.";
    D2GoOn, "d2-go-on", "T3.8",
        "A failed write is taken for done.";
    D3TrustsRot, "d3-trusts-rot", "FAST 2018",
        "A node whose log rotted starts as if it had promised nothing.";
    D3TrustsEarly, "d3-trusts-early", "FAST 2018",
        "A node whose log rotted trusts it again as soon as a leader's log meets what is left.";
    D3Unhelped, "d3-unhelped", "FAST 2018",
        "A peer whose log rotted is not sent again what it had acknowledged before.";
    D8KeepCrown, "d8-keep-crown", "T10.2.1",
        "A leader whose disk hangs stays the leader.";
}

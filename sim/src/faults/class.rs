//! The classes of faults, and how often each has struck in a run.
//!
//! A class that is drawn and never does anything proves nothing; so what is counted is what was
//! done, where it is done, not what the plan asked for.

use super::{Fault, Wish, Wished};

/// A class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Crash,
    Freeze,
    Cut,
    Clog,
    Isolation,
    Partition,
    EarlyTimeout,
    DiskHangs,
    DiskFails,
    DiskFull,
    NoSpace,
    RestartStorm,
    TransferStorm,
    Transfer,
    Members,
    ClockRate,
    ClockJump,
    Gone,
    Wiped,
    Exchange,
    Rot,
    Misdirected,
    LostWrite,
    RottenVote,
    Refused,
    RottenSnapshot,
    FoundSnapshot,
    Suspect,
    Trusted,
    Lost,
    Doubled,
    HeldUp,
    HeldBack,
    Stranger,
    Kept,
    Torn,
    Reordered,
    Busy,
}

/// Every class with its name.
const ALL: [(Class, &str); 38] = [
    (Class::Crash, "crash"),
    (Class::Freeze, "freeze"),
    (Class::Cut, "cut link"),
    (Class::Clog, "clogged link"),
    (Class::Isolation, "isolated node"),
    (Class::Partition, "partition"),
    (Class::EarlyTimeout, "early timeout"),
    (Class::DiskHangs, "disk hangs"),
    (Class::DiskFails, "failed write"),
    (Class::DiskFull, "disk low on space"),
    (Class::NoSpace, "write without space"),
    (Class::RestartStorm, "restart in a storm of them"),
    (Class::TransferStorm, "transfer in a storm of them"),
    (Class::Transfer, "transfer"),
    (Class::Members, "other members"),
    (Class::ClockRate, "clock at another rate"),
    (Class::ClockJump, "clock jumps"),
    (Class::Gone, "dead for good"),
    (Class::Wiped, "wiped disk"),
    (Class::Exchange, "members after a wiped disk"),
    (Class::Rot, "rotten record"),
    (Class::Misdirected, "misdirected write"),
    (Class::LostWrite, "lost write"),
    (Class::RottenVote, "rotten term and vote"),
    (Class::Refused, "no start without term and vote"),
    (Class::RottenSnapshot, "rotten snapshot"),
    (Class::FoundSnapshot, "rotten snapshot found"),
    (Class::Suspect, "start with damaged log"),
    (Class::Trusted, "damaged log trusted again"),
    (Class::Lost, "lost message"),
    (Class::Doubled, "doubled message"),
    (Class::HeldUp, "message held up"),
    (Class::HeldBack, "message held back by a clogged link"),
    (Class::Stranger, "message of another cluster"),
    (Class::Kept, "unsynced writes kept in a crash"),
    (Class::Torn, "torn write"),
    (
        Class::Reordered,
        "unsynced write on disk without an earlier one",
    ),
    (Class::Busy, "busy host"),
];

/// How often each class has struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck([u64; ALL.len()]);

impl Default for Struck {
    /// Nothing has.
    fn default() -> Struck {
        Struck([0; ALL.len()])
    }
}

impl Struck {
    /// Each class by name.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ALL.iter()
            .map(|(class, name)| (*name, self.0[*class as usize]))
    }

    /// Adds what struck elsewhere.
    pub fn add(&mut self, other: &Struck) {
        let both = self.0.iter_mut().zip(other.0);
        both.for_each(|(sum, one)| *sum += one);
    }

    /// It has struck once more.
    pub(crate) fn once(&mut self, class: Class) {
        self.0[class as usize] += 1;
    }

    /// Once more, if it has at all.
    pub(crate) fn if_so(&mut self, class: Class, so: bool) -> bool {
        self.0[class as usize] += u64::from(so);
        so
    }
}

impl Fault {
    /// The class it is of.
    pub fn class(self) -> Class {
        match self {
            Fault::Crash(_) => Class::Crash,
            Fault::Freeze(_) => Class::Freeze,
            Fault::Cut(..) | Fault::CutBoth(..) => Class::Cut,
            Fault::Clog(..) => Class::Clog,
            Fault::Isolate(_) => Class::Isolation,
            Fault::Partition(_) => Class::Partition,
            Fault::TimeOut(_) => Class::EarlyTimeout,
            Fault::Stall(_) => Class::DiskHangs,
            Fault::FailDisk(_) => Class::DiskFails,
            Fault::Fill(..) => Class::DiskFull,
            Fault::Restart(_) => Class::RestartStorm,
            Fault::Urge(_) => Class::TransferStorm,
            Fault::Wish(Wish {
                what: Wished::Transfer(_),
                ..
            }) => Class::Transfer,
            Fault::Wish(_) => Class::Members,
            Fault::Rate(..) => Class::ClockRate,
            Fault::Jump(..) => Class::ClockJump,
            Fault::Die(_) => Class::Gone,
            Fault::Wipe(_) => Class::Wiped,
            Fault::Exchange(_) => Class::Exchange,
            Fault::Rot(..) => Class::Rot,
            Fault::Misdirect(..) => Class::Misdirected,
            Fault::LoseWrite(_) => Class::LostWrite,
            Fault::RotVote(_) => Class::RottenVote,
            Fault::RotSnapshot(_) => Class::RottenSnapshot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_place_and_its_name() {
        for (place, (class, name)) in ALL.iter().enumerate() {
            assert_eq!(*class as usize, place, "{name}");
            assert!(ALL.iter().filter(|(_, other)| other == name).count() == 1);
        }
    }

    #[test]
    fn what_strikes_is_counted() {
        let (mut one, mut other) = (Struck::default(), Struck::default());
        one.once(Class::Busy);
        assert!(other.if_so(Class::Busy, true) && !other.if_so(Class::Busy, false));
        one.add(&other);
        let busy = one.each().find(|(name, _)| *name == "busy host");
        assert_eq!(busy, Some(("busy host", 2)));
        assert_eq!(one.each().map(|(_, count)| count).sum::<u64>(), 2);
    }
}

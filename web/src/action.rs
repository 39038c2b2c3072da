//! What a person can ask for: the one vocabulary of buttons, keys, menus and panels.
//!
//! Components never change anything themselves; they emit an [`Action`], and the app alone
//! carries it out, on the playground's history or on the live cluster.

use raftwerk_core::Switches;
use raftwerk_sim::Intervention;

/// What is said where faults on real processes are asked for but locked.
pub const ARM_FIRST: &str = "Arm the controls in the top bar first.";

/// Which source feeds the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The simulator in this page.
    Playground,
    /// Real processes.
    Live,
}

/// What the inspector is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Selection {
    /// Nothing in particular.
    #[default]
    Nothing,
    /// A node.
    Node(u64),
    /// One direction of a link, as (from, to).
    Link(u64, u64),
    /// A message on the way, by flight id.
    Message(u64),
    /// A client.
    Client(u64),
    /// An entry in the log of a node.
    Entry {
        /// Whose log.
        node: u64,
        /// Position.
        index: u64,
    },
}

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What a reader does with lessons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// Open or close the list.
    List(bool),
    /// Begin one, by its name.
    Begin(String),
    /// Choose an answer.
    Choose(usize),
    /// Take another way, by its name.
    Way(String),
    /// Leave out the step under way, and go on.
    Skip,
    /// Back to its branch.
    Return,
    /// Leave it; the run stays.
    Leave,
}

/// Something a person asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Playground or live.
    Mode(Mode),
    /// Play or pause.
    TogglePlay,
    /// Play (true) or pause.
    Play(bool),
    /// Back one event.
    Back,
    /// Forward one event.
    Forward,
    /// To the previous interesting event.
    PreviousLandmark,
    /// To the next interesting event.
    NextLandmark,
    /// To an event number.
    Seek(u64),
    /// To a moment, microseconds.
    SeekTime(u64),
    /// To the start.
    Start,
    /// To the end of what has happened so far.
    End,
    /// Back 10 ms of simulated time.
    BackTime,
    /// Forward 10 ms of simulated time.
    ForwardTime,
    /// Speed by notch; 0 is the default of 1:40.
    Speed(i32),
    /// Whether quiet time runs faster.
    QuietSkip(bool),
    /// Look at something.
    Select(Selection),
    /// Intervene in the cluster.
    Do(Intervention),
    /// Begin a new run.
    NewRun {
        /// How many nodes.
        nodes: u64,
        /// Seed of every random number in it.
        seed: u64,
        /// How many clients.
        clients: u64,
    },
    /// Something about lessons.
    Lesson(Course),
    /// Begin the run again with other optional rules.
    Switches(Switches),
    /// Begin the run again with disks that lie about sync (true) or honest ones.
    Lies(bool),
    /// Begin the run again with leaders that keep so many voters by themselves, or do not.
    Autopilot(Option<u64>),
    /// Unlock (true) or lock faults on the live cluster.
    Arm(bool),
    /// Put a node elsewhere on the stage: as parts of its width and height.
    Place {
        /// Which.
        node: u64,
        /// Where to.
        at: (f64, f64),
    },
    /// Put every node back on the ring.
    Ring,
    /// Drag nodes to other places (true) or draw with the pointer.
    MoveTool(bool),
    /// Light or dark.
    Theme(Theme),
    /// Whether single letters are keys.
    Letters(bool),
    /// Open or close the list of keys.
    ShowHelp(bool),
    /// Open or close the partition dialog.
    ShowPartition(bool),
    /// Leave whatever is open, then clear the selection.
    Escape,
    /// Say something briefly.
    Toast(String),
    /// Go to another branch of the history.
    Branch(usize),
}

//! Messages on the way, and what they say.

use serde::{Deserialize, Serialize};

/// A message on the way. Its place on screen is a pure function of `sent`, `due` and now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// Its number, unique in the run.
    pub id: u64,
    /// Sender.
    pub from: u64,
    /// Receiver.
    pub to: u64,
    /// When it left.
    pub sent: u64,
    /// When it arrives; `None` while it is held, and in live mode until the receiver reports it.
    pub due: Option<u64>,
    /// It is kept on the way until something lets it go on; only a simulator knows that.
    #[serde(default)]
    pub held: bool,
    /// It will be lost on the way (or was, in live mode).
    pub lost: bool,
    /// What it says.
    pub content: MessageView,
}

/// A request of a client on its way to a node, or the answer on its way back
/// (`content.reply`). Its place on screen is found as that of a [`Flight`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientFlight {
    /// Its number; no [`Flight`] of the run has the same.
    pub id: u64,
    /// The client.
    pub client: u64,
    /// The node.
    pub node: u64,
    /// When it left.
    pub sent: u64,
    /// When it arrives; `None` until that is known.
    pub due: Option<u64>,
    /// It is kept on the way until something lets it go on; only a simulator knows that.
    #[serde(default)]
    pub held: bool,
    /// It will be lost on the way (or was, in live mode).
    pub lost: bool,
    /// What it says.
    pub content: MessageView,
}

/// What a message says, for a screen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageView {
    /// Kind, such as `Append` or `VoteReply`; of clients `Put`, `Get` or `Answer` and the like.
    pub kind: String,
    /// Term it carries; 0 if it carries none.
    pub term: u64,
    /// Whether it answers another.
    pub reply: bool,
    /// For answers: yes or no.
    pub accepted: Option<bool>,
    /// How many entries it carries.
    pub entries: usize,
    /// Every field, as (name, value).
    pub fields: Vec<(String, String)>,
}

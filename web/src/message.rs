//! Everything on the way, between nodes and between clients and nodes, as one kind of thing.

use crate::stage::geometry::Way;
use crate::stage::shapes;
use raftwerk_wire::view::{ClientFlight, ClusterView, Flight, MessageView};

/// A message on the way.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its number.
    pub id: u64,
    /// Between whom.
    pub way: Way,
    /// When it left.
    pub sent: u64,
    /// When it arrives, if that is known.
    pub due: Option<u64>,
    /// Whether it is kept on the way until something lets it go on.
    pub held: bool,
    /// Whether it is lost on the way.
    pub lost: bool,
    /// What it says.
    pub content: &'a MessageView,
}

impl Message<'_> {
    /// Names of sender and receiver.
    #[must_use]
    pub fn ends(&self) -> (String, String) {
        let (node, client) = (|id| format!("S{id}"), |id| format!("C{id}"));
        match self.way {
            Way::None => Default::default(),
            Way::Link(from, to) => (node(from), node(to)),
            Way::Request(from, to) => (client(from), node(to)),
            Way::Answer(to, from) => (node(from), client(to)),
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub fn line(&self) -> String {
        let ((from, to), title) = (self.ends(), shapes::title(self.content));
        let term = match self.has_term() {
            true => format!(", term {}", self.content.term),
            false => String::new(),
        };
        format!("{title}: {from} to {to}{term}")
    }

    /// Whether it carries a term; what clients ask carries none.
    #[must_use]
    pub fn has_term(&self) -> bool {
        matches!(self.way, Way::Link(..)) || self.content.term > 0
    }
}

impl<'a> From<&'a Flight> for Message<'a> {
    fn from(flight: &'a Flight) -> Message<'a> {
        Message {
            id: flight.id,
            way: Way::Link(flight.from, flight.to),
            sent: flight.sent,
            due: flight.due,
            held: flight.held,
            lost: flight.lost,
            content: &flight.content,
        }
    }
}

impl<'a> From<&'a ClientFlight> for Message<'a> {
    fn from(flight: &'a ClientFlight) -> Message<'a> {
        let (client, node) = (flight.client, flight.node);
        Message {
            id: flight.id,
            way: if flight.content.reply {
                Way::Answer(client, node)
            } else {
                Way::Request(client, node)
            },
            sent: flight.sent,
            due: flight.due,
            held: flight.held,
            lost: flight.lost,
            content: &flight.content,
        }
    }
}

/// Everything on the way: clients' messages first, because they are few.
pub fn all(view: &ClusterView) -> impl Iterator<Item = Message<'_>> {
    let clients = view.client_flights.iter().map(Message::from);
    clients.chain(view.flights.iter().map(Message::from))
}

/// The message of this number.
#[must_use]
pub fn find(view: &ClusterView, id: u64) -> Option<Message<'_>> {
    all(view).find(|message| message.id == id)
}

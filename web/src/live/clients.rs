//! The clients of the live page: what each asks, how long it waits, how it ended.

use super::flights::{TRAVEL, flight_id};
use raftwerk_sim::Op;
use raftwerk_wire::view::{ClientFlight, ClientView, MessageView, OperationView};
use std::collections::VecDeque;

/// How many clients the live page has.
const CLIENTS: u64 = 3;
/// Most finished operations kept per client.
const MOST_DONE: usize = 20;

/// All clients and their operations.
pub struct Book {
    clients: Vec<Client>,
    next: u64,
}

struct Client {
    id: u64,
    /// The operation that waits, with the number that its end must name.
    current: Option<(u64, Operation)>,
    done: VecDeque<Operation>,
}

#[derive(Clone)]
struct Operation {
    kind: &'static str,
    view: OperationView,
}

impl Default for Book {
    fn default() -> Book {
        let client = |id| Client {
            id,
            current: None,
            done: VecDeque::new(),
        };
        Book {
            clients: (1..=CLIENTS).map(client).collect(),
            next: 0,
        }
    }
}

impl Book {
    /// A client begins to wait; returns the number that its end must name.
    ///
    /// # Errors
    /// When there is no such client or it waits already.
    pub fn begin(&mut self, now: u64, client: u64, node: u64, op: &Op) -> Result<u64, String> {
        let found = self.clients.iter_mut().find(|other| other.id == client);
        let client = found.ok_or_else(|| format!("There is no client C{client}."))?;
        if client.current.is_some() {
            return Err(format!(
                "C{} still waits for an answer. Choose another client.",
                client.id
            ));
        }
        let (kind, mode) = match op {
            Op::Get { mode, .. } => ("Get", Some(mode.name().to_string())),
            Op::Put { .. } => ("Put", None),
            Op::Delete { .. } => ("Delete", None),
            Op::CompareAndSet { .. } => ("CompareAndSet", None),
        };
        let view = OperationView {
            text: op.to_string(),
            node,
            mode,
            started: now,
            ended: None,
            answer: None,
            outcome: None,
        };
        self.next += 1;
        client.current = Some((self.next, Operation { kind, view }));
        Ok(self.next)
    }

    /// An operation ended. A second end of the same operation changes nothing.
    pub fn end(&mut self, now: u64, client: u64, ticket: u64, answer: String, outcome: &str) {
        let found = self.clients.iter_mut().find(|other| other.id == client);
        let Some(client) = found else { return };
        let Some((_, mut operation)) = client.current.take_if(|(waits, _)| *waits == ticket) else {
            return;
        };
        operation.view.ended = Some(now);
        operation.view.answer = Some(answer);
        operation.view.outcome = Some(outcome.to_string());
        client.done.push_back(operation);
        if client.done.len() > MOST_DONE {
            client.done.pop_front();
        }
    }

    /// The clients as they were at a moment.
    #[must_use]
    pub fn view(&self, moment: u64) -> Vec<ClientView> {
        let then = |client: &Client| {
            let all = || client.operations().filter_map(|one| one.at(moment));
            ClientView {
                id: client.id,
                leader: None,
                current: all().find(|operation| operation.ended.is_none()),
                done: all().filter(|one| one.ended.is_some()).collect(),
            }
        };
        self.clients.iter().map(then).collect()
    }

    /// Requests and answers on the way at a moment. The page knows when it sent the one and when
    /// it got the other; in between, nobody has told it anything.
    #[must_use]
    pub fn flights(&self, moment: u64) -> Vec<ClientFlight> {
        let mut flights = Vec::new();
        for client in &self.clients {
            for operation in client.operations() {
                if let Some(then) = operation.at(moment) {
                    flights.extend(operation.request(client.id, &then, moment));
                    flights.extend(operation.answer(client.id, &then, moment));
                }
            }
        }
        flights
    }
}

impl Client {
    fn operations(&self) -> impl Iterator<Item = &Operation> {
        let current = self.current.iter().map(|(_, operation)| operation);
        self.done.iter().chain(current)
    }
}

impl Operation {
    /// How it stood at a moment; `None`: it had not begun.
    fn at(&self, moment: u64) -> Option<OperationView> {
        let view = &self.view;
        if view.started > moment {
            return None;
        }
        let mut then = view.clone();
        if view.ended.is_some_and(|ended| ended > moment) {
            (then.ended, then.answer, then.outcome) = (None, None, None);
        }
        Some(then)
    }

    fn request(&self, client: u64, then: &OperationView, moment: u64) -> Option<ClientFlight> {
        let due = then
            .ended
            .map(|ended| ended.min(then.started + TRAVEL).max(then.started + 1));
        let on_the_way = due.is_none_or(|due| moment <= due);
        let mut flight = self.flight(client, then.started, false);
        flight.due = due;
        on_the_way.then_some(flight)
    }

    /// Shown as long as other messages are; none when nothing came back.
    fn answer(&self, client: u64, then: &OperationView, moment: u64) -> Option<ClientFlight> {
        let ended = then.ended?;
        let outcome = then.outcome.as_deref();
        if outcome == Some("unknown") || moment > ended + TRAVEL {
            return None;
        }
        let mut flight = self.flight(client, ended, true);
        flight.due = Some(ended + TRAVEL);
        flight.content.kind = "Answer".to_string();
        flight.content.reply = true;
        flight.content.accepted = Some(outcome == Some("ok"));
        if let Some(answer) = &then.answer {
            let told = ("answer".to_string(), answer.clone());
            flight.content.fields.push(told);
        }
        Some(flight)
    }

    fn flight(&self, client: u64, sent: u64, reply: bool) -> ClientFlight {
        let content = MessageView {
            kind: self.kind.to_string(),
            term: 0,
            reply: false,
            accepted: None,
            entries: 0,
            fields: vec![("asks".to_string(), self.view.text.clone())],
        };
        ClientFlight {
            // No node has the number 0, so no message of a node has the same name.
            id: flight_id(0, client, 2 * self.view.started + u64::from(reply)),
            client,
            node: self.view.node,
            sent,
            due: None,
            held: false,
            lost: false,
            content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op() -> Op {
        Op::Delete { key: "x".into() }
    }

    #[test]
    fn a_late_answer_changes_nothing() {
        let mut book = Book::default();
        let first = book.begin(0, 1, 2, &op()).unwrap();
        assert!(
            book.begin(1, 1, 2, &op()).is_err(),
            "one operation at a time"
        );
        assert!(book.begin(1, 9, 2, &op()).is_err());
        book.end(6, 1, first, "no answer".into(), "unknown");
        let second = book.begin(7, 1, 2, &op()).unwrap();
        book.end(8, 1, first, "done".into(), "ok");
        assert!(book.view(8)[0].current.is_some());
        book.end(9, 1, second, "done".into(), "ok");
        let outcomes: Vec<_> = book.view(9)[0]
            .done
            .iter()
            .map(|done| done.outcome.clone().unwrap())
            .collect();
        assert_eq!(outcomes, ["unknown", "ok"]);
    }

    #[test]
    fn the_past_is_told_as_it_was() {
        let mut book = Book::default();
        let ticket = book.begin(10, 1, 2, &op()).unwrap();
        book.end(20, 1, ticket, "done".into(), "ok");
        let then = |moment| {
            let client = book.view(moment).remove(0);
            let waits = client.current.map(|op| (op.started, op.answer));
            (waits, client.done.len())
        };
        assert_eq!(then(9), (None, 0));
        assert_eq!(then(15), (Some((10, None)), 0), "it still waited");
        assert_eq!(then(20), (None, 1));
    }

    #[test]
    fn a_request_flies_unconfirmed_until_its_answer_comes() {
        let mut book = Book::default();
        let ticket = book.begin(1_000, 2, 3, &op()).unwrap();
        let waiting = book.flights(500_000);
        assert_eq!((waiting[0].client, waiting[0].node), (2, 3));
        assert_eq!((waiting.len(), waiting[0].due), (1, None));
        book.end(600_000, 2, ticket, "done".into(), "ok");
        assert_eq!(book.flights(500_000)[0].due, None, "then nobody knew");
        let answer = book.flights(600_001);
        assert_eq!((answer.len(), answer[0].content.accepted), (1, Some(true)));
        assert_ne!(answer[0].id, waiting[0].id);
        assert!(book.flights(600_001 + TRAVEL).is_empty());
        let ticket = book.begin(2_000_000, 2, 3, &op()).unwrap();
        book.end(3_000_000, 2, ticket, "no answer".into(), "unknown");
        assert!(book.flights(3_000_001).is_empty(), "no answer flies");
    }

    #[test]
    fn finished_operations_are_bounded() {
        let mut book = Book::default();
        for now in 0..100 {
            let ticket = book.begin(now, 2, 1, &op()).unwrap();
            book.end(now, 2, ticket, "done".into(), "ok");
        }
        assert_eq!(book.view(100)[1].done.len(), MOST_DONE);
    }
}

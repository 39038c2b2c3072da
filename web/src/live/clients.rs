//! The clients of the live page: what each asks, how long it waits, how it ended.

use raftwerk_sim::Op;
use raftwerk_wire::view::{ClientView, OperationView};

/// How many clients the live page has.
const CLIENTS: u64 = 3;
/// Most finished operations kept per client.
const MOST_DONE: usize = 20;

/// All clients and their operations.
pub struct Book {
    clients: Vec<ClientView>,
    tickets: Vec<u64>,
    next: u64,
}

impl Default for Book {
    fn default() -> Book {
        let client = |id| ClientView {
            id,
            leader: None,
            current: None,
            done: Vec::new(),
        };
        let clients: Vec<ClientView> = (1..=CLIENTS).map(client).collect();
        Book {
            tickets: vec![0; clients.len()],
            clients,
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
        let at = self
            .at(client)
            .ok_or_else(|| format!("There is no client C{client}."))?;
        if self.clients[at].current.is_some() {
            return Err(format!(
                "C{client} still waits for an answer. Choose another client."
            ));
        }
        let mode = match op {
            Op::Get { mode, .. } => Some(mode.name().to_string()),
            _ => None,
        };
        self.clients[at].current = Some(OperationView {
            text: op.to_string(),
            node,
            mode,
            started: now,
            ended: None,
            answer: None,
            outcome: None,
        });
        self.next += 1;
        self.tickets[at] = self.next;
        Ok(self.next)
    }

    /// An operation ended. A second end of the same operation changes nothing.
    pub fn end(&mut self, now: u64, client: u64, ticket: u64, answer: String, outcome: &str) {
        let Some(at) = self.at(client) else { return };
        if self.tickets[at] != ticket {
            return;
        }
        let Some(mut operation) = self.clients[at].current.take() else {
            return;
        };
        operation.ended = Some(now);
        operation.answer = Some(answer);
        operation.outcome = Some(outcome.to_string());
        let done = &mut self.clients[at].done;
        done.push(operation);
        if done.len() > MOST_DONE {
            done.remove(0);
        }
    }

    /// The clients as they were at a moment.
    #[must_use]
    pub fn view(&self, moment: u64) -> Vec<ClientView> {
        let then = |client: &ClientView| {
            let mut then = ClientView {
                current: None,
                done: Vec::new(),
                ..client.clone()
            };
            let all = client.done.iter().chain(&client.current);
            for operation in all.filter(|operation| operation.started <= moment) {
                if operation.ended.is_some_and(|ended| ended <= moment) {
                    then.done.push(operation.clone());
                } else {
                    then.current = Some(OperationView {
                        ended: None,
                        answer: None,
                        outcome: None,
                        ..operation.clone()
                    });
                }
            }
            then
        };
        self.clients.iter().map(then).collect()
    }

    fn at(&self, client: u64) -> Option<usize> {
        self.clients.iter().position(|other| other.id == client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_changes_nothing() {
        let mut book = Book::default();
        let op = Op::Delete { key: "x".into() };
        let first = book.begin(0, 1, 2, &op).unwrap();
        assert!(book.begin(1, 1, 2, &op).is_err(), "one operation at a time");
        book.end(6, 1, first, "no answer".into(), "unknown");
        let second = book.begin(7, 1, 2, &op).unwrap();
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
        let op = Op::Delete { key: "x".into() };
        let ticket = book.begin(10, 1, 2, &op).unwrap();
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
    fn finished_operations_are_bounded() {
        let mut book = Book::default();
        for now in 0..100 {
            let op = Op::Delete { key: "x".into() };
            let ticket = book.begin(now, 2, 1, &op).unwrap();
            book.end(now, 2, ticket, "done".into(), "ok");
        }
        assert_eq!(book.view(100)[1].done.len(), MOST_DONE);
    }
}

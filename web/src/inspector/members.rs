//! Facts about members and leadership that are on the move: only what the core says of them.

use super::fields::{Field, field, moving, remaining};
use raftwerk_wire::view::{ChangeView, NodeView};

/// Who belongs to the cluster by this node's log, and what its leader is changing.
pub fn members(view: &NodeView, now: u64) -> Vec<Field> {
    let mut fields = vec![field("voters", names(&view.voters))];
    if !view.outgoing.is_empty() {
        fields.push(field("old voters", names(&view.outgoing)));
    }
    if !view.learners.is_empty() {
        fields.push(field("learners", names(&view.learners)));
    }
    if !view.demote_later.is_empty() {
        fields.push(field("learners later", names(&view.demote_later)));
    }
    if let Some(change) = &view.change {
        fields.push(field("change", changing(change)));
    }
    if let Some(transfer) = &view.transfer {
        let told = if transfer.sent {
            ", told to campaign"
        } else {
            ""
        };
        let value = format!(
            "to S{}{told}, given up {}",
            transfer.to,
            remaining(transfer.limit, now)
        );
        fields.push(moving("hands over", value));
    }
    if let Some(pilot) = &view.autopilot {
        let last = pilot
            .last
            .as_ref()
            .map(|(_, what)| format!("; last: {what}"));
        let value = format!("wants {} voters{}", pilot.wanted, last.unwrap_or_default());
        fields.push(field("autopilot", value));
    }
    fields
}

fn changing(change: &ChangeView) -> String {
    let who = if change.by_autopilot {
        "autopilot"
    } else {
        "asked"
    };
    let mut text = format!("{who}: voters {}", names(&change.voters));
    if !change.learners.is_empty() {
        text.push_str(&format!(", learners {}", names(&change.learners)));
    }
    for (node, round, goal) in &change.rounds {
        text.push_str(&format!("; S{node} in round {round}, up to {goal}"));
    }
    text
}

fn names(nodes: &[u64]) -> String {
    let names: Vec<String> = nodes.iter().map(|node| format!("S{node}")).collect();
    if names.is_empty() {
        "none".to_string()
    } else {
        names.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raftwerk_wire::view::{PilotView, TimerView, TransferView};

    #[test]
    fn each_is_there_when_the_core_says_so_and_not_before() {
        let mut view = NodeView {
            voters: vec![1, 2, 3],
            ..NodeView::default()
        };
        let shown = |view: &NodeView| {
            let fields = members(view, 0);
            let text = fields
                .iter()
                .map(|field| format!("{}: {}", field.name, field.value));
            text.collect::<Vec<String>>()
        };
        assert_eq!(shown(&view), ["voters: S1 S2 S3"]);
        view.voters = vec![1, 2, 4];
        (view.outgoing, view.demote_later) = (vec![1, 2, 3], vec![3]);
        view.learners = vec![5];
        view.change = Some(ChangeView {
            by_autopilot: true,
            voters: vec![1, 2, 4],
            learners: vec![3, 5],
            rounds: vec![(4, 2, 70)],
        });
        let limit = TimerView {
            set: 0,
            due: u64::MAX,
        };
        view.transfer = Some(TransferView {
            to: 2,
            sent: true,
            limit,
        });
        view.autopilot = Some(PilotView {
            wanted: 3,
            last: Some((5, "S4 takes the place of S3".to_string())),
        });
        assert_eq!(
            shown(&view),
            [
                "voters: S1 S2 S4",
                "old voters: S1 S2 S3",
                "learners: S5",
                "learners later: S3",
                "change: autopilot: voters S1 S2 S4, learners S3 S5; S4 in round 2, up to 70",
                "hands over: to S2, told to campaign, given up off",
                "autopilot: wants 3 voters; last: S4 takes the place of S3",
            ]
        );
    }
}

//! The question after a lasso: what to do with the nodes it holds.

use crate::action::Action;
use raftwerk_sim::Intervention;
use yew::prelude::*;

/// Width and height of the chip, about, in CSS pixels.
const SIZE: (f64, f64) = (350.0, 48.0);

/// Props of [`Chip`].
#[derive(Properties, PartialEq)]
pub struct ChipProps {
    /// Where the pointer came up.
    pub at: (f64, f64),
    /// Size of the stage.
    pub stage: (f64, f64),
    /// All nodes.
    pub members: Vec<u64>,
    /// Nodes in the lasso.
    pub caught: Vec<u64>,
    /// The answer: what to do, or nothing.
    pub answer: Callback<Option<Vec<Action>>>,
}

/// The chip.
#[function_component]
pub fn Chip(props: &ChipProps) -> Html {
    let caught = &props.caught;
    let rest: Vec<u64> = props
        .members
        .iter()
        .copied()
        .filter(|id| !caught.contains(id))
        .collect();
    let (few, many) = (caught.len(), rest.len());
    let crash: Vec<Action> = caught
        .iter()
        .map(|id| Action::Do(Intervention::Crash(*id)))
        .collect();
    let partition = vec![Action::Do(Intervention::Partition(vec![
        caught.clone(),
        rest,
    ]))];
    let answer =
        |actions: Option<Vec<Action>>| props.answer.reform(move |_: MouseEvent| actions.clone());
    let ((x, y), (width, height)) = (props.at, props.stage);
    let style = format!(
        "left:{:.0}px;top:{:.0}px",
        (x - 110.0).min(width - SIZE.0 - 8.0).max(8.0),
        (y + 8.0).min(height - SIZE.1).max(8.0)
    );
    html! {
        <div class="chip" {style} role="group" aria-label="With the caught nodes">
            if many > 0 {
                <button id="lasso-partition" onclick={answer(Some(partition))}>
                    { format!("Partition {} from {many}", these(few)) }</button>
            }
            <button id="lasso-crash" onclick={answer(Some(crash))}>
                { format!("Crash {}", these(few)) }</button>
            <button class="quiet" aria-label="Cancel" onclick={answer(None)}>{ "\u{00d7}" }</button>
        </div>
    }
}

fn these(count: usize) -> String {
    if count == 1 {
        "this one".to_string()
    } else {
        format!("these {count}")
    }
}

//! Tools at the edge of the stage: dragging nodes, and putting them back on the ring.

use crate::action::Action;
use crate::keys::{self, Does};
use yew::prelude::*;

/// Props of [`Tools`].
#[derive(Properties, PartialEq)]
pub struct ToolsProps {
    /// Whether the pointer drags nodes.
    pub move_tool: bool,
    /// Whether any node stands elsewhere than on the ring.
    pub moved: bool,
    /// What to do.
    pub act: Callback<Action>,
}

const MOVE: &str = "M12 3 15 6.5H13V11H17.5V9L21 12 17.5 15V13H13V17.5H15L12 21 9 17.5H11V13H6.5V15L3 \
                    12 6.5 9V11H11V6.5H9Z";
const RING: &str = "M12 4.5a7.5 7.5 0 1 0 7.5 7.5H17.3A5.3 5.3 0 1 1 12 6.7V9.5L16.8 5.6 12 1.7Z";

/// The tools.
#[function_component]
pub fn Tools(props: &ToolsProps) -> Html {
    let on = props.move_tool;
    let toggle = props.act.reform(move |_: MouseEvent| Action::MoveTool(!on));
    let ring = props.act.reform(|_: MouseEvent| Action::Ring);
    let picture =
        |d: &'static str| html! { <svg viewBox="0 0 24 24" aria-hidden="true"><path {d} /></svg> };
    html! {
        <div class="tools" role="group" aria-label="Tools">
            <button id="move-tool" class="icon" aria-pressed={on.to_string()} onclick={toggle}
                title={keys::tip("Drag nodes to other places; so do Alt and dragging", Does::Arrange)}
                aria-label="Move nodes" aria-keyshortcuts={keys::name(Does::Arrange)}>{ picture(MOVE) }</button>
            if props.moved {
                <button id="ring" class="icon" onclick={ring} title={keys::tip("Nodes back on the ring", Does::Ring)}
                    aria-label="Nodes back on the ring" aria-keyshortcuts={keys::name(Does::Ring)}>
                    { picture(RING) }</button>
            }
        </div>
    }
}

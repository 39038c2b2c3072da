//! The partition dialog: "12/345" means S1 and S2 on one side, the rest on the other.

use crate::action::Action;
use raftwerk_sim::Intervention;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Reads "12/345" or "1,2/3 4 5". Nodes not named form a group of their own.
///
/// # Errors
/// What is wrong with the text and what to do.
pub fn parse(text: &str, members: &[u64]) -> Result<Vec<Vec<u64>>, String> {
    let mut groups: Vec<Vec<u64>> = Vec::new();
    let mut seen: Vec<u64> = Vec::new();
    for part in text.split(['/', '|', '-']) {
        let mut group = Vec::new();
        for letter in part.chars() {
            if letter.is_whitespace() || letter == ',' || letter == 'S' || letter == 's' {
                continue;
            }
            let Some(digit) = letter.to_digit(10).map(u64::from) else {
                return Err(format!(
                    "\u{201c}{letter}\u{201d} is no node. Write it like 12/345."
                ));
            };
            if !members.contains(&digit) {
                return Err(format!("There is no S{digit} here."));
            }
            if seen.contains(&digit) {
                return Err(format!("S{digit} can be in one group only."));
            }
            seen.push(digit);
            group.push(digit);
        }
        if !group.is_empty() {
            groups.push(group);
        }
    }
    let rest: Vec<u64> = members
        .iter()
        .copied()
        .filter(|id| !seen.contains(id))
        .collect();
    if !groups.is_empty() && !rest.is_empty() {
        groups.push(rest);
    }
    if groups.len() < 2 {
        return Err("Name at least two groups, like 12/345.".to_string());
    }
    Ok(groups)
}

/// Groups as text: "S1 S2 | S3 S4 S5".
fn describe(groups: &[Vec<u64>]) -> String {
    let group = |ids: &Vec<u64>| {
        ids.iter()
            .map(|id| format!("S{id}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    groups.iter().map(group).collect::<Vec<_>>().join("  |  ")
}

/// Texts worth offering: a minority against the rest, and one against all.
fn offers(members: &[u64]) -> Vec<String> {
    let text = |ids: &[u64]| ids.iter().map(ToString::to_string).collect::<String>();
    let count = members.len();
    let mut offers = Vec::new();
    for size in [1, (count.saturating_sub(1)) / 2] {
        if size > 0 && size < count {
            let (few, many) = members.split_at(size);
            offers.push(format!("{}/{}", text(few), text(many)));
        }
    }
    if count >= 6 && count.is_multiple_of(3) {
        let third = count / 3;
        let thirds: Vec<String> = members.chunks(third).map(text).collect();
        offers.push(thirds.join("/"));
    }
    offers.dedup();
    offers
}

/// Props of [`PartitionDialog`].
#[derive(Properties, PartialEq)]
pub struct PartitionProps {
    /// Who there is.
    pub members: Vec<u64>,
    /// What to do.
    pub act: Callback<Action>,
}

/// Asks how to split the cluster.
#[function_component]
pub fn PartitionDialog(props: &PartitionProps) -> Html {
    let text = use_state(String::new);
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                let _ = input.focus();
            }
        });
    }
    let outcome = parse(&text, &props.members);
    // The field keeps its own text: writing it back while somebody types loses letters.
    let oninput = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| {
            text.set(event.target_unchecked_into::<HtmlInputElement>().value());
        })
    };
    let onsubmit = submit(props, &input);
    let cancel = props
        .act
        .reform(|_: MouseEvent| Action::ShowPartition(false));
    let offer = |label: String| offer(label, &text, &input);
    let example = offers(&props.members).pop();
    let (say, wrong) = match &outcome {
        Ok(groups) => (describe(groups), false),
        Err(_) if text.is_empty() => ("Who can still hear whom?".to_string(), false),
        Err(why) => (why.clone(), true),
    };
    html! {
        <div class="dialog" role="dialog" aria-modal="true" aria-label="Partition"><form {onsubmit}>
            <h2>{ "Partition" }</h2>
            <p class="soft">
                { "Put a slash between groups. Links across groups are cut both ways." }
            </p>
            <input id="partition-input" ref={input.clone()} class="mono" {oninput}
                placeholder={example} aria-label="Groups" autocomplete="off" spellcheck="false" inputmode="text"
                aria-describedby="partition-say" aria-invalid={wrong.to_string()} />
            <p id="partition-say" class={if wrong { "say wrong" } else { "say" }} role="status">
                { say }
            </p>
            <div class="row">{ for offers(&props.members).into_iter().map(offer) }</div>
            <div class="row end">
                <button type="button" onclick={cancel}>{ "Cancel" }</button>
                <button id="partition-apply" class="primary" type="submit">{ "Partition" }</button>
            </div>
        </form></div>
    }
}

/// Partitions as the field says, if that can be read.
fn submit(props: &PartitionProps, input: &NodeRef) -> Callback<SubmitEvent> {
    let (act, input, members) = (props.act.clone(), input.clone(), props.members.clone());
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let typed = input.cast::<HtmlInputElement>().map(|input| input.value());
        if let Ok(groups) = parse(&typed.unwrap_or_default(), &members) {
            act.emit(Action::ShowPartition(false));
            act.emit(Action::Do(Intervention::Partition(groups)));
        }
    })
}

/// A button that writes groups into the field.
fn offer(label: String, text: &UseStateHandle<String>, input: &NodeRef) -> Html {
    let (text, input, value) = (text.clone(), input.clone(), label.clone());
    let onclick = Callback::from(move |_: MouseEvent| {
        if let Some(input) = input.cast::<HtmlInputElement>() {
            input.set_value(&value);
        }
        text.set(value.clone());
    });
    html! { <button type="button" class="quiet mono" {onclick}>{ label }</button> }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_groups_and_completes_them() {
        let five = [1, 2, 3, 4, 5];
        assert_eq!(parse("12/345", &five), Ok(vec![vec![1, 2], vec![3, 4, 5]]));
        assert_eq!(
            parse("S1, S2 / 3", &five),
            Ok(vec![vec![1, 2], vec![3], vec![4, 5]])
        );
        assert_eq!(parse("12", &five), Ok(vec![vec![1, 2], vec![3, 4, 5]]));
    }

    #[test]
    fn says_what_is_wrong() {
        let three = [1, 2, 3];
        assert!(parse("", &three).unwrap_err().contains("two groups"));
        assert!(parse("123", &three).unwrap_err().contains("two groups"));
        assert!(parse("1/4", &three).unwrap_err().contains("no S4"));
        assert!(parse("1/12", &three).unwrap_err().contains("one group"));
        assert!(parse("1/x", &three).unwrap_err().contains("no node"));
    }
}

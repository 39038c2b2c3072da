//! Key presses as the browser tells them: their names in the table, and whether they belong to a
//! field, a button or a panel instead of the page.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, KeyboardEvent};

/// The name of a press in the table: `X`, `Shift+T`, `Space`, `,`.
#[must_use]
pub fn name(key: &str, shift: bool) -> String {
    let letter = key.len() == 1 && key.as_bytes()[0].is_ascii_alphabetic();
    match (key, shift) {
        (" ", _) => "Space".to_string(),
        // Where Shift with a comma or a full stop gives another sign.
        ("<", _) | (",", true) => "Shift+,".to_string(),
        (">", _) | (".", true) => "Shift+.".to_string(),
        ("+", _) => "=".to_string(),
        (arrow, true) if arrow.starts_with("Arrow") => format!("Shift+{arrow}"),
        (_, true) if letter => format!("Shift+{}", key.to_ascii_uppercase()),
        (_, false) if letter => key.to_ascii_uppercase(),
        _ => key.to_string(),
    }
}

fn target(event: &KeyboardEvent) -> Option<Element> {
    event.target().and_then(|t| t.dyn_into::<Element>().ok())
}

/// Whether a key press belongs to a field and not to the page.
#[must_use]
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let Some(element) = target(event) else {
        return false;
    };
    let editable = element
        .dyn_ref::<HtmlElement>()
        .is_some_and(HtmlElement::is_content_editable);
    editable || matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
}

/// Whether Space and Enter belong to the element that has the focus.
#[must_use]
pub fn is_pressing(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| matches!(e.tag_name().as_str(), "BUTTON" | "A" | "SUMMARY"))
}

/// Whether keys that scroll belong to the panel that has the focus.
#[must_use]
pub fn is_scrolling(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|e| e.class_list().contains("pane"))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn presses_have_the_names_of_the_table() {
        assert_eq!(name("x", false), "X");
        assert_eq!(name("T", true), "Shift+T");
        assert_eq!(name("<", true), "Shift+,");
        assert_eq!(name("?", true), "?");
        assert_eq!(name(" ", false), "Space");
        assert_eq!(name("ArrowUp", true), "Shift+ArrowUp");
        assert_eq!(name("PageDown", false), "PageDown");
    }
}

//! What hands do: keys and pointers, as WebDriver actions.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
    TouchActions,
};
use fantoccini::key::Key;

/// How long a pointer takes from one point to the next: long enough to be seen as moving.
const MOVE: Duration = Duration::from_millis(30);

/// The actions for a key or a chord such as `a`, `Space`, `ArrowLeft`, `Control+Shift+z`.
pub(crate) fn chord(keys: &str) -> Result<KeyActions> {
    let values = if keys == "+" {
        vec!['+']
    } else {
        keys.split('+').map(key).collect::<Result<Vec<char>>>()?
    };
    let mut actions = KeyActions::new("keys".to_owned());
    for value in &values {
        actions = actions.then(KeyAction::Down { value: *value });
    }
    for value in values.iter().rev() {
        actions = actions.then(KeyAction::Up { value: *value });
    }
    Ok(actions)
}

/// The character that stands for a key: itself, or by its name in the DOM.
fn key(name: &str) -> Result<char> {
    let mut characters = name.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return Ok(only);
    }
    let key = match name {
        "Space" => return Ok(' '),
        "Enter" => Key::Enter,
        "Tab" => Key::Tab,
        "Escape" => Key::Escape,
        "Backspace" => Key::Backspace,
        "Delete" => Key::Delete,
        "Home" => Key::Home,
        "End" => Key::End,
        "PageUp" => Key::PageUp,
        "PageDown" => Key::PageDown,
        "ArrowLeft" => Key::Left,
        "ArrowRight" => Key::Right,
        "ArrowUp" => Key::Up,
        "ArrowDown" => Key::Down,
        "Shift" => Key::Shift,
        "Control" => Key::Control,
        "Alt" => Key::Alt,
        "Meta" => Key::Meta,
        "F1" => Key::F1,
        "Plus" => return Ok('+'),
        other => bail!("no key {other:?}"),
    };
    Ok(key.into())
}

/// The actions for pressing at the first point, moving through the others and letting go.
pub(crate) fn mouse_path(points: &[(f64, f64)]) -> Result<MouseActions> {
    let mut actions = MouseActions::new("mouse".to_owned());
    for action in path(points)? {
        actions = actions.then(action);
    }
    Ok(actions)
}

/// As [`mouse_path`], with a finger.
pub(crate) fn finger_path(points: &[(f64, f64)]) -> Result<TouchActions> {
    let mut actions = TouchActions::new("finger".to_owned());
    for action in path(points)? {
        actions = actions.then(action);
    }
    Ok(actions)
}

/// The actions for moving to a point without pressing.
pub(crate) fn hover((x, y): (f64, f64)) -> MouseActions {
    let to = PointerAction::MoveTo {
        duration: Some(MOVE),
        x,
        y,
    };
    MouseActions::new("mouse".to_owned()).then(to)
}

fn path(points: &[(f64, f64)]) -> Result<Vec<PointerAction>> {
    let (first, rest) = points.split_first().context("a path needs a point")?;
    let to = |(x, y): (f64, f64)| PointerAction::MoveTo {
        duration: Some(MOVE),
        x,
        y,
    };
    let mut actions = vec![
        to(*first),
        PointerAction::Down {
            button: MOUSE_BUTTON_LEFT,
        },
    ];
    actions.extend(rest.iter().copied().map(to));
    actions.push(PointerAction::Up {
        button: MOUSE_BUTTON_LEFT,
    });
    Ok(actions)
}

/// Points from one to the other, so that a drag looks like one.
pub(crate) fn line(from: (f64, f64), to: (f64, f64)) -> Vec<(f64, f64)> {
    const STEPS: u32 = 5;
    let at = |step: u32| {
        let part = f64::from(step) / f64::from(STEPS);
        (
            from.0 + (to.0 - from.0) * part,
            from.1 + (to.1 - from.1) * part,
        )
    };
    (0..=STEPS).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_characters() {
        assert_eq!(key("a").unwrap(), 'a');
        assert_eq!(key("Space").unwrap(), ' ');
        assert_eq!(key("ArrowLeft").unwrap(), '\u{e012}');
        assert!(key("Blue").is_err());
        assert!(chord("Control+Shift+z").is_ok());
        assert!(chord("+").is_ok());
    }

    #[test]
    fn a_line_has_both_ends() {
        let points = line((10.0, 20.0), (60.0, 0.0));
        assert_eq!(points.first(), Some(&(10.0, 20.0)));
        assert_eq!(points.last(), Some(&(60.0, 0.0)));
    }
}

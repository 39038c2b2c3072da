//! Pages of which a command writes a part: what stands between two marks is its own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

const BEGIN: &str = "<!-- written by the command: begin -->";
const END: &str = "<!-- written by the command: end -->";

/// Puts `text` between the marks of the page; everything else stays.
pub fn fill(path: &Path, text: &str) -> Result<()> {
    let page = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let filled = filled(&page, text)
        .with_context(|| format!("{} lacks the marks `{BEGIN}`, `{END}`", path.display()))?;
    fs::write(path, filled)?;
    Ok(())
}

fn filled(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        text.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = format!("head\n{BEGIN}\nold\n{END}\nfoot\n");
        let new = filled(&page, "new\n").unwrap();
        assert_eq!(new, format!("head\n{BEGIN}\n\nnew\n\n{END}\nfoot\n"));
        assert_eq!(filled(&new, "new").unwrap(), new);
        assert!(filled("no marks", "new").is_none());
    }
}

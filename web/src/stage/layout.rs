//! Where a person has put nodes: places on the stage in thousandths of its width and height, so
//! that they mean the same in every window. Nodes that nobody moved stand on the ring.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A thousand: the whole width or height.
const WHOLE: u16 = 1_000;
/// Most nodes read from an address.
const MOST: usize = 32;

/// Nodes that were moved, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout(BTreeMap<u64, (u16, u16)>);

impl Layout {
    /// Whether every node stands on the ring.
    #[must_use]
    pub fn is_ring(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a node at a part of the width and of the height, 0 to 1.
    pub fn put(&mut self, node: u64, (x, y): (f64, f64)) {
        let thousandths = |part: f64| (part.clamp(0.0, 1.0) * f64::from(WHOLE)).round() as u16;
        self.0.insert(node, (thousandths(x), thousandths(y)));
    }

    /// Where a node was put, as parts of width and height.
    #[must_use]
    pub fn of(&self, node: u64) -> Option<(f64, f64)> {
        let part = |thousandths: u16| f64::from(thousandths) / f64::from(WHOLE);
        self.0.get(&node).map(|(x, y)| (part(*x), part(*y)))
    }

    /// As text for an address: `1.500.250-3.120.800`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (node, (x, y)) in &self.0 {
            let dash = if text.is_empty() { "" } else { "-" };
            // Writing to a String cannot fail.
            let _ = write!(text, "{dash}{node}.{x}.{y}");
        }
        text
    }

    /// Reads what [`Layout::to_text`] writes; what is wrong is left out.
    #[must_use]
    pub fn parse(text: &str) -> Layout {
        let one = |part: &str| {
            let mut numbers = part.split('.').map(str::parse::<u16>);
            let (node, x, y) = (numbers.next()?, numbers.next()?, numbers.next()?);
            let (node, x, y) = (node.ok()?, x.ok()?, y.ok()?);
            let fits = numbers.next().is_none() && x <= WHOLE && y <= WHOLE;
            fits.then_some((u64::from(node), (x, y)))
        };
        Layout(text.split('-').take(MOST).filter_map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_brings_the_nodes_back_to_their_places() {
        let mut layout = Layout::default();
        assert_eq!(layout.to_text(), "");
        layout.put(3, (0.1204, 0.8));
        layout.put(1, (0.5, 7.0));
        assert_eq!(layout.to_text(), "1.500.1000-3.120.800");
        assert_eq!(Layout::parse(&layout.to_text()), layout);
        assert_eq!(layout.of(3), Some((0.12, 0.8)));
    }

    #[test]
    fn nonsense_moves_nothing() {
        for text in ["", "x", "1.2", "1.2.3.4", "1.2000.3", "1.-2.3", "1..3"] {
            assert!(Layout::parse(text).is_ring(), "{text:?}");
        }
    }
}

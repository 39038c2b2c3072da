//! The one meaning of hue: a term. Everything that wears a term gets its class from here.
//!
//! Six hues in an order searched so that neighbours stay apart for normal and colour-blind
//! eyes; every second cycle is hatched, and the number is always printed beside the colour.
//! The colours themselves are in `static/style.css` (`.t1` to `.t6`, `.t0` for "no term yet").

/// How many hues there are before the hatch begins.
const HUES: u64 = 6;

/// Classes that give an element the hue (`--hue`), the ink on it (`--on-hue`) and the hatch.
#[must_use]
pub fn term_class(term: u64) -> &'static str {
    const PLAIN: [&str; 6] = ["t1", "t2", "t3", "t4", "t5", "t6"];
    const HATCHED: [&str; 6] = [
        "t1 hatched",
        "t2 hatched",
        "t3 hatched",
        "t4 hatched",
        "t5 hatched",
        "t6 hatched",
    ];
    if term == 0 {
        return "t0";
    }
    let at = usize::try_from((term - 1) % HUES).unwrap_or(0);
    if is_hatched(term) {
        HATCHED[at]
    } else {
        PLAIN[at]
    }
}

/// Whether this term belongs to a second cycle, which is drawn with a diagonal hatch.
#[must_use]
pub fn is_hatched(term: u64) -> bool {
    term > 0 && ((term - 1) / HUES) % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_hues_of_two_cycles_differ_by_the_hatch() {
        assert_eq!(term_class(0), "t0");
        assert_eq!(term_class(1), "t1");
        assert_eq!(term_class(6), "t6");
        assert_eq!(term_class(7), "t1 hatched");
        assert_eq!(term_class(13), "t1");
        assert!(!is_hatched(0) && !is_hatched(6) && is_hatched(7) && is_hatched(12));
    }
}

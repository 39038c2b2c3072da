//! Short lists in order. The sort of the standard library is made for long ones: it costs several
//! kilobytes of the page for every type, which these need not.

/// The items in order of a key; those of the same key stay as they were. Takes time by the square
/// of how many there are.
pub fn in_order<T, K: PartialOrd>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let mut list: Vec<T> = Vec::new();
    for item in items {
        let own = key(&item);
        let at = list.iter().rposition(|other| key(other) <= own);
        list.insert(at.map_or(0, |at| at + 1), item);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn what_is_equal_stays_as_it_was() {
        let list = in_order([(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd')], |one| one.0);
        assert_eq!(list, [(1, 'b'), (1, 'd'), (2, 'a'), (2, 'c')]);
    }
}

//! A picture as a prop: compared by identity, because a new one is a new allocation and comparing
//! all of it costs more than drawing it.

use raftwerk_wire::view::ClusterView;
use std::ops::Deref;
use std::rc::Rc;

/// A shared picture.
#[derive(Clone, Default)]
pub struct Shown(pub Rc<ClusterView>);

impl PartialEq for Shown {
    fn eq(&self, other: &Shown) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Shown {
    type Target = ClusterView;

    fn deref(&self) -> &ClusterView {
        &self.0
    }
}

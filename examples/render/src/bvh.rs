//! A bounding volume hierarchy over the shapes, so a ray tests only a few of them. Each node has four
//! children, which are tested together.

use std::cell::RefCell;

use crate::boxes::{Bounds, Child, FastRay, Leaf, Node, WIDE};
use crate::shape::{Hit, Ray, Shape};

/// The tree, with its shapes in the order of its leaves.
#[derive(Debug)]
pub struct Bvh {
    root: Option<Child>,
    nodes: Vec<Node>,
    leaves: Vec<Leaf>,
    shapes: Vec<Shape>,
    /// Nodes that a ray still has to visit, with their entry distances. Reused between rays, because an
    /// allocation costs more than many a ray.
    waiting: RefCell<Vec<(Child, f32)>>,
}

impl Bvh {
    pub fn new(mut shapes: Vec<Shape>) -> Self {
        let mut tree = Self {
            root: None,
            nodes: Vec::new(),
            leaves: Vec::new(),
            shapes: Vec::new(),
            waiting: RefCell::default(),
        };
        if !shapes.is_empty() {
            tree.root = Some(tree.build(&mut shapes, 0));
        }
        tree.shapes = shapes;
        tree
    }

    /// The nearest hit between `near` and `far`.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub fn hit(&self, ray: &Ray, near: f64, far: f64) -> Option<Hit> {
        let mut best: Option<Hit> = None;
        self.walk(ray, near, far, |hit| {
            best = Some(hit);
            Some(hit.distance)
        });
        best
    }

    /// Calls `through` with every hit between `near` and `far`, in any order, until it returns false. Returns
    /// whether it never did.
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub fn all(
        &self,
        ray: &Ray,
        near: f64,
        far: f64,
        mut through: impl FnMut(Hit) -> bool,
    ) -> bool {
        let mut free = true;
        self.walk(ray, near, far, |hit| {
            free = through(hit);
            free.then_some(far)
        });
        free
    }

    /// Calls `found` with hits, nearer boxes first. `found` returns the distance up to which to continue, or
    /// `None` to stop.
    #[inline]
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    fn walk(&self, ray: &Ray, near: f64, mut far: f64, mut found: impl FnMut(Hit) -> Option<f64>) {
        let fast = FastRay::new(ray);
        let mut waiting = self.waiting.borrow_mut();
        waiting.clear();
        waiting.extend(self.root.map(|root| (root, 0.0)));
        while let Some((child, enter)) = waiting.pop() {
            if f64::from(enter) > far {
                continue;
            }
            match child {
                Child::Node(index) => {
                    let node = &self.nodes[index as usize];
                    let (mut met, enters) = fast.boxes(node, near as f32, far as f32);
                    let below = waiting.len();
                    while met != 0 {
                        let lane = met.trailing_zeros() as usize;
                        met &= met - 1;
                        // The nearest is visited first, so it must be last.
                        let mut place = waiting.len();
                        waiting.push((node.children[lane], enters[lane]));
                        while place > below && waiting[place - 1].1 < enters[lane] {
                            waiting.swap(place - 1, place);
                            place -= 1;
                        }
                    }
                }
                Child::Leaf(index) => {
                    let leaf = &self.leaves[index as usize];
                    let mut met = fast.spheres(leaf);
                    while met != 0 {
                        let shape = &self.shapes[leaf.first + met.trailing_zeros() as usize];
                        met &= met - 1;
                        if let Some(hit) = shape.hit(ray, near, far) {
                            match found(hit) {
                                Some(nearer) => far = nearer,
                                None => return,
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds the subtree of `shapes`, which start at index `first`.
    fn build(&mut self, shapes: &mut [Shape], first: usize) -> Child {
        if shapes.len() <= WIDE {
            self.leaves.push(Leaf::of(shapes, first));
            return Child::Leaf(self.leaves.len() as u32 - 1);
        }
        // Split the most expensive part until there are four.
        let mut ends = vec![0, shapes.len()];
        while ends.len() <= WIDE {
            let cost = |part: usize| {
                let shapes = &shapes[ends[part]..ends[part + 1]];
                let alone = shapes.len() < 2;
                if alone { 0.0 } else { cost(shapes) }
            };
            let worst = (0..ends.len() - 1)
                .max_by(|a, b| cost(*a).total_cmp(&cost(*b)))
                .unwrap_or_default();
            let part = &mut shapes[ends[worst]..ends[worst + 1]];
            let at = ends[worst] + cut(part);
            ends.insert(worst + 1, at);
        }
        let index = self.nodes.len();
        let parts: Vec<Bounds> = ends
            .windows(2)
            .map(|part| Bounds::of(&shapes[part[0]..part[1]]))
            .collect();
        self.nodes.push(Node::of(&parts));
        for part in 0..WIDE {
            let (from, to) = (ends[part], ends[part + 1]);
            let child = self.build(&mut shapes[from..to], first + from);
            self.nodes[index].children[part] = child;
        }
        Child::Node(index as u32)
    }
}

/// The cost of testing `shapes`.
fn cost(shapes: &[Shape]) -> f64 {
    shapes.len() as f64 * Bounds::of(shapes).surface()
}

/// Orders at least two shapes and returns the split with the lowest cost. Each part gets at least a
/// sixteenth, so the tree stays shallow.
fn cut(shapes: &mut [Shape]) -> usize {
    let least = (shapes.len() / 16).max(1);
    let mut best = (f64::INFINITY, 0, shapes.len() / 2);
    for axis in 0..3 {
        sort(shapes, axis);
        // The cost of the part after each split, accumulated from the end.
        let mut behind = vec![0.0; shapes.len()];
        let mut bounds = Bounds::NONE;
        for at in (1..shapes.len()).rev() {
            bounds = bounds.with(&shapes[at]);
            behind[at] = bounds.surface() * (shapes.len() - at) as f64;
        }
        let mut bounds = Bounds::NONE;
        for at in 1..shapes.len() {
            bounds = bounds.with(&shapes[at - 1]);
            let cost = bounds.surface() * at as f64 + behind[at];
            if cost < best.0 && at >= least && shapes.len() - at >= least {
                best = (cost, axis, at);
            }
        }
    }
    sort(shapes, best.1);
    best.2
}

fn sort(shapes: &mut [Shape], axis: usize) {
    let center = |shape: &Shape| shape.around().0.axis(axis);
    shapes.sort_by(|a, b| center(a).total_cmp(&center(b)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;
    use crate::shape::Form;
    use crate::vector::Vec3;

    #[test]
    fn the_tree_finds_the_same_hits_as_a_linear_search() {
        let mut rng = Rng::new(5);
        let shapes: Vec<Shape> = (0..200)
            .map(|material| Shape {
                form: Form::Sphere {
                    center: rng.on_sphere() * rng.between(0.0, 10.0),
                    radius: rng.between(0.05, 0.5),
                },
                material,
            })
            .collect();
        let tree = Bvh::new(shapes.clone());
        let mut hits = 0;
        for _ in 0..2000 {
            let origin = rng.on_sphere() * 12.0;
            let target = rng.on_sphere() * rng.between(0.0, 8.0);
            let ray = Ray {
                origin,
                direction: (target - origin).unit(),
            };
            let slow = shapes
                .iter()
                .filter_map(|shape| shape.hit(&ray, 1e-6, 1e9))
                .min_by(|a, b| a.distance.total_cmp(&b.distance));
            let fast = tree.hit(&ray, 1e-6, 1e9);
            assert_eq!(fast.map(|h| h.material), slow.map(|h| h.material));
            hits += usize::from(slow.is_some());
        }
        assert!(hits > 100);
    }

    #[test]
    fn an_empty_scene_has_no_hits() {
        let ray = Ray {
            origin: Vec3::ZERO,
            direction: Vec3::ONE.unit(),
        };
        assert!(Bvh::new(Vec::new()).hit(&ray, 0.0, 1e9).is_none());
    }
}

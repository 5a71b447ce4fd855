//! Nodes and leaves of the tree, four boxes or shapes each, and their intersection with rays.

use crate::four::Four;
use crate::shape::{Ray, Shape};
use crate::vector::Vec3;

/// Maximum number of boxes in a node, and of shapes in a leaf.
pub(crate) const WIDE: usize = 4;
/// Position of unused entries, so far away that no ray hits them.
const NOWHERE: f32 = 1e30;
/// Margin for the rounding of 32-bit numbers.
const SLACK: f64 = 1e-5;

/// Four boxes and their content.
#[derive(Debug)]
pub(crate) struct Node {
    low: [Four; 3],
    high: [Four; 3],
    pub(crate) children: [Child; WIDE],
}

/// Four shapes, each as its bounding sphere.
#[derive(Debug)]
pub(crate) struct Leaf {
    center: [Four; 3],
    radius_squared: Four,
    /// Index of the first shape.
    pub(crate) first: usize,
}

/// Content of a box.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Child {
    Node(u32),
    Leaf(u32),
}

/// A ray prepared for tests against many boxes and spheres.
pub(crate) struct FastRay {
    origin: [Four; 3],
    direction: [Four; 3],
    inverse: [Four; 3],
}

impl FastRay {
    #[inline]
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub(crate) fn new(ray: &Ray) -> Self {
        let inverse = |x: f64| {
            let inverse = 1.0 / x as f32;
            Four::all(if inverse.is_finite() {
                inverse
            } else {
                NOWHERE
            })
        };
        let (o, d) = (ray.origin, ray.direction);
        Self {
            origin: [
                Four::all(o.x as f32),
                Four::all(o.y as f32),
                Four::all(o.z as f32),
            ],
            direction: [
                Four::all(d.x as f32),
                Four::all(d.y as f32),
                Four::all(d.z as f32),
            ],
            inverse: [inverse(d.x), inverse(d.y), inverse(d.z)],
        }
    }

    /// A bit for each box that the ray crosses between `near` and `far`, and the entry distances.
    #[inline]
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub(crate) fn boxes(&self, node: &Node, near: f32, far: f32) -> (u32, [f32; WIDE]) {
        let (mut enter, mut leave) = (Four::all(near), Four::all(far));
        for axis in 0..3 {
            let (origin, inverse) = (self.origin[axis], self.inverse[axis]);
            let one = node.low[axis].minus(origin).times(inverse);
            let two = node.high[axis].minus(origin).times(inverse);
            enter = enter.greater(one.lesser(two));
            leave = leave.lesser(one.greater(two));
        }
        (enter.at_most(leave), enter.numbers())
    }

    /// A bit for each sphere that the line of the ray may hit.
    #[inline]
    #[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
    pub(crate) fn spheres(&self, leaf: &Leaf) -> u32 {
        let to_center = [0, 1, 2].map(|axis| leaf.center[axis].minus(self.origin[axis]));
        let (mut along, mut squared) = (Four::all(0.0), Four::all(0.0));
        for (to, direction) in to_center.into_iter().zip(self.direction) {
            along = along.plus(to.times(direction));
            squared = squared.plus(to.times(to));
        }
        // Rounding is relative to the size of the numbers; a near miss counts as a hit.
        let doubt = squared.times(Four::all(SLACK as f32));
        let aside = squared.minus(along.times(along)).minus(doubt);
        aside.at_most(leaf.radius_squared)
    }
}

impl Node {
    pub(crate) fn of(parts: &[Bounds]) -> Self {
        let corner = |pick: fn(&Bounds) -> (Vec3, f64)| {
            [0, 1, 2].map(|axis| {
                Four::new(std::array::from_fn(|lane| match parts.get(lane) {
                    Some(bounds) => {
                        let (corner, outward) = pick(bounds);
                        let x = corner.axis(axis);
                        (x + outward * SLACK * (1.0 + x.abs())) as f32
                    }
                    None => NOWHERE,
                }))
            })
        };
        Self {
            low: corner(|bounds| (bounds.low, -1.0)),
            high: corner(|bounds| (bounds.high, 1.0)),
            children: [Child::Leaf(0); WIDE],
        }
    }
}

impl Leaf {
    pub(crate) fn of(shapes: &[Shape], first: usize) -> Self {
        let spheres: Vec<(Vec3, f64)> = shapes.iter().map(Shape::around).collect();
        let lanes = |number: fn(&(Vec3, f64)) -> f64, otherwise: f32| {
            Four::new(std::array::from_fn(|lane| match spheres.get(lane) {
                Some(sphere) => number(sphere) as f32,
                None => otherwise,
            }))
        };
        Self {
            center: [
                lanes(|(center, _)| center.x, 0.0),
                lanes(|(center, _)| center.y, 0.0),
                lanes(|(center, _)| center.z, 0.0),
            ],
            radius_squared: lanes(
                |(_, radius)| radius * radius * (1.0 + 2.0 * SLACK),
                -NOWHERE,
            ),
            first,
        }
    }
}

/// An axis-aligned box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) low: Vec3,
    pub(crate) high: Vec3,
}

impl Bounds {
    pub(crate) const NONE: Self = Self {
        low: Vec3 {
            x: f64::INFINITY,
            y: f64::INFINITY,
            z: f64::INFINITY,
        },
        high: Vec3 {
            x: f64::NEG_INFINITY,
            y: f64::NEG_INFINITY,
            z: f64::NEG_INFINITY,
        },
    };

    pub(crate) fn of(shapes: &[Shape]) -> Self {
        shapes.iter().fold(Self::NONE, Self::with)
    }

    pub(crate) fn with(self, shape: &Shape) -> Self {
        let (low, high) = shape.bounds();
        Self {
            low: self.low.min(low),
            high: self.high.max(high),
        }
    }

    /// Half the surface area, to which the probability of a hit is proportional.
    pub(crate) fn surface(&self) -> f64 {
        let size = self.high - self.low;
        size.x * size.y + size.y * size.z + size.z * size.x
    }
}

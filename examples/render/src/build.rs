//! Objects of many shapes: a stream of spheres along a curve, and a mill wheel.

use crate::rng::Rng;
use crate::shape::{Form, Shape};
use crate::vector::{Vec3, vec3};
use std::f64::consts::TAU;

/// Non-overlapping spheres scattered along a curve.
#[derive(Debug)]
pub struct Stream {
    pub count: usize,
    /// Minimum and maximum radius.
    pub radii: (f64, f64),
    /// Maximum distance from the curve on both sides.
    pub width: f64,
    /// Maximum height above the curve.
    pub height: f64,
    pub seed: u64,
    /// Materials of the spheres; a material listed twice is twice as frequent.
    pub materials: Vec<usize>,
    /// Points on the curve.
    pub points: Vec<Vec3>,
}

/// Maximum number of positions tried for each sphere.
const TRIES: usize = 20;

impl Stream {
    /// # Errors
    /// If the curve has fewer than two points.
    pub fn shapes(&self) -> Result<Vec<Shape>, String> {
        if self.points.len() < 2 {
            return Err("a stream needs at least two points".into());
        }
        let mut rng = Rng::new(self.seed);
        let mut placed: Vec<(Vec3, f64, usize)> = Vec::new();
        for number in 0..self.count {
            // Large spheres first, while there is space for them.
            let size = 1.0 - number as f64 / self.count as f64;
            let radius = self.radii.0 + (self.radii.1 - self.radii.0) * size * size;
            for _ in 0..TRIES {
                let center = self.place(radius, &mut rng);
                let free = |(other, other_radius, _): &(Vec3, f64, usize)| {
                    let apart = radius + other_radius;
                    (center - *other).length_squared() >= apart * apart
                };
                if placed.iter().all(free) {
                    let material = self.materials[rng.below(self.materials.len())];
                    placed.push((center, radius, material));
                    break;
                }
            }
        }
        let shape = |(center, radius, material)| Shape {
            form: Form::Sphere { center, radius },
            material,
        };
        Ok(placed.into_iter().map(shape).collect())
    }

    fn place(&self, radius: f64, rng: &mut Rng) -> Vec3 {
        let along = rng.between(0.0, (self.points.len() - 1) as f64);
        let (point, direction) = self.curve(along);
        let aside = direction.cross(vec3(0.0, 1.0, 0.0)).unit();
        // Denser in the middle and at the bottom, like water.
        let (left, right) = (rng.between(-1.0, 1.0), rng.between(-1.0, 1.0));
        let up = rng.unit() * rng.unit();
        point
            + aside * (0.5 * (left + right) * self.width)
            + vec3(0.0, radius + up * self.height, 0.0)
    }

    /// Position and direction at `along` on the Catmull-Rom curve through the points.
    fn curve(&self, along: f64) -> (Vec3, Vec3) {
        let last = self.points.len() - 1;
        let segment = (along as usize).min(last - 1);
        let t = along - segment as f64;
        let point = |offset: usize| self.points[(segment + offset).saturating_sub(1).min(last)];
        let (a, b, c, d) = (point(0), point(1), point(2), point(3));
        let one = (c - a) * 0.5;
        let two = a - b * 2.5 + c * 2.0 - d * 0.5;
        let three = (d - a) * 0.5 + (b - c) * 1.5;
        let place = b + (one + (two + three * t) * t) * t;
        let direction = one + (two * 2.0 + three * (3.0 * t)) * t;
        (place, direction.unit())
    }
}

/// A water wheel around the z axis, with its supports.
#[derive(Debug)]
pub struct Wheel {
    pub center: Vec3,
    pub radius: f64,
    pub width: f64,
    pub spokes: usize,
    /// Material of the rims and the axle.
    pub rim: usize,
    /// Material of spokes, paddles and supports.
    pub wood: usize,
}

/// Number of straight segments of a rim.
const PIECES: usize = 48;
/// Number of planks of a paddle.
const PLANKS: usize = 5;

impl Wheel {
    pub fn shapes(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        let half = self.width / 2.0;
        let thick = self.radius * 0.035;
        for side in [-half, half] {
            for (reach, thick) in [(0.96, thick), (0.66, thick * 0.8)] {
                for piece in 0..PIECES {
                    let angle = |at: usize| at as f64 / PIECES as f64 * TAU;
                    shapes.push(self.stick(
                        self.at(angle(piece), reach, side),
                        self.at(angle(piece + 1), reach, side),
                        thick,
                        self.rim,
                    ));
                }
            }
            for spoke in 0..self.spokes {
                let angle = spoke as f64 / self.spokes as f64 * TAU;
                let (from, to) = (self.at(angle, 0.06, side), self.at(angle, 0.95, side));
                shapes.push(self.stick(from, to, thick * 0.8, self.wood));
            }
            shapes.extend(self.stand(side.signum() * (half + 4.5 * thick)));
        }
        for paddle in 0..self.spokes * 2 {
            let angle = paddle as f64 / (self.spokes * 2) as f64 * TAU;
            for plank in 0..PLANKS {
                let reach = 0.74 + 0.075 * plank as f64;
                let (from, to) = (self.at(angle, reach, -half), self.at(angle, reach, half));
                shapes.push(self.stick(from, to, thick * 0.95, self.wood));
            }
        }
        let end = half + 6.0 * thick;
        let (from, to) = (vec3(0.0, 0.0, -end), vec3(0.0, 0.0, end));
        let (from, to) = (self.center + from, self.center + to);
        shapes.push(self.stick(from, to, thick * 2.0, self.rim));
        shapes
    }

    /// Two legs from the axle to the ground, at `side` of the wheel.
    fn stand(&self, side: f64) -> Vec<Shape> {
        let top = self.center + vec3(0.0, 0.0, side);
        [-0.55, 0.55]
            .map(|aside| {
                let foot = vec3(top.x + aside * self.radius, 0.0, top.z);
                self.stick(top, foot, self.radius * 0.05, self.wood)
            })
            .to_vec()
    }

    fn at(&self, angle: f64, reach: f64, side: f64) -> Vec3 {
        let (sin, cos) = angle.sin_cos();
        self.center + vec3(cos * reach * self.radius, sin * reach * self.radius, side)
    }

    fn stick(&self, from: Vec3, to: Vec3, radius: f64, material: usize) -> Shape {
        Shape {
            form: Form::Capsule { from, to, radius },
            material,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spheres_of_a_stream_do_not_overlap() {
        let stream = Stream {
            count: 100,
            radii: (0.05, 0.2),
            width: 0.5,
            height: 0.3,
            seed: 1,
            materials: vec![0],
            points: vec![Vec3::ZERO, vec3(1.0, 0.0, 2.0), vec3(4.0, 0.0, 2.0)],
        };
        let spheres: Vec<(Vec3, f64)> = stream
            .shapes()
            .unwrap()
            .iter()
            .filter_map(|shape| match shape.form {
                Form::Sphere { center, radius } => Some((center, radius)),
                Form::Capsule { .. } => None,
            })
            .collect();
        assert!(spheres.len() > 50);
        for (index, one) in spheres.iter().enumerate() {
            for two in &spheres[index + 1..] {
                assert!((one.0 - two.0).length() >= one.1 + two.1 - 1e-9);
            }
        }
    }
}

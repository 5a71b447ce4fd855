//! Shapes and their intersection with rays.

use crate::vector::{Vec3, vec3};

/// A ray; `direction` has length 1.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    pub origin: Vec3,
    pub direction: Vec3,
}

impl Ray {
    pub fn at(&self, distance: f64) -> Vec3 {
        self.origin + self.direction * distance
    }
}

/// The hit of a ray.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    pub distance: f64,
    /// The outward normal, of length 1.
    pub normal: Vec3,
    /// Index of the material.
    pub material: usize,
}

/// A shape with its material.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub form: Form,
    pub material: usize,
}

/// The geometry of a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Sphere {
        center: Vec3,
        radius: f64,
    },
    /// A cylinder with round ends.
    Capsule {
        from: Vec3,
        to: Vec3,
        radius: f64,
    },
}

impl Shape {
    /// The nearest hit of the ray between `near` and `far`.
    pub fn hit(&self, ray: &Ray, near: f64, far: f64) -> Option<Hit> {
        let (distance, normal) = match self.form {
            Form::Sphere { center, radius } => {
                let distance = sphere(ray, center, radius, near, far)?;
                (distance, (ray.at(distance) - center) / radius)
            }
            Form::Capsule { from, to, radius } => capsule(ray, from, to, radius, near, far)?,
        };
        Some(Hit {
            distance,
            normal,
            material: self.material,
        })
    }

    /// Centre and radius of the bounding sphere.
    pub fn around(&self) -> (Vec3, f64) {
        match self.form {
            Form::Sphere { center, radius } => (center, radius),
            Form::Capsule { from, to, radius } => {
                ((from + to) * 0.5, (to - from).length() * 0.5 + radius)
            }
        }
    }

    /// The corners of the bounding box.
    pub fn bounds(&self) -> (Vec3, Vec3) {
        let (from, to, radius) = match self.form {
            Form::Sphere { center, radius } => (center, center, radius),
            Form::Capsule { from, to, radius } => (from, to, radius),
        };
        let around = vec3(radius, radius, radius);
        (from.min(to) - around, from.max(to) + around)
    }
}

fn sphere(ray: &Ray, center: Vec3, radius: f64, near: f64, far: f64) -> Option<f64> {
    let to_origin = ray.origin - center;
    let half_b = to_origin.dot(ray.direction);
    let c = to_origin.length_squared() - radius * radius;
    let discriminant = half_b * half_b - c;
    if discriminant < 0.0 {
        return None;
    }
    let root = discriminant.sqrt();
    [-half_b - root, -half_b + root]
        .into_iter()
        .find(|distance| *distance > near && *distance < far)
}

/// Tests the side of the capsule, then its two ends. Rays start outside, so hits from inside are not
/// searched.
fn capsule(
    ray: &Ray,
    from: Vec3,
    to: Vec3,
    radius: f64,
    near: f64,
    far: f64,
) -> Option<(f64, Vec3)> {
    let axis = to - from;
    let to_origin = ray.origin - from;
    let along = axis.length_squared();
    let axis_dir = axis.dot(ray.direction);
    let axis_origin = axis.dot(to_origin);
    let a = along - axis_dir * axis_dir;
    let b = along * to_origin.dot(ray.direction) - axis_origin * axis_dir;
    let c = along * (to_origin.length_squared() - radius * radius) - axis_origin * axis_origin;
    let discriminant = b * b - a * c;
    if discriminant < 0.0 {
        return None;
    }
    if a > 0.0 {
        let distance = (-b - discriminant.sqrt()) / a;
        let height = axis_origin + distance * axis_dir;
        if height > 0.0 && height < along && distance > near && distance < far {
            let foot = from + axis * (height / along);
            return Some((distance, (ray.at(distance) - foot) / radius));
        }
    }
    let ends = [from, to].map(|end| {
        let distance = sphere(ray, end, radius, near, far)?;
        Some((distance, (ray.at(distance) - end) / radius))
    });
    match ends {
        [Some(one), Some(two)] => Some(if one.0 < two.0 { one } else { two }),
        [one, two] => one.or(two),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ray(origin: Vec3, direction: Vec3) -> Ray {
        Ray {
            origin,
            direction: direction.unit(),
        }
    }

    fn shape(form: Form) -> Shape {
        Shape { form, material: 0 }
    }

    #[test]
    fn a_sphere_is_hit_from_outside_and_inside() {
        let ball = shape(Form::Sphere {
            center: Vec3::ZERO,
            radius: 1.0,
        });
        let towards = vec3(0.0, 0.0, 1.0);
        let hit = |origin| ball.hit(&ray(origin, towards), 1e-6, 1e9);
        assert_eq!(hit(vec3(0.0, 0.0, -3.0)).map(|h| h.distance), Some(2.0));
        assert_eq!(hit(Vec3::ZERO).map(|h| h.distance), Some(1.0));
        assert!(hit(vec3(0.0, 0.0, 3.0)).is_none());
        assert!(hit(vec3(0.0, 1.1, -3.0)).is_none());
    }

    #[test]
    fn a_capsule_has_a_side_and_two_ends() {
        let stick = shape(Form::Capsule {
            from: vec3(-1.0, 0.0, 0.0),
            to: vec3(1.0, 0.0, 0.0),
            radius: 0.5,
        });
        let side = stick.hit(&ray(vec3(0.0, 0.0, -3.0), vec3(0.0, 0.0, 1.0)), 1e-6, 1e9);
        let end = stick.hit(&ray(vec3(5.0, 0.0, 0.0), vec3(-1.0, 0.0, 0.0)), 1e-6, 1e9);
        assert_eq!(side.map(|h| h.distance), Some(2.5));
        assert_eq!(end.map(|h| h.distance), Some(3.5));
        let past = ray(vec3(2.0, 0.0, -3.0), vec3(0.0, 0.0, 1.0));
        assert!(stick.hit(&past, 1e-6, 1e9).is_none());
    }
}

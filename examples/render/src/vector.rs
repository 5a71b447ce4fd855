//! Vectors, which are also colours: red, green and blue light.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

/// A point, a direction or a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vec3 {
    pub x: f64,
    pub y: f64,
    pub z: f64,
}

/// Shorthand for a vector.
pub const fn vec3(x: f64, y: f64, z: f64) -> Vec3 {
    Vec3 { x, y, z }
}

/// The smaller of two numbers. Unlike `f64::min`, not a function call in WebAssembly.
pub fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

/// The larger of two numbers. Unlike `f64::max`, not a function call in WebAssembly.
pub fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

impl Vec3 {
    pub const ZERO: Self = vec3(0.0, 0.0, 0.0);
    pub const ONE: Self = vec3(1.0, 1.0, 1.0);

    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub fn cross(self, other: Self) -> Self {
        vec3(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    pub fn length_squared(self) -> f64 {
        self.dot(self)
    }

    pub fn length(self) -> f64 {
        self.length_squared().sqrt()
    }

    /// The unit vector of the same direction; a zero vector is unchanged.
    pub fn unit(self) -> Self {
        let length = self.length();
        if length > 0.0 { self / length } else { self }
    }

    pub fn min(self, other: Self) -> Self {
        vec3(
            lesser(self.x, other.x),
            lesser(self.y, other.y),
            lesser(self.z, other.z),
        )
    }

    pub fn max(self, other: Self) -> Self {
        vec3(
            greater(self.x, other.x),
            greater(self.y, other.y),
            greater(self.z, other.z),
        )
    }

    /// The smallest component.
    pub fn smallest(self) -> f64 {
        lesser(lesser(self.x, self.y), self.z)
    }

    /// The largest component.
    pub fn largest(self) -> f64 {
        greater(greater(self.x, self.y), self.z)
    }

    /// Linear interpolation: `self` at 0, `other` at 1.
    pub fn mix(self, other: Self, at: f64) -> Self {
        self * (1.0 - at) + other * at
    }

    /// Reflection at a surface with this normal.
    pub fn reflect(self, normal: Self) -> Self {
        self - normal * (2.0 * self.dot(normal))
    }

    /// Two directions perpendicular to this one and to each other.
    pub fn basis(self) -> (Self, Self) {
        let away = if self.x.abs() > 0.9 {
            vec3(0.0, 1.0, 0.0)
        } else {
            vec3(1.0, 0.0, 0.0)
        };
        let tangent = self.cross(away).unit();
        (tangent, self.cross(tangent))
    }

    /// The component of an axis: 0 is x, 1 is y, any other z.
    pub fn axis(self, axis: usize) -> f64 {
        match axis {
            0 => self.x,
            1 => self.y,
            _ => self.z,
        }
    }
}

impl Add for Vec3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        vec3(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl AddAssign for Vec3 {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Vec3 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        vec3(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Neg for Vec3 {
    type Output = Self;
    fn neg(self) -> Self {
        vec3(-self.x, -self.y, -self.z)
    }
}

impl Mul<f64> for Vec3 {
    type Output = Self;
    fn mul(self, by: f64) -> Self {
        vec3(self.x * by, self.y * by, self.z * by)
    }
}

/// Component-wise product: light through a filter.
impl Mul for Vec3 {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        vec3(self.x * other.x, self.y * other.y, self.z * other.z)
    }
}

impl Div<f64> for Vec3 {
    type Output = Self;
    fn div(self, by: f64) -> Self {
        self * (1.0 / by)
    }
}

//! The camera: rays through pixels.

use crate::rng::Rng;
use crate::shape::Ray;
use crate::vector::{Vec3, vec3};

/// A lens at one point, directed at another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    pub from: Vec3,
    pub at: Vec3,
    /// Vertical field of view in degrees.
    pub degrees: f64,
    /// Diameter of the lens; a larger one reduces the depth of field.
    pub aperture: f64,
    /// Distance of the focal plane.
    pub focus: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self {
            from: vec3(0.0, 1.0, 5.0),
            at: Vec3::ZERO,
            degrees: 45.0,
            aperture: 0.0,
            focus: 5.0,
        }
    }
}

/// A camera prepared for a picture size.
#[derive(Clone, Copy, Debug)]
pub struct View {
    from: Vec3,
    right: Vec3,
    up: Vec3,
    forward: Vec3,
    /// Half the height of the picture at distance 1.
    half_height: f64,
    lens: f64,
    focus: f64,
    width: f64,
    height: f64,
}

impl Camera {
    pub fn view(&self, width: u32, height: u32) -> View {
        let forward = (self.at - self.from).unit();
        let right = forward.cross(vec3(0.0, 1.0, 0.0)).unit();
        View {
            from: self.from,
            right,
            up: right.cross(forward),
            forward,
            half_height: (self.degrees.to_radians() / 2.0).tan(),
            lens: self.aperture / 2.0,
            focus: self.focus,
            width: f64::from(width),
            height: f64::from(height),
        }
    }
}

impl View {
    /// A ray through the point (`x`, `y`) of the picture, in pixels from the upper left corner.
    pub fn ray(&self, x: f64, y: f64, rng: &mut Rng) -> Ray {
        let scale = self.half_height * 2.0 / self.height;
        let aside = (x - self.width / 2.0) * scale;
        let above = (self.height / 2.0 - y) * scale;
        let sharp = self.from + (self.forward + self.right * aside + self.up * above) * self.focus;
        let (lens_x, lens_y) = rng.in_disc();
        let origin = self.from + self.right * (lens_x * self.lens) + self.up * (lens_y * self.lens);
        Ray {
            origin,
            direction: (sharp - origin).unit(),
        }
    }
}

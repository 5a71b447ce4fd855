//! Path tracing from the camera.

use crate::material::{Material, mirrored, refracted};
use crate::rng::Rng;
use crate::scene::Scene;
use crate::shape::{Form, Hit, Ray};
use crate::vector::Vec3;
use std::f64::consts::{PI, TAU};

/// Maximum number of surfaces on a path.
const DEEPEST: u32 = 10;
/// From this surface on, a path may end at random; the less light it carries, the likelier.
const CHANCE_FROM: u32 = 2;
/// Distance of a ray's origin from the surface that it leaves.
const GAP: f64 = 1e-4;
const FAR: f64 = 1e9;
/// Maximum light of one sample; rare brighter ones would appear as white specks.
const BRIGHTEST: f64 = 6.0;
/// Maximum roughness of a mirror that shows the disc of the sun.
const CLEAR: f64 = 0.03;
/// A lamp with less light than this is sampled at random.
const FAINT: f64 = 0.15;
/// Fraction of light that passes through glass into its shadow.
const THROUGH_GLASS: f64 = 0.8;
/// Refractive index of a coat.
const COAT: f64 = 1.5;

/// The light of a pixel: the mean of `samples` paths, stratified over the pixel.
pub fn pixel(scene: &Scene, view: &crate::camera::View, x: u32, y: u32, samples: u32) -> Vec3 {
    let pixel = Rng::of_pixel(x, y);
    let mut sum = Vec3::ZERO;
    for sample in 0..samples {
        let mut rng = pixel.of_sample(sample);
        let (across, down) = (f64::from(x) + rng.unit(), f64::from(y) + rng.unit());
        let ray = view.ray(across, down, &mut rng);
        let light = path(scene, ray, &mut rng);
        let brightest = light.largest();
        sum += if brightest > BRIGHTEST {
            light * (BRIGHTEST / brightest)
        } else {
            light
        };
    }
    sum / f64::from(samples)
}

/// The state of a path.
struct Bounce {
    direction: Vec3,
    /// Fraction of the light that the path transports.
    color: Vec3,
    /// Whether hit lamps count. They do not if they have been sampled directly.
    sees_lamps: bool,
    /// Whether the disc of the sun counts. In a rough mirror it would appear as white specks.
    sees_sun: bool,
}

fn path(scene: &Scene, mut ray: Ray, rng: &mut Rng) -> Vec3 {
    let mut light = Vec3::ZERO;
    let mut carried = Vec3::ONE;
    let (mut sees_lamps, mut sees_sun) = (true, true);
    for depth in 0..DEEPEST {
        let Some(hit) = scene.hit(&ray, GAP, FAR) else {
            return light + carried * scene.sky.light(ray.direction, sees_sun);
        };
        let material = &scene.materials[hit.material];
        if let Material::Light { color } = material {
            return if sees_lamps {
                light + carried * *color
            } else {
                light
            };
        }
        let point = ray.at(hit.distance);
        let bounce = match *material {
            Material::Metal { color, roughness } => metal(&ray, &hit, color, roughness, rng),
            Material::Glass { tint, index } => Some(glass(&ray, &hit, tint, index, rng)),
            Material::Coated { roughness, .. } | Material::Stones { roughness, .. }
                if rng.unit() < mirrored(-ray.direction.dot(hit.normal), COAT) =>
            {
                metal(&ray, &hit, Vec3::ONE, roughness, rng)
            }
            _ => {
                let color = material.color_at(point);
                light += carried * color * lamps(scene, point, hit.normal, rng) / PI;
                let direction = (hit.normal + rng.on_sphere()).unit();
                Some(Bounce {
                    direction,
                    color,
                    sees_lamps: false,
                    sees_sun: false,
                })
            }
        };
        let Some(bounce) = bounce else {
            return light;
        };
        carried = carried * bounce.color;
        (sees_lamps, sees_sun) = (bounce.sees_lamps, sees_sun && bounce.sees_sun);
        ray = Ray {
            origin: point,
            direction: bounce.direction,
        };
        if depth >= CHANCE_FROM {
            let survives = carried.largest().min(0.95);
            if rng.unit() >= survives {
                return light;
            }
            carried = carried / survives;
        }
    }
    light
}

/// A rough mirror scatters around the mirrored direction; `None` if the direction points inside.
fn metal(ray: &Ray, hit: &Hit, color: Vec3, roughness: f64, rng: &mut Rng) -> Option<Bounce> {
    let mut direction = ray.direction.reflect(hit.normal);
    if roughness > 0.0 {
        direction = (direction + rng.on_sphere() * (roughness * rng.unit())).unit();
    }
    (direction.dot(hit.normal) > 0.0).then_some(Bounce {
        direction,
        color,
        sees_lamps: true,
        sees_sun: roughness < CLEAR,
    })
}

fn glass(ray: &Ray, hit: &Hit, tint: Vec3, index: f64, rng: &mut Rng) -> Bounce {
    let enters = ray.direction.dot(hit.normal) < 0.0;
    let (normal, ratio) = if enters {
        (hit.normal, 1.0 / index)
    } else {
        (-hit.normal, index)
    };
    let cos = -ray.direction.dot(normal);
    let through = refracted(ray.direction, normal, ratio);
    // From inside, the angle on the outside determines the reflection.
    let outer_cos = match through {
        Some(direction) if !enters => direction.dot(hit.normal),
        _ => cos,
    };
    let (direction, color) = match through {
        Some(direction) if rng.unit() >= mirrored(outer_cos, index) => (direction, tint),
        _ => (ray.direction.reflect(normal), Vec3::ONE),
    };
    Bounce {
        direction: direction.unit(),
        color,
        sees_lamps: true,
        sees_sun: true,
    }
}

/// The direct light of the sun and of one lamp on a diffuse surface.
fn lamps(scene: &Scene, point: Vec3, normal: Vec3, rng: &mut Rng) -> Vec3 {
    let sun = &scene.sky.sun;
    let towards = rng.in_cone(sun.direction, sun.cos_half);
    let mut light = arriving(scene, point, normal, towards, FAR) * sun.color;
    if scene.lamps.is_empty() {
        return light;
    }
    let lamp = &scene.shapes()[scene.lamps[rng.below(scene.lamps.len())]];
    if let (Form::Sphere { center, radius }, Material::Light { color }) =
        (lamp.form, scene.materials[lamp.material])
    {
        let to_lamp = center - point;
        let distance = to_lamp.length();
        if distance > radius {
            let cos_half = (1.0 - (radius / distance).powi(2)).max(0.0).sqrt();
            let towards = rng.in_cone(to_lamp / distance, cos_half);
            let covered = TAU * (1.0 - cos_half) * scene.lamps.len() as f64;
            // A lamp with little light is sampled more rarely, with a higher weight.
            let asked = (color.largest() * covered / FAINT).min(1.0);
            if rng.unit() < asked {
                light += arriving(scene, point, normal, towards, distance - radius)
                    * color
                    * (covered / asked);
            }
        }
    }
    light
}

/// The fraction of light from a direction that arrives on a surface: the cosine, and what is not occluded
/// before `far`.
fn arriving(scene: &Scene, point: Vec3, normal: Vec3, towards: Vec3, far: f64) -> Vec3 {
    let cos = normal.dot(towards);
    if cos <= 0.0 {
        return Vec3::ZERO;
    }
    let ray = Ray {
        origin: point,
        direction: towards,
    };
    scene.passing(&ray, GAP, far - GAP, THROUGH_GLASS) * cos
}

/// Maps light to display values: a filmic curve, then the sRGB curve.
pub fn shown(light: Vec3) -> [u8; 3] {
    [light.x, light.y, light.z].map(|x| {
        let film = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14);
        let film = film.clamp(0.0, 1.0);
        let screen = if film <= 0.003_130_8 {
            12.92 * film
        } else {
            1.055 * film.powf(1.0 / 2.4) - 0.055
        };
        (screen * 255.0 + 0.5) as u8
    })
}

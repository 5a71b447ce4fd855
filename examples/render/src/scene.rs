//! The scene, and its text format: one object per line; `#` starts a comment.
//!
//! ```text
//! camera   FROM AT DEGREES APERTURE FOCUS     position, target, field of view and lens
//! exposure FACTOR                             brightness of the picture
//! sky      ZENITH HORIZON                     two colours
//! sun      TOWARDS COLOR DEGREES              its direction, light and size
//! material NAME matte COLOR
//! material NAME coated COLOR ROUGHNESS
//! material NAME stones LIGHT DARK SIZE ROUGHNESS
//! material NAME metal COLOR ROUGHNESS
//! material NAME glass COLOR INDEX
//! material NAME light COLOR
//! ground   HEIGHT MATERIAL                    an infinite floor
//! sphere   CENTER RADIUS MATERIAL
//! capsule  FROM TO RADIUS MATERIAL            a cylinder with round ends
//! stream   COUNT RADIUS RADIUS WIDTH HEIGHT SEED MATERIAL,… POINT POINT …
//! wheel    CENTER RADIUS WIDTH SPOKES RIM WOOD
//! ```
//! A point, direction or colour is three numbers.

use crate::build;
use crate::bvh::Bvh;
use crate::camera::Camera;
use crate::material::Material;
use crate::shape::{Form, Hit, Ray, Shape};
use crate::sky::{Sky, Sun};
use crate::vector::{Vec3, vec3};

/// Maximum number of shapes of a scene.
const MAX_SHAPES: usize = 100_000;

/// A scene.
#[derive(Debug)]
pub struct Scene {
    pub camera: Camera,
    pub exposure: f64,
    pub sky: Sky,
    pub materials: Vec<Material>,
    /// Height and material of the floor.
    ground: Option<(f64, usize)>,
    shapes: Vec<Shape>,
    tree: Bvh,
    /// Indices of the spheres that emit light.
    pub lamps: Vec<usize>,
}

impl Scene {
    /// Parses a scene.
    ///
    /// # Errors
    /// A message with the line number and the problem.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = Words(line.split_whitespace());
            if let Some(kind) = words.0.next() {
                reader
                    .read(kind, &mut words)
                    .and_then(|()| words.end())
                    .map_err(|reason| format!("line {}: {reason}", number + 1))?;
            }
        }
        Ok(reader.finish())
    }

    /// All shapes except the floor.
    pub fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The nearest hit of the ray.
    pub fn hit(&self, ray: &Ray, near: f64, far: f64) -> Option<Hit> {
        let floor = self.floor(ray, near, far);
        let far = floor.map_or(far, |hit| hit.distance);
        self.tree.hit(ray, near, far).or(floor)
    }

    fn floor(&self, ray: &Ray, near: f64, far: f64) -> Option<Hit> {
        let (height, material) = self.ground?;
        let distance = (height - ray.origin.y) / ray.direction.y;
        (ray.direction.y < 0.0 && distance > near && distance < far).then_some(Hit {
            distance,
            normal: vec3(0.0, 1.0, 0.0),
            material,
        })
    }

    /// The fraction of light that passes along the ray; each glass surface transmits `through` of it.
    pub fn passing(&self, ray: &Ray, near: f64, far: f64, through: f64) -> Vec3 {
        if self.floor(ray, near, far).is_some() {
            return Vec3::ZERO;
        }
        let mut passing = Vec3::ONE;
        let free = self.tree.all(ray, near, far, |hit| {
            match self.materials[hit.material] {
                Material::Glass { tint, .. } => passing = passing * tint * through,
                Material::Light { .. } => {}
                _ => return false,
            }
            true
        });
        if free { passing } else { Vec3::ZERO }
    }
}

#[derive(Default)]
struct Reader {
    camera: Camera,
    exposure: Option<f64>,
    sky: Sky,
    names: Vec<String>,
    materials: Vec<Material>,
    ground: Option<(f64, usize)>,
    shapes: Vec<Shape>,
}

impl Reader {
    fn read(&mut self, kind: &str, words: &mut Words<'_>) -> Result<(), String> {
        match kind {
            "camera" => {
                self.camera = Camera {
                    from: words.vector("where the camera is")?,
                    at: words.vector("what it looks at")?,
                    degrees: words.number("its angle")?,
                    aperture: words.number("its aperture")?,
                    focus: words.number("its focus")?,
                }
            }
            "exposure" => self.exposure = Some(words.number("the exposure")?),
            "sky" => {
                self.sky.zenith = words.vector("the colour above")?;
                self.sky.horizon = words.vector("the colour at the horizon")?;
            }
            "sun" => {
                self.sky.sun = Sun {
                    direction: words.vector("the direction of the sun")?.unit(),
                    color: words.vector("its light")?,
                    cos_half: (words.number("its size")?.to_radians() / 2.0).cos(),
                }
            }
            "material" => {
                let name = words.word("a name")?;
                self.names.push(name.into());
                self.materials.push(material(words)?);
            }
            "ground" => {
                self.ground = Some((words.number("its height")?, self.material(words)?));
            }
            "sphere" => {
                let form = Form::Sphere {
                    center: words.vector("the centre")?,
                    radius: words.length("the radius")?,
                };
                self.add(form, words)?;
            }
            "capsule" => {
                let form = Form::Capsule {
                    from: words.vector("one end")?,
                    to: words.vector("the other end")?,
                    radius: words.length("the radius")?,
                };
                self.add(form, words)?;
            }
            "stream" => self.stream(words)?,
            "wheel" => {
                let wheel = build::Wheel {
                    center: words.vector("the hub")?,
                    radius: words.length("the radius")?,
                    width: words.length("the width")?,
                    spokes: words.count("how many spokes")?,
                    rim: self.material(words)?,
                    wood: self.material(words)?,
                };
                self.shapes.extend(wheel.shapes());
            }
            other => return Err(format!("unknown object `{other}`")),
        }
        if self.shapes.len() > MAX_SHAPES {
            return Err(format!("more than {MAX_SHAPES} shapes"));
        }
        Ok(())
    }

    fn stream(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let count = words.count("how many spheres")?;
        let radii = (
            words.length("the smallest radius")?,
            words.length("the largest radius")?,
        );
        let width = words.number("the width")?;
        let height = words.number("the height")?;
        let seed = words.count("the seed")? as u64;
        let names = words.word("materials, separated by commas")?;
        let materials = names
            .split(',')
            .map(|name| self.named(name))
            .collect::<Result<Vec<_>, _>>()?;
        let mut points = Vec::new();
        while words.more() {
            points.push(words.vector("a point")?);
        }
        let stream = build::Stream {
            count: count.min(MAX_SHAPES),
            radii,
            width,
            height,
            seed,
            materials,
            points,
        };
        self.shapes.extend(stream.shapes()?);
        Ok(())
    }

    fn add(&mut self, form: Form, words: &mut Words<'_>) -> Result<(), String> {
        let material = self.material(words)?;
        self.shapes.push(Shape { form, material });
        Ok(())
    }

    fn material(&self, words: &mut Words<'_>) -> Result<usize, String> {
        self.named(words.word("a material")?)
    }

    fn named(&self, name: &str) -> Result<usize, String> {
        self.names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| format!("the material `{name}` is not defined above"))
    }

    fn finish(self) -> Scene {
        let is_lamp = |shape: &Shape| {
            let light = matches!(self.materials[shape.material], Material::Light { .. });
            light && matches!(shape.form, Form::Sphere { .. })
        };
        let lamps = (0..self.shapes.len())
            .filter(|index| is_lamp(&self.shapes[*index]))
            .collect();
        Scene {
            camera: self.camera,
            exposure: self.exposure.unwrap_or(1.0),
            sky: self.sky,
            ground: self.ground,
            tree: Bvh::new(self.shapes.clone()),
            shapes: self.shapes,
            lamps,
            materials: self.materials,
        }
    }
}

fn material(words: &mut Words<'_>) -> Result<Material, String> {
    Ok(match words.word("a kind of material")? {
        "matte" => Material::Matte {
            color: words.vector("a colour")?,
        },
        "coated" => Material::Coated {
            color: words.vector("a colour")?,
            roughness: words.number("a roughness")?,
        },
        "stones" => Material::Stones {
            light: words.vector("the lightest colour")?,
            dark: words.vector("the darkest colour")?,
            size: words.length("the size of a stone")?,
            roughness: words.number("a roughness")?,
        },
        "metal" => Material::Metal {
            color: words.vector("a colour")?,
            roughness: words.number("a roughness")?,
        },
        "glass" => Material::Glass {
            tint: words.vector("a colour")?,
            index: words.length("an index of refraction")?,
        },
        "light" => Material::Light {
            color: words.vector("a colour")?,
        },
        other => return Err(format!("unknown kind of material `{other}`")),
    })
}

/// The remaining words of a line.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl<'a> Words<'a> {
    fn word(&mut self, what: &str) -> Result<&'a str, String> {
        self.0.next().ok_or_else(|| format!("{what} is missing"))
    }

    fn number(&mut self, what: &str) -> Result<f64, String> {
        let word = self.word(what)?;
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("{what} must be a number, not `{word}`")),
        }
    }

    fn length(&mut self, what: &str) -> Result<f64, String> {
        let number = self.number(what)?;
        if number <= 0.0 {
            return Err(format!("{what} must be above zero"));
        }
        Ok(number)
    }

    fn count(&mut self, what: &str) -> Result<usize, String> {
        let word = self.word(what)?;
        let count = word.parse::<u32>().ok();
        count
            .map(|count| count as usize)
            .ok_or_else(|| format!("{what} must be a whole number, not `{word}`"))
    }

    fn vector(&mut self, what: &str) -> Result<Vec3, String> {
        Ok(vec3(
            self.number(what)?,
            self.number(what)?,
            self.number(what)?,
        ))
    }

    fn more(&self) -> bool {
        self.0.clone().next().is_some()
    }

    fn end(&mut self) -> Result<(), String> {
        match self.0.next() {
            Some(word) => Err(format!("unexpected `{word}`")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_scene_of_the_example_parses() {
        let scene = Scene::parse(include_str!("../scene.txt")).unwrap();
        assert!(scene.shapes().len() > 300);
        assert!(!scene.lamps.is_empty());
    }

    #[test]
    fn an_invalid_line_is_reported_with_its_number() {
        for (text, error) in [
            (
                "\nsphere 0 0 0 1 chalk",
                "line 2: the material `chalk` is not defined above",
            ),
            ("sphere 0 0", "line 1: the centre is missing"),
            (
                "exposure bright",
                "line 1: the exposure must be a number, not `bright`",
            ),
            ("exposure 1 2", "line 1: unexpected `2`"),
            ("cube 1", "line 1: unknown object `cube`"),
            (
                "material a matte 1 1 1\nsphere 0 0 0 0 a",
                "line 2: the radius must be above zero",
            ),
            (
                "exposure NaN",
                "line 1: the exposure must be a number, not `NaN`",
            ),
        ] {
            assert_eq!(Scene::parse(text).unwrap_err(), error);
        }
    }
}

//! Renders tiles of the scene `/in/scene.txt`. Each line of standard input is a tile, `x y width height`.
//! Arguments: `--width`, `--height` and `--samples` (per pixel).

use std::io::{Read, Write};
use std::process::ExitCode;

use pathtracer::args;
use pathtracer::scene::Scene;
use pathtracer::tile::Tile;

const SCENE: &str = "/in/scene.txt";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("render: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let names = ["--width", "--height", "--samples"];
    let [width, height, samples] = args::numbers(std::env::args().skip(1), names)?;
    let text = std::fs::read_to_string(SCENE).map_err(|error| format!("{SCENE}: {error}"))?;
    let scene = Scene::parse(&text).map_err(|error| format!("{SCENE}: {error}"))?;
    let mut lines = String::new();
    std::io::stdin()
        .read_to_string(&mut lines)
        .map_err(|error| format!("standard input: {error}"))?;
    let tiles = lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| Tile::parse(line, width, height))
        .collect::<Result<Vec<_>, _>>()?;
    let mut out = std::io::stdout().lock();
    for tile in tiles {
        let written = tile.render(&scene, width, height, samples);
        out.write_all(&written)
            .map_err(|error| format!("standard output: {error}"))?;
    }
    Ok(())
}

//! Joins the tiles on standard input, in any order, to a PNG on standard output. Arguments: `--width` and
//! `--height`.

use std::io::{Read, Write};
use std::process::ExitCode;

use pathtracer::{args, png, tile};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("render-join: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let [width, height] = args::numbers(std::env::args().skip(1), ["--width", "--height"])?;
    let mut tiles = Vec::new();
    std::io::stdin()
        .read_to_end(&mut tiles)
        .map_err(|error| format!("standard input: {error}"))?;
    let pixels = tile::join(&tiles, width, height)?;
    std::io::stdout()
        .write_all(&png::encode(&pixels, width, height))
        .map_err(|error| format!("standard output: {error}"))
}

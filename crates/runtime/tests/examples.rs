//! Runs the example jobs as providers do: each shard by the manifest, then the joining program.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::{RUNTIME, file};
use millrace_protocol::blob::BlobRef;
use millrace_protocol::hash::Digest;
use millrace_protocol::manifest::{Join, ManifestFile, ReadError, Resolved, resolve};
use millrace_protocol::shard::{shard_blob, shard_seed, shard_stdin};
use millrace_runtime::{Exit, Program, RunInput, RunLimits, RunOutcome};

/// Folder of the examples.
fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// The module `file` in the folder that `MILLRACE_JOBS_DIR` names.
fn module(file: &str) -> Vec<u8> {
    let Some(folder) = std::env::var_os("MILLRACE_JOBS_DIR") else {
        panic!("MILLRACE_JOBS_DIR is not set: run `make jobs`, then set it to target/jobs");
    };
    let path = Path::new(&folder).join(file);
    match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => panic!("{}: {error}: run `make jobs`", path.display()),
    }
}

/// The resolved manifest of the example `name`, with the modules from the build folder.
fn example(name: &str) -> Resolved {
    let folder = examples().join(name);
    let text = std::fs::read_to_string(folder.join("job.toml")).unwrap();
    let read = &mut |from: &BlobRef| -> Result<Arc<[u8]>, ReadError> {
        let BlobRef::Path(path) = from else {
            panic!("{from} is not a file");
        };
        let file = Path::new(path).file_name().unwrap().to_str().unwrap();
        Ok(if file.ends_with(".wasm") {
            module(file).into()
        } else {
            std::fs::read(folder.join(path)).unwrap().into()
        })
    };
    resolve(&ManifestFile::parse(&text).unwrap(), read).unwrap()
}

fn blob(job: &Resolved, digest: &Digest) -> Arc<[u8]> {
    let found = job.blobs.iter().find(|(name, _)| name == digest);
    Arc::clone(&found.unwrap().1)
}

fn limits(job: &Resolved) -> RunLimits {
    let limits = &job.manifest.limits;
    RunLimits {
        fuel: limits.fuel,
        memory_bytes: limits.memory,
        output_bytes: limits.output,
        log_bytes: limits.log,
        wall: Duration::from_millis(limits.wall_ms),
    }
}

fn compile(job: &Resolved, digest: &Digest) -> Program {
    RUNTIME.compile(&blob(job, digest)).unwrap()
}

/// Runs shard `index` of the job.
fn run_shard(job: &Resolved, program: &Program, index: u32) -> RunOutcome {
    let manifest = &job.manifest;
    let source = shard_blob(manifest, index).unwrap();
    let content = source.map_or_else(Arc::default, |digest| blob(job, digest));
    let files: Vec<_> = manifest
        .inputs
        .iter()
        .map(|(name, input)| (name.clone(), blob(job, &input.digest)))
        .collect();
    let input = RunInput {
        args: &manifest.args,
        env: &[],
        stdin: shard_stdin(manifest, index, &content).unwrap(),
        files: &files,
        seed: shard_seed(&[0; 32], index),
    };
    RUNTIME.run(program, input, &limits(job)).unwrap()
}

/// Joins the outputs of all shards.
fn join(job: &Resolved, outputs: &[u8]) -> RunOutcome {
    let Join::Program { digest, args } = &job.manifest.join else {
        panic!("the job has no joining program");
    };
    let input = RunInput {
        args,
        env: &[],
        stdin: outputs,
        files: &[],
        seed: [0; 32],
    };
    let program = compile(job, digest);
    RUNTIME.run(&program, input, &limits(job)).unwrap()
}

/// Asserts success with at least a third of the fuel left, so a slightly changed job still runs.
fn assert_sound(what: &str, outcome: &RunOutcome, limit: u64) {
    let log = String::from_utf8_lossy(&outcome.log);
    assert_eq!(outcome.exit, Exit::Ok, "{what}: {log}");
    println!("{what}: {} fuel", outcome.fuel);
    assert!(outcome.fuel * 3 < limit * 2, "{what} is near its limit");
}

#[test]
fn words_are_counted_and_summed() {
    let job = example("word-count");
    let fuel = job.manifest.limits.fuel;
    let program = compile(&job, &job.manifest.program);
    let mut outputs = Vec::new();
    for index in 0..job.manifest.shards.len() as u32 {
        let outcome = run_shard(&job, &program, index);
        assert_sound(&format!("shard {index}"), &outcome, fuel);
        assert!(outcome == run_shard(&job, &program, index), "shard {index}");
        outputs.extend(outcome.output);
    }
    let joined = join(&job, &outputs);
    assert_sound("the sum", &joined, fuel);
    let joined = String::from_utf8(joined.output).unwrap();
    let count = |wanted: &str| {
        let mut lines = joined.lines().filter_map(|line| line.split_once('\t'));
        let line = lines.find(|(word, _)| *word == wanted);
        line.map(|(_, count)| count.parse::<usize>().unwrap())
    };
    let text = std::fs::read_to_string(examples().join("word-count/text.txt")).unwrap();
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
    for wanted in ["the", "river", "camelot", "ever"] {
        let expected = words.iter().filter(|word| **word == wanted).count();
        assert!(expected > 0);
        assert_eq!(count(wanted), Some(expected), "{wanted}");
    }
    assert_eq!(count("wheel"), None);
    assert!(joined.starts_with("the\t"), "{joined}");
}

#[test]
fn invalid_utf8_fails_with_a_reason() {
    let log = fails("word-count.wasm", &[], &[], b"a\xff");
    assert!(log.contains("UTF-8"), "{log}");
}

/// One shard of the demo's picture, with the limits of its manifest.
#[test]
fn a_shard_of_the_picture_fits_its_limits() {
    let job = example("render");
    assert!((6..=12).contains(&job.manifest.shards.len()));
    let program = compile(&job, &job.manifest.program);
    let outcome = run_shard(&job, &program, 5);
    assert_sound("shard 5", &outcome, job.manifest.limits.fuel);
    assert!(outcome.fuel * 4 > job.manifest.limits.fuel);
}

/// A small picture. Pixels depend neither on the split nor on the order of the tiles.
#[test]
fn a_picture_is_rendered_in_shards_and_joined() {
    let of = |tiles: &[&str]| {
        let mut job = example("render");
        let size = ["--width", "48", "--height", "32"].map(str::to_owned);
        job.manifest.args = [&size[..], &["--samples".into(), "2".into()]].concat();
        if let Join::Program { args, .. } = &mut job.manifest.join {
            *args = size.to_vec();
        }
        let shard = |tile: &&str| millrace_protocol::manifest::ShardInput::Inline {
            text: format!("{tile}\n"),
        };
        job.manifest.shards = tiles.iter().map(shard).collect();
        let program = compile(&job, &job.manifest.program);
        let outputs: Vec<u8> = (0..tiles.len() as u32)
            .flat_map(|index| {
                let outcome = run_shard(&job, &program, index);
                assert_sound("a tile", &outcome, job.manifest.limits.fuel);
                outcome.output
            })
            .collect();
        let joined = join(&job, &outputs);
        assert_sound("the picture", &joined, job.manifest.limits.fuel);
        joined.output
    };
    let quarters = of(&["24 16 24 16", "0 0 24 16", "24 0 24 16", "0 16 24 16"]);
    assert_eq!(&quarters[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(quarters, of(&["0 0 48 32"]));
}

#[test]
fn an_invalid_scene_fails_with_its_line() {
    let args = ["--width", "8", "--height", "8", "--samples", "1"];
    let files = [file("scene.txt", "exposure 1\ncube 1 2 3\n")];
    let log = fails("render.wasm", &args, &files, b"0 0 8 8\n");
    assert!(log.contains("line 2") && log.contains("cube"), "{log}");
}

#[test]
fn the_joiner_refuses_an_incomplete_picture() {
    let args = ["--width", "4", "--height", "4"];
    let log = fails("render-join.wasm", &args, &[], b"tile 0 0 1 1\nrgb");
    assert!(log.contains("15 pixels"), "{log}");
}

/// Runs a module that must fail with exit code 1. Returns its log.
fn fails(name: &str, args: &[&str], files: &[(String, Arc<[u8]>)], stdin: &[u8]) -> String {
    let program = RUNTIME.compile(&module(name)).unwrap();
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let input = RunInput {
        args: &args,
        env: &[],
        stdin,
        files,
        seed: [0; 32],
    };
    let outcome = RUNTIME.run(&program, input, &common::limits()).unwrap();
    assert_eq!(outcome.exit, Exit::Code(1));
    String::from_utf8(outcome.log).unwrap()
}

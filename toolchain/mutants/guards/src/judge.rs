//! Runs the tests on each mutant and records the outcome.

use crate::mutant::{self, Mutant};
use crate::order::{self, Caught};
use crate::patch::Program;
use crate::tests::{self, End};
use anyhow::{Context, Result, anyhow, bail, ensure};
use parking_lot::Mutex;
use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Timeout of one test binary. On an idle machine it takes a minute.
const LIMIT: Duration = Duration::from_secs(600);

/// Command-line options: pairs of a name and a value.
pub struct Options {
    /// `--program`: the program with all mutants.
    program: PathBuf,
    /// `--list`: the mutants.
    list: PathBuf,
    /// `--tests` and `--matrix`: the test binaries.
    binaries: [PathBuf; 2],
    /// `--folder`: the folder in which cargo would run the tests.
    folder: PathBuf,
    /// `--results`: a file with a line for each mutant that was tried: outcome, seconds, mutant, and the test
    /// that caught it.
    results: PathBuf,
    /// `--numbers FIRST-LAST`: only these mutants.
    numbers: RangeInclusive<u32>,
    /// `--resume yes`: skips mutants that the results list as caught, and the run without a mutant.
    resume: bool,
    /// `--jobs`: number of mutants at the same time.
    jobs: usize,
}

impl Options {
    /// Reads the arguments.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut pairs = arguments.chunks_exact(2);
        let find = |name: &str| {
            let mut found = arguments.chunks_exact(2).filter(|pair| pair[0] == name);
            found.next_back().map(|pair| pair[1].clone())
        };
        let path = |name| {
            find(name)
                .map(PathBuf::from)
                .with_context(|| format!("{name} is missing"))
        };
        const KNOWN: &[&str] = &[
            "--program",
            "--list",
            "--tests",
            "--matrix",
            "--folder",
            "--results",
            "--numbers",
            "--resume",
            "--jobs",
        ];
        ensure!(
            pairs.all(|pair| KNOWN.contains(&pair[0].as_str())) && pairs.remainder().is_empty(),
            "known options: {}, each with a value",
            KNOWN.join(" ")
        );
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            program: path("--program")?,
            list: path("--list")?,
            binaries: [path("--tests")?, path("--matrix")?],
            folder: path("--folder")?,
            results: path("--results")?,
            numbers: match find("--numbers") {
                Some(text) => numbers(&text)?,
                None => 1..=u32::MAX,
            },
            resume: find("--resume").is_some(),
            jobs: find("--jobs").map_or(Ok(cores), |jobs| jobs.parse())?,
        })
    }
}

fn numbers(text: &str) -> Result<RangeInclusive<u32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Ok(first.parse()?..=last.parse()?)
}

/// Which tests are run.
#[derive(Clone, Copy)]
enum Round {
    /// The tests about the file.
    Near,
    /// All.
    All,
}

/// Outcome of a mutant.
struct Verdict {
    word: &'static str,
    seconds: f64,
    test: String,
}

struct Court<'a> {
    options: &'a Options,
    program: Program,
    caught: Caught,
    results: Mutex<File>,
}

/// Judges all mutants, and prints how many there were of each kind.
///
/// # Errors
/// If the tests fail on the program with no mutant active.
pub fn judge(options: &Options) -> Result<()> {
    let mut mutants = mutant::read(&options.list)?;
    mutants.retain(|mutant| options.numbers.contains(&mutant.number));
    let before = if options.resume {
        fs::read_to_string(&options.results).unwrap_or_default()
    } else {
        String::new()
    };
    let done: HashSet<&str> = before
        .lines()
        .filter(|line| !line.starts_with("survived"))
        .filter_map(|line| line.split('\t').nth(2))
        .collect();
    mutants.retain(|mutant| !done.contains(mutant.to_string().as_str()));
    let kept: String = before
        .lines()
        .filter(|line| !line.starts_with("survived"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&options.results, kept)?;
    let court = Court {
        options,
        program: Program::read(&options.program)?,
        caught: Caught::default(),
        results: Mutex::new(OpenOptions::new().append(true).open(&options.results)?),
    };
    for line in before.lines() {
        let mut parts = line.split('\t').skip(2);
        if let (Some(mutant), Some(test)) = (parts.next(), parts.next())
            && let Some((file, _)) = mutant.split_once(':')
        {
            court.caught.by(file, test);
        }
    }
    if !options.resume {
        court.try_unchanged()?;
    }
    // The nearest tests catch most mutants quickly, so the remaining ones are found early.
    let suspects = court.hear_all(&mutants, Round::Near)?;
    eprintln!("All tests are run on {} mutants", suspects.len());
    court.hear_all(&suspects, Round::All)?;
    let all = fs::read_to_string(&options.results)?;
    for word in ["caught", "survived", "timed out"] {
        let count = all.lines().filter(|line| line.starts_with(word)).count();
        println!("{word}: {count}");
    }
    Ok(())
}

impl Court<'_> {
    fn copy(&self, worker: usize) -> PathBuf {
        self.options.program.with_extension(format!("{worker}.so"))
    }

    /// The tests pass on the program with no mutant active.
    fn try_unchanged(&self) -> Result<()> {
        let path = self.copy(0);
        self.program.write(0, &path)?;
        let began = Instant::now();
        let end = self.run(0, &path, &order::without_slow())?;
        if end != End::Passed {
            bail!("the tests don't pass on the program as it is: {end:?}");
        }
        eprintln!(
            "The tests of the program take {} seconds",
            began.elapsed().as_secs()
        );
        Ok(())
    }

    fn run(&self, binary: usize, program: &Path, arguments: &[String]) -> Result<End> {
        let binary = &self.options.binaries[binary];
        tests::run((binary, &self.options.folder), program, arguments, LIMIT)
    }

    /// Tries mutants, several at once, and returns those that survive this round.
    fn hear_all(&self, mutants: &[Mutant], round: Round) -> Result<Vec<Mutant>> {
        let next = AtomicUsize::new(0);
        let left = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.options.jobs)
                .map(|worker| {
                    let (next, left) = (&next, &left);
                    scope.spawn(move || {
                        while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                            if !self.hear(mutant, worker, round)? {
                                let mut left = left.lock();
                                left.push(mutant.clone());
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            let ended = workers.into_iter().map(|worker| worker.join());
            ended.collect::<thread::Result<Vec<Result<()>>>>()
        })
        .map_err(|_| anyhow!("a worker panicked"))?
        .into_iter()
        .collect::<Result<Vec<()>>>()?;
        Ok(left.into_inner())
    }

    /// Tries one mutant, and returns whether it is decided.
    fn hear(&self, mutant: &Mutant, worker: usize, round: Round) -> Result<bool> {
        let path = self.copy(worker);
        self.program.write(mutant.number, &path)?;
        let began = Instant::now();
        let (word, test) = match (self.end(mutant, &path, round)?, round) {
            (End::Passed, Round::Near) => {
                eprintln!("not caught yet: {mutant}");
                return Ok(false);
            }
            (End::Passed, Round::All) => ("survived", String::new()),
            (End::TimedOut, _) => ("timed out", String::new()),
            (End::Failed(test), _) => ("caught", test),
        };
        let seconds = began.elapsed().as_secs_f64();
        self.write(
            mutant,
            &Verdict {
                word,
                seconds,
                test,
            },
        )?;
        Ok(true)
    }

    /// Runs first the tests that caught other mutants of the file, then those about the file.
    fn end(&self, mutant: &Mutant, program: &Path, round: Round) -> Result<End> {
        let first = self.caught.first(&mutant.file);
        let (of_matrix, of_program): (Vec<_>, Vec<_>) = first
            .into_iter()
            .partition(|test| test.starts_with("instructions::"));
        let exactly = |tests: Vec<String>| {
            let none = tests.is_empty();
            let exact = ["--exact".to_owned()].into_iter().chain(tests);
            (!none).then(|| exact.collect::<Vec<_>>())
        };
        let rounds = match round {
            Round::Near => {
                let cases = order::cases(&mutant.file, true);
                let mut near = vec![
                    (0, exactly(of_program)),
                    (0, Some(order::modules(&mutant.file))),
                    (1, exactly(of_matrix)),
                    (1, Some(cases).filter(|cases| !cases.is_empty())),
                ];
                if order::is_about_accounts(&mutant.what) {
                    // The matrix catches such mutants sooner.
                    near.swap(1, 2);
                }
                near
            }
            Round::All => {
                // Without a filter every case runs.
                let cases = order::cases(&mutant.file, false);
                let new = cases.is_empty() || cases != order::cases(&mutant.file, true);
                vec![(0, Some(order::without_slow())), (1, new.then_some(cases))]
            }
        };
        for (binary, arguments) in rounds {
            let Some(arguments) = arguments else {
                continue;
            };
            match self.run(binary, program, &arguments)? {
                End::Passed => {}
                End::Failed(test) => {
                    self.caught.by(&mutant.file, &test);
                    return Ok(End::Failed(test));
                }
                End::TimedOut => return Ok(End::TimedOut),
            }
        }
        Ok(End::Passed)
    }

    fn write(&self, mutant: &Mutant, verdict: &Verdict) -> Result<()> {
        let Verdict {
            word,
            seconds,
            test,
        } = verdict;
        let mut file = self.results.lock();
        writeln!(file, "{word}\t{seconds:.1}\t{mutant}\t{test}")?;
        if *word == "survived" {
            eprintln!("survived: {mutant}");
        }
        Ok(())
    }
}

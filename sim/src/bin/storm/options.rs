//! The words of the command line, and what they ask to be played.

use raftwerk_sim::{COURSES, Course, Effort, Report, Setup, World, storm, storm_in};

pub const USAGE: &str = "\
usage: storm [--seeds N] [--steps N] [--first F] [--seed S] [--refine N] [--threads N] [--json]
             [--shrink | --no-shrink] [--page ADDRESS] [--course NAME]
       storm --run RUN

  --seeds N    how many seeds to run (default 100)
  --steps N    events of the random phase of each (default 20000)
  --first F    first seed (default 0)
  --seed S     run this one seed only, and judge its trace
  --refine N   judge the trace of one seed in N (default 1; 0: of none)
  --threads N  how many at once (default: one per core)
  --shrink     make every failing run smaller, not only the first; --no-shrink: none
  --course C   play this course, not the storm; docs/sabotage.md says which there are
  --page A     where the playground is (default http://127.0.0.1:7878/?mode=playground)
  --run RUN    replay a run: its word, an address with its word in it, or a file
  --json       end with one line of JSON";

/// Which failing runs are made smaller.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Smaller {
    First,
    All,
    None,
}

/// Of how many seeds one has its trace judged, unless told otherwise.
const REFINE: u64 = 1;

#[derive(Clone)]
pub struct Options {
    pub first: u64,
    pub seeds: u64,
    pub steps: u64,
    pub refine: u64,
    pub threads: u64,
    pub json: bool,
    pub smaller: Smaller,
    pub page: String,
    pub run: Option<String>,
    /// What is played; the storm unless told otherwise.
    pub course: Option<&'static Course>,
}

impl Options {
    /// Reads the command line.
    ///
    /// # Errors
    /// What is wrong with it; nothing when help is wanted.
    pub fn parse(words: impl Iterator<Item = String>) -> Result<Options, String> {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        let mut options = Options {
            first: 0,
            seeds: 100,
            steps: 20_000,
            refine: REFINE,
            threads: cores,
            json: false,
            smaller: Smaller::First,
            page: "http://127.0.0.1:7878/?mode=playground".to_string(),
            run: None,
            course: None,
        };
        let mut words = words;
        let mut refine = None;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => options.json = true,
                "--shrink" => options.smaller = Smaller::All,
                "--no-shrink" => options.smaller = Smaller::None,
                "--help" | "-h" => return Err(String::new()),
                _ => {
                    options.take(&word, words.next(), &mut refine)?;
                }
            }
        }
        options.refine = refine.unwrap_or(options.refine);
        if options.seeds == 0 || options.steps == 0 || options.threads == 0 {
            return Err("seeds, steps and threads must be above zero".to_string());
        }
        Ok(options)
    }

    /// Takes a word with its value.
    fn take(
        &mut self,
        word: &str,
        value: Option<String>,
        refine: &mut Option<u64>,
    ) -> Result<(), String> {
        match (word, &value) {
            ("--run", Some(run)) => self.run = Some(run.clone()),
            ("--page", Some(page)) => self.page.clone_from(page),
            ("--course", Some(name)) => self.course = Some(named(name)?),
            _ => {
                let value = value.ok_or_else(|| format!("{word} needs a number"))?;
                let number: u64 = value
                    .parse()
                    .map_err(|_| format!("{word} needs a number, not {value}"))?;
                match word {
                    "--seeds" => self.seeds = number,
                    "--steps" => self.steps = number,
                    "--first" => self.first = number,
                    "--threads" => self.threads = number,
                    "--refine" => *refine = Some(number),
                    "--seed" => (self.first, self.seeds, self.refine) = (number, 1, 1),
                    _ => return Err(format!("unknown option {word}")),
                }
            }
        }
        Ok(())
    }

    /// The words that play this seed again.
    pub fn words(&self, seed: u64) -> String {
        let course = self
            .course
            .map(|course| format!("--course {} ", course.name));
        let (course, steps) = (course.unwrap_or_default(), self.steps);
        format!("{course}--seed {seed} --steps {steps}")
    }

    /// The world of a seed.
    pub fn setup(&self, seed: u64) -> Setup {
        self.course
            .map_or(Setup::storm(seed), |course| (course.setup)(seed))
    }

    /// Plays a seed.
    pub fn report(&self, seed: u64, effort: &Effort) -> Report {
        match self.course {
            Some(course) => course.judged(seed, self.steps, effort),
            None => storm(seed, self.steps, effort),
        }
    }

    /// The same in a world that has just begun.
    pub fn play(&self, world: &mut World, effort: &Effort) -> Report {
        match self.course {
            Some(course) => course.judged_in(world, self.steps, effort),
            None => storm_in(world, self.steps, effort),
        }
    }

    /// Whether the trace of this seed is judged.
    pub fn refines(&self, seed: u64) -> bool {
        self.refine > 0 && seed.is_multiple_of(self.refine)
    }
}

fn named(name: &str) -> Result<&'static Course, String> {
    Course::named(name).ok_or_else(|| {
        let names: Vec<&str> = COURSES.iter().map(|course| course.name).collect();
        format!("there is no course {name}; there are {}", names.join(", "))
    })
}

//! The journal in virtual time, with a network and a SkyPay that fail in every known
//! way, and processes that end or stand still at any transaction. A run is a function
//! of its scenario, SkyPay's behavior and a seed.
//!
//! `cargo xtask verify journal` runs many seeds; without arguments, this test runs a
//! few. One run with all that happened in it:
//!
//! ```console
//! cargo xtask verify journal --scenario S4 --seed 17
//! ```
//!
//! The invariants:
//!
//! - I1: an order is paid at most once.
//! - I2: no money is released or withdrawn that is also paid and not given back.
//! - I3: nothing is booked as paid that is not paid.
//! - I4: each effect of the partner's happens once; an order is booked or given back.
//! - I5: every order has an end.
//! - I6: no byte leaves before a claim is committed, or after its deadline.
//! - I7: an acknowledged callback is in the inbox; a repeated one gets the same reply.
//! - I8: the same seed gives the same run.
//! - I9: a permit has two answers without the payout, apart from each other, with a
//!   witness and clocks that agree, since the last attempt that the journal knows of. A
//!   restored one may have forgotten an attempt: that it does not pay twice either, I1
//!   and I2 show in S11.
//! - I10: a question is about at most 50 numbers, about none less than 300 seconds after
//!   it was sent, and about none too often.
//!
//! `--mutants` leaves out one rule at a time: some run then has to violate an invariant.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod agreement;
mod mutant;
mod network;
mod process;
mod random;
mod scenario;
#[path = "../support/mod.rs"]
mod support;
mod vendor;
mod world;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mutant::Mutant;
use scenario::{SCENARIOS, Scenario};
use vendor::Duplicates;
use world::{Run, Violations};

/// Seeds of an ordinary test run.
const FEW: u64 = 2;

/// Sequences in which the model of SkyPay is compared with the sandbox's engine.
const SEQUENCES: u64 = 40;

/// What the command line asks for.
struct Arguments {
    seeds: Option<u64>,
    seed: Option<u64>,
    scenario: Option<String>,
    mutants: bool,
}

impl Arguments {
    fn parse() -> Self {
        let mut arguments = Self {
            seeds: None,
            seed: None,
            scenario: None,
            mutants: false,
        };
        let mut all = std::env::args().skip(1);
        while let Some(name) = all.next() {
            match &*name {
                "--seeds" => arguments.seeds = all.next().and_then(|seeds| seeds.parse().ok()),
                "--seed" => arguments.seed = all.next().and_then(|seed| seed.parse().ok()),
                "--scenario" => arguments.scenario = all.next(),
                "--mutants" => arguments.mutants = true,
                // What cargo passes to any test.
                _ => {}
            }
        }
        arguments
    }

    fn scenarios(&self) -> Vec<&'static Scenario> {
        let chosen = |scenario: &&Scenario| {
            let name = scenario.name.split(' ').next();
            self.scenario.is_none() || self.scenario.as_deref() == name
        };
        SCENARIOS.iter().filter(chosen).collect()
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let scenarios = arguments.scenarios();
    if let Some(seed) = arguments.seed {
        return one_seed(&scenarios, seed);
    }
    let seeds = arguments.seeds.unwrap_or(FEW);
    let is_clean = if arguments.mutants {
        mutants(&scenarios, seeds)
    } else {
        agreement::check(SEQUENCES);
        table(&scenarios, seeds) && is_repeatable(&scenarios)
    };
    if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Shows the runs of one seed, with all that happened in them.
fn one_seed(scenarios: &[&'static Scenario], seed: u64) -> ExitCode {
    let mut is_clean = true;
    for scenario in scenarios {
        for duplicates in Duplicates::ALL {
            let run = Run {
                scenario,
                duplicates,
                seed,
                mutant: None,
                traced: true,
            };
            let outcome = run.outcome();
            println!(
                "== {}, duplicates {}, seed {seed}",
                scenario.name,
                duplicates.name()
            );
            println!("{}\n{:?}", outcome.trace.join("\n"), outcome.violations);
            is_clean &= outcome.violations.is_empty() || is_beyond(scenario, duplicates);
        }
    }
    if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether a second payment is beyond any client.
fn is_beyond(scenario: &Scenario, duplicates: Duplicates) -> bool {
    scenario.needs_recognition && duplicates == Duplicates::Never
}

/// Runs all seeds of one cell of a table on all processors. Returns the violations, the
/// seed of the first one, and a hash of all runs.
fn runs(
    scenario: &'static Scenario,
    duplicates: Duplicates,
    seeds: u64,
    mutant: Option<Mutant>,
) -> (Violations, Option<u64>, u64) {
    let next = AtomicU64::new(0);
    let all = Mutex::new((Violations::new(), None::<u64>, 0_u64));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            let run = Run {
                scenario,
                duplicates,
                seed,
                mutant,
                traced: false,
            };
            let outcome = run.outcome();
            let mut all = all.lock().unwrap();
            all.2 ^= outcome
                .hash
                .rotate_left(u32::try_from(seed % 64).unwrap_or_default());
            if !outcome.violations.is_empty() {
                all.1 = Some(all.1.map_or(seed, |first| first.min(seed)));
            }
            for violation in outcome.violations {
                *all.0.entry(violation).or_default() += 1;
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    all.into_inner().unwrap()
}

/// Prints how many runs violate which invariant. Returns whether none does.
fn table(scenarios: &[&'static Scenario], seeds: u64) -> bool {
    println!("violations in {seeds} runs of each, by how SkyPay recognises a number again");
    print!("{:32}", "");
    for duplicates in Duplicates::ALL {
        print!("{:>18}", duplicates.name());
    }
    println!("  hash");
    let mut is_clean = true;
    for scenario in scenarios {
        print!("{:32}", scenario.name);
        let mut hashes = 0_u64;
        let mut first = Vec::new();
        for duplicates in Duplicates::ALL {
            let (violations, seed, hash) = runs(scenario, duplicates, seeds, None);
            hashes = hashes.rotate_left(1) ^ hash;
            let shown = shown(&violations);
            if is_beyond(scenario, duplicates) {
                // What no client can prevent is counted, and must be nothing else.
                print!("{:>18}", format!("({shown})"));
            } else {
                print!("{shown:>18}");
                is_clean &= violations.is_empty();
                first.extend(seed.map(|seed| format!("{}: seed {seed}", duplicates.name())));
            }
        }
        println!("  {hashes:016x}  {}", first.join(", "));
    }
    is_clean
}

fn shown(violations: &Violations) -> String {
    let each = violations
        .iter()
        .map(|(invariant, runs)| format!("{invariant} {runs}"));
    let each: Vec<_> = each.collect();
    if each.is_empty() {
        "0".to_owned()
    } else {
        each.join(" ")
    }
}

/// I8, for a run of each scenario.
fn is_repeatable(scenarios: &[&'static Scenario]) -> bool {
    let hash = |scenario, seed| {
        let duplicates = Duplicates::AfterFailure;
        Run {
            scenario,
            duplicates,
            seed,
            mutant: None,
            traced: false,
        }
        .outcome()
        .hash
    };
    scenarios.iter().all(|scenario| {
        let is_same =
            hash(scenario, 1) == hash(scenario, 1) && hash(scenario, 1) != hash(scenario, 2);
        if !is_same {
            println!("{}: I8: the same seed gives another run", scenario.name);
        }
        is_same
    })
}

/// Prints how many runs violate an invariant without each rule. Returns whether each
/// rule is missed somewhere.
fn mutants(scenarios: &[&'static Scenario], seeds: u64) -> bool {
    println!(
        "runs of {seeds} that violate an invariant without a rule: SkyPay recognises a number / it does not"
    );
    print!("{:24}", "");
    for scenario in scenarios {
        print!("{:>9}", scenario.name.split(' ').next().unwrap_or_default());
    }
    println!();
    let mut is_clean = true;
    for mutant in Mutant::all() {
        print!("{:24}", mutant.name());
        let mut is_missed = false;
        for scenario in scenarios {
            let found = |duplicates| {
                let (violations, _, _) = runs(scenario, duplicates, seeds, Some(mutant));
                violations.values().max().copied().unwrap_or_default()
            };
            let recognised = found(Duplicates::AfterFailure);
            let never = if scenario.needs_recognition {
                0
            } else {
                found(Duplicates::Never)
            };
            is_missed |= recognised + never > 0;
            let cell = if recognised + never == 0 {
                String::new()
            } else {
                format!("{recognised}/{never}")
            };
            print!("{cell:>9}");
        }
        println!("{}", if is_missed { "" } else { "  not missed" });
        is_clean &= is_missed;
    }
    is_clean
}

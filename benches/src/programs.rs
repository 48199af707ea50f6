//! The build cost for users of our client: equivalent programs with it, by hand
//! and with openapi-generator's client, built from scratch and incrementally.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml -- programs`

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::SystemTime;

/// The version on PyPI.
const GENERATOR: &str = "openapi-generator-cli==7.26.0";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const PROGRAMS: [&str; 4] = ["ours", "by-hand", "openapi-generator", "types"];

/// The environment variable that names the file with the CPU time of each call of
/// rustc. Where it is set, this program is cargo's `RUSTC_WRAPPER`.
pub const COMPILATIONS: &str = "BENCHES_COMPILATIONS";

/// Runs the compiler that the arguments name, and adds a line to the log: the crate,
/// and the seconds of CPU for the user and the system.
pub fn compile(log: &OsStr) -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let option = words.iter().position(|word| word == "--crate-name");
    let name = option.and_then(|option| words.get(option + 1));
    let mut line = name.cloned().unwrap_or_default();
    line.push(" %U %S");
    let status = Command::new("bash")
        .args(["-c", r#"{ time "$@" 2>&3; } 3>&2 2>>"$0""#])
        .arg(log)
        .args(&words)
        .env("TIMEFORMAT", line)
        .status();
    if status.is_ok_and(|status| status.success()) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns how many times as much the program's build cost as without the crates that
/// the program by hand does not have, all measured in the same build. Two builds cannot
/// be compared: on a machine that others use, the same one varies by a fifth.
fn ratio(compilations: &str, crates: &BTreeSet<String>) -> Outcome<f64> {
    let by_hand = tree(&here().join("programs/by-hand"))?;
    let only_here: Vec<String> = crates
        .difference(&by_hand)
        .filter_map(|name| Some(name.split(' ').next()?.replace('-', "_")))
        .collect();
    let (mut all, mut shared) = (0.0, 0.0);
    for line in compilations.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let seconds: f64 = words.filter_map(|word| word.parse::<f64>().ok()).sum();
        all += seconds;
        if !only_here.iter().any(|other| other == name) {
            shared += seconds;
        }
    }
    Ok(all / shared)
}

/// Returns the names and versions of the crates that a program is built from, without
/// its own.
fn tree(program: &Path) -> Outcome<BTreeSet<String>> {
    let words = "tree --offline --edges normal,build --prefix none --format {p}";
    let output = Command::new(env!("CARGO"))
        .args(words.split(' '))
        .current_dir(program)
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let dependencies = text.lines().skip(1);
    Ok(dependencies
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect())
}

/// Prints a row for each of the named programs; for all of them, with the times of the
/// generators, if none is named.
pub fn measure(names: &[&str]) -> ExitCode {
    let measured = match names {
        [] => generators().and_then(|()| programs(&PROGRAMS)),
        names => programs(names),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn here() -> PathBuf {
    // Cargo sets this variable for the programs that it runs.
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from)
}

/// The time of a command.
struct Time {
    /// Wall-clock time in seconds.
    seconds: f64,
    /// CPU time in seconds.
    work: f64,
}

/// Runs a command; its output is only shown if it fails.
fn timed(command: &mut Command) -> Outcome<Time> {
    let program = command.get_program().to_owned();
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    // The shell measures the CPU time of its children.
    let mut shell = Command::new("bash");
    shell
        .args(["-c", "TIMEFORMAT='%R %U %S'; time \"$@\"", "bash"])
        .arg(&program)
        .args(&arguments);
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    let output = shell.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stdout);
        return Err(format!("{} failed:\n{told}{said}", program.display()).into());
    }
    let times: Vec<f64> = said
        .lines()
        .last()
        .unwrap_or_default()
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    match times[..] {
        [seconds, user, system] => Ok(Time {
            seconds,
            work: user + system,
        }),
        _ => Err(format!("bash says no time:\n{said}").into()),
    }
}

fn cargo(words: &str, target: &Path) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(words.split(' '))
        .env("CARGO_TARGET_DIR", target);
    command
}

/// Deletes a folder if it exists.
fn cleared(folder: PathBuf) -> Outcome<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Ok(folder)
}

/// Measures the time from the document to the generated files.
fn generators() -> Outcome<()> {
    let root = here().join("..");
    let target = cleared(here().join("target/xtask"))?;
    let gen_of = || {
        let mut command = cargo("xtask gen", &target);
        command.current_dir(&root);
        command
    };
    println!("{:40} {:>9} {:>9}", "generating", "seconds", "CPU");
    let print = |what: &str, time: &Time| {
        println!("{what:40} {:9.2} {:9.2}", time.seconds, time.work);
    };
    print("cargo xtask gen, target/ empty", &timed(&mut gen_of())?);
    print("cargo xtask gen, again", &timed(&mut gen_of())?);
    print(
        "openapi-generator, client and types",
        &generated_otherwise()?,
    );
    println!();
    Ok(())
}

/// Runs openapi-generator on the export with a path for each operation.
fn generated_otherwise() -> Outcome<Time> {
    let folder = here().join("target/openapi-generator");
    let tools = folder.join("tools");
    if !tools.join("bin/openapi-generator-cli").exists() {
        let mut venv = Command::new("python3");
        timed(venv.args(["-m", "venv"]).arg(&tools))?;
        let mut pip = Command::new(tools.join("bin/pip"));
        timed(pip.args(["install", "--quiet", GENERATOR]))?;
    }
    let root = here().join("..");
    timed(
        Command::new("cargo")
            .args(["xtask", "spec", "exports"])
            .current_dir(&root),
    )?;
    let client = cleared(folder.join("client"))?;
    let mut generator = Command::new(tools.join("bin/openapi-generator-cli"));
    generator
        .args(["generate", "-g", "rust", "-i"])
        .arg(root.join("target/exports/logical.json"))
        .arg("-o")
        .arg(&client);
    timed(&mut generator)
}

fn programs(names: &[&str]) -> Outcome<()> {
    println!(
        "{:20} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "program", "crates", "clean", "CPU", "ratio", "again", "release", "KiB"
    );
    for name in names {
        println!("{}", row(name)?);
    }
    Ok(())
}

/// Measures one program: a debug build from scratch and after a touch, and a
/// release build.
fn row(name: &str) -> Outcome<String> {
    let program = here().join("programs").join(name);
    // The same versions of the dependencies that the programs share.
    fs::copy(here().join("../Cargo.lock"), program.join("Cargo.lock"))?;
    let target = cleared(here().join("target/programs").join(name))?;
    let cargo = |words: &str| {
        let mut command = cargo(words, &target);
        // One compiler at a time: two share the units of a processor, so that a crate
        // would cost more in a program that has others to compile beside it.
        command.current_dir(&program).env("CARGO_BUILD_JOBS", "1");
        command
    };
    timed(&mut cargo("fetch --quiet"))?;
    let log = target.with_extension("log");
    fs::write(&log, "")?;
    let mut build = cargo("build --quiet --offline");
    build
        .env("RUSTC_WRAPPER", std::env::current_exe()?)
        .env(COMPILATIONS, &log);
    let clean = timed(&mut build)?;
    let crates = tree(&program)?;
    let ratio = ratio(&fs::read_to_string(&log)?, &crates)?;
    File::open(program.join("src/main.rs"))?.set_modified(SystemTime::now())?;
    let again = timed(&mut cargo("build --quiet --offline"))?;
    let release = timed(&mut cargo("build --quiet --offline --release"))?;
    let size = fs::metadata(target.join("release").join(name))?.len();
    Ok(format!(
        "{name:20} {:8} {:9.1} {:9.1} {ratio:9.3} {:9.2} {:9.1} {:9}",
        crates.len(),
        clean.seconds,
        clean.work,
        again.seconds,
        release.work,
        size / 1024
    ))
}

//! `skypay sandbox`: starting and managing a sandbox.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration as StdDuration, SystemTime};

use clap::ValueEnum;
use serde::Deserialize;
use serde_json::{Value, json};
use skypay_sandbox::admin_client::{Admin, ClockStatus, Info};
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{Command, Duration, Settings, Timestamp};
use skypay_sandbox::{Builder, Running, Sandbox, StartError};
use skypay_types::DateTime;

use crate::credentials::{ADMIN_TOKEN, read_file, variable};
use crate::exit_status::Failure;
use crate::folder;
use crate::output::{Output, OutputFormat, columns, out, print_warning, table};
use crate::page_checks::PageChecks;
use crate::remote::{admin, execute};

/// Start a sandbox; save, restore and reset its data
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::remote::HELP)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    command: SandboxCommand,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum SandboxCommand {
    Up(Up),
    /// Show its URL and credentials
    Info,
    /// Say whether it is ready, for health checks; exit code 5 if there is none
    Health,
    /// Delete everything except its initial settings
    Reset,
    /// Save everything to a file on its machine
    Save {
        /// The file to write
        file: PathBuf,
    },
    /// Replace everything by a saved file
    Restore {
        /// The file that `skypay sandbox save` wrote
        file: PathBuf,
    },
    /// Show the whole state as JSON
    State,
    /// Count the executed payments of each control number
    Payments {
        /// Only numbers that were paid at least this many times
        #[arg(long, value_name = "N", default_value_t = 1)]
        at_least: u32,
    },
    /// Execute any command, as JSON; - is standard input
    Command {
        /// The command, such as '{"command":"tick"}'
        #[arg(value_name = "JSON")]
        text: String,
    },
}

const OTHER_DATABASE: &str = "Name another file with --db, or take --memory.";

/// Start a sandbox and print its credentials
///
/// Runs until Ctrl-C. Listens on loopback only, unless --host names another
/// address; that requires the variable SKYPAY_ADMIN_TOKEN. A sandbox with such a
/// token is controlled with it only: `skypay` takes it from the same variable, and
/// the page as the password of the user admin. It is not encrypted on the way;
/// partners do not need it. GET /health says whether the sandbox is ready.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Up {
    /// The SQLite database; git ignores .skypay
    #[arg(long, value_name = "FILE", default_value = ".skypay/sandbox.db")]
    db: PathBuf,
    /// Keep everything in memory, without a database
    #[arg(long, conflicts_with = "db")]
    memory: bool,
    /// The address to listen on, such as 0.0.0.0; other than loopback only with a
    /// SKYPAY_ADMIN_TOKEN of 16 characters or more
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::from(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 7171)]
    port: u16,
    /// The system's clock, or one that only `skypay clock` moves
    #[arg(long, value_enum, default_value_t = ClockKind::Real)]
    clock: ClockKind,
    /// The time at which the clock begins: now, or 'yyyy-MM-dd HH:mm:ss' [default:
    /// now; of a virtual clock, a Monday morning]
    #[arg(long, value_name = "TIME", value_parser = start_time)]
    start: Option<Timestamp>,
    /// How many times as fast as the system's clock it runs: with 60, what takes
    /// an hour is over in a minute
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=86400))]
    speed: u32,
    /// The seed of everything random, keys included
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// A TOML or JSON file with initial `settings` and `steps`
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Another host name, without a port, by which the sandbox may be called
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Accept encrypted bodies only, no plaintext
    #[arg(long)]
    sealed_only: bool,
    /// The time limit for a partner's response, in real time
    #[arg(long, value_name = "TIME", default_value = "30s")]
    timeout: Duration,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ClockKind {
    Real,
    Virtual,
}

impl SandboxArgs {
    pub(crate) async fn run(&self, format: OutputFormat) -> Result<Output, Failure> {
        match &self.command {
            SandboxCommand::Up(up) => up.run(format).await,
            SandboxCommand::Info => {
                let info = admin()?.info().await?;
                Ok(Output::new(greeting(&info), &info))
            }
            SandboxCommand::Health => {
                admin()?.health().await?;
                Ok(Output::new("Ready.", &json!({ "status": "ok" })))
            }
            SandboxCommand::Reset => {
                let clock = admin()?.reset().await?;
                Ok(render_clock("Everything is forgotten.", &clock))
            }
            SandboxCommand::Save { file } => {
                let saved = admin()?.save(&absolute(file)).await?;
                let text = format!("{} bytes in {}", saved.bytes, saved.file.display());
                Ok(Output::new(text, &saved))
            }
            SandboxCommand::Restore { file } => {
                let clock = admin()?.restore(&absolute(file)).await?;
                Ok(render_clock("Restored.", &clock))
            }
            SandboxCommand::State => {
                let (admin, personal) = (admin()?, format.show_personal_data);
                let mut state = admin.state(personal).await?;
                state["rows"] = json!(admin.all_rows(personal).await?);
                let text = serde_json::to_string_pretty(&state).unwrap_or_default();
                Ok(Output::new(text, &state))
            }
            SandboxCommand::Payments { at_least } => {
                let counted = admin()?.payments(*at_least).await?;
                let rows = counted.iter();
                let rows = rows.map(|one| vec![one.number.clone(), one.payments.to_string()]);
                let text = table(&["number", "payments"], &rows.collect::<Vec<_>>());
                Ok(Output::new(text, &counted))
            }
            SandboxCommand::Command { text } => {
                let text = match text.as_str() {
                    "-" => read_file(Path::new("-"))?,
                    text => text.to_owned(),
                };
                let command = serde_json::from_str(&text).map_err(|error| {
                    let what = format!("the command cannot be read: {error}");
                    Failure::usage(what).help("For example '{\"command\":\"tick\"}'.")
                })?;
                execute(&command, format).await
            }
        }
    }
}

/// Makes a path absolute, because the sandbox may run in another folder.
fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

fn kind_of(clock: &ClockStatus) -> String {
    match (clock.is_virtual, clock.speed) {
        (true, _) => "virtual".to_owned(),
        (false, 1) => "real".to_owned(),
        (false, speed) => format!("{speed} times as fast as the system's"),
    }
}

/// Formats the state of the clock.
pub(crate) fn render_clock(what: &str, clock: &ClockStatus) -> Output {
    let kind = kind_of(clock);
    let mut rows = vec![("now", format!("{} ({kind})", clock.now))];
    rows.extend(clock.next_due.map(|due| ("next due", due.to_string())));
    let text = match what {
        "" => columns(&rows, 0),
        what => format!("{what}\n{}", columns(&rows, 2)),
    };
    Output::new(text, clock)
}

impl Up {
    fn clock(&self) -> Result<Clock, Failure> {
        match (self.clock, self.start) {
            (ClockKind::Virtual, _) if self.speed != 1 => {
                let what = "a virtual clock moves only by `skypay clock advance`, and has no speed";
                Err(Failure::usage(what).help("Leave out --speed, or --clock virtual."))
            }
            (ClockKind::Virtual, None) => Ok(Clock::frozen()),
            (ClockKind::Virtual, Some(start)) => Ok(Clock::Virtual { start }),
            (ClockKind::Real, None) if self.speed == 1 => Ok(Clock::Real),
            (ClockKind::Real, start) => {
                let start = start.unwrap_or_else(system_time);
                Ok(Clock::fast(start, self.speed))
            }
        }
    }

    async fn run(&self, format: OutputFormat) -> Result<Output, Failure> {
        let scenario = match &self.scenario {
            Some(file) => Scenario::read(file)?,
            None => Scenario::default(),
        };
        let begun = !self.memory && fs::metadata(&self.db).is_ok_and(|found| found.len() > 0);
        let builder = self.builder(scenario.settings()?)?;
        let mut running = self.start(builder).await?;
        if begun {
            let info = running.info();
            for warning in self.warnings(running.resumed_at(), info) {
                print_warning(&warning, format);
            }
        } else {
            scenario.play(running.admin()).await?;
        }
        greet(running.info(), format);
        let end = tokio::select! {
            end = running.failed() => Some(end),
            () = interrupted() => None,
        };
        running.stop().await;
        match end {
            Some(error) => Err(Failure::refused(error.to_string())),
            None => Ok(Output::new("Stopped.", &json!({ "stopped": true }))),
        }
    }

    fn builder(&self, mut settings: Settings) -> Result<Builder, Failure> {
        if !self.memory {
            folder::prepare(&self.db)
                .map_err(|error| Failure::unwritable(&self.db, &error).help(OTHER_DATABASE))?;
        }
        settings.seed = self.seed.unwrap_or(settings.seed);
        let token = variable(ADMIN_TOKEN);
        if !self.host.is_loopback() && token.is_none() {
            let what = format!("others could control a sandbox at {}", self.host);
            return Err(Failure::usage(what).help(
                "Set SKYPAY_ADMIN_TOKEN, here and where it is controlled from, to a secret such \
                 as `openssl rand -hex 16` prints.",
            ));
        }
        let mut builder = Sandbox::builder()
            .callback_checks(PageChecks)
            .address(SocketAddr::from((self.host, self.port)))
            .clock(self.clock()?)
            .settings(settings)
            .plaintext(!self.sealed_only)
            .timeout(StdDuration::from_millis(self.timeout.as_milliseconds()));
        for host in &self.allow_host {
            builder = builder.host(host);
        }
        if let Some(token) = token {
            builder = builder.admin_token(token);
        }
        if !self.memory {
            builder = builder.database(&self.db);
        }
        Ok(builder)
    }

    /// Returns what does not go on as it was in an existing database, and which options
    /// have no effect on it.
    fn warnings(&self, last: Timestamp, info: &Info) -> Vec<String> {
        let (db, now) = (self.db.display(), info.clock.now);
        let mut warnings = Vec::new();
        if self.start.is_none() && now > last.plus(Duration::days(1)) {
            warnings.push(format!(
                "the clock of {db} was at {last} and is at {now} now. What was due in between \
                 happens now, and keys may have expired. A virtual clock goes on where it was \
                 with --clock virtual."
            ));
        }
        let mut ignored = Vec::new();
        if self.start.is_some_and(|start| match self.clock {
            ClockKind::Virtual => start != last,
            ClockKind::Real => start < last,
        }) {
            ignored.push("--start");
        }
        if self.seed.is_some_and(|seed| seed != info.seed) {
            ignored.push("--seed");
        }
        if self.scenario.is_some() {
            ignored.push("--scenario");
        }
        if !ignored.is_empty() {
            let ignored = ignored.join(" and ");
            warnings.push(format!(
                "{ignored} has no effect on {db}, which exists: its clock goes on from {last}, \
                 and its seed is {}. Name another --db for a new sandbox.",
                info.seed
            ));
        }
        warnings
    }

    async fn start(&self, builder: Builder) -> Result<Running, Failure> {
        builder.start().await.map_err(|error| match error {
            StartError::Listen(..) => Failure::usage(error.to_string())
                .help("Choose another port with --port; 0 takes a free one."),
            StartError::AdminToken(_) => Failure::usage(error.to_string())
                .help("It is in SKYPAY_ADMIN_TOKEN; `openssl rand -hex 16` prints one."),
            StartError::Database(_) => Failure::usage(error.to_string()).help(OTHER_DATABASE),
            StartError::Settings(_) => {
                Failure::usage(error.to_string()).help("They are in the file of --scenario.")
            }
            other => Failure::refused(other.to_string()),
        })
    }
}

/// Parses the time at which a clock begins.
fn start_time(text: &str) -> Result<Timestamp, String> {
    match text {
        "now" => Ok(system_time()),
        text => DateTime::try_from(text)
            .map(Timestamp::from)
            .map_err(|error| error.to_string()),
    }
}

fn system_time() -> Timestamp {
    DateTime::from(SystemTime::now()).into()
}

/// Completes on Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        if let Ok(mut ended) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = ended.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn greet(info: &Info, format: OutputFormat) {
    if format.json {
        out(&serde_json::to_string(info).unwrap_or_default());
    } else {
        out(&format!("{}\n\nRunning until Ctrl-C.", greeting(info)));
    }
}

/// Returns the credentials and examples to print at startup.
fn greeting(info: &Info) -> String {
    let clock = kind_of(&info.clock);
    let database = info.database.as_ref();
    let database = database.map_or("in memory".to_owned(), |file| file.display().to_string());
    let taken = if info.plaintext {
        "sealed and plaintext"
    } else {
        "sealed"
    };
    let mut rows = vec![
        ("URL", info.service_url.clone()),
        ("in a browser", info.url.clone()),
        ("caller name", info.caller_name.clone()),
        ("user name", info.user_name.clone()),
        ("authentication", info.authentication.clone()),
        ("encrypt key", info.encrypt_key.clone()),
    ];
    rows.extend(info.keys_expire.map(|expires| {
        if info.keys_have_expired {
            let why = format!("{expires}: every request is refused. {NEW_KEYS}");
            ("keys expired", why)
        } else {
            ("keys expire", expires.to_string())
        }
    }));
    for (prefix, balance) in &info.entities {
        rows.push(("prefix", format!("{prefix}, opening balance {balance} PHP")));
    }
    rows.extend([
        ("takes", taken.to_owned()),
        ("clock", format!("{clock}, {}", info.clock.now)),
        ("database", database),
        ("seed", info.seed.to_string()),
    ]);
    let variables = [
        ("SKYPAY_SANDBOX", &info.url),
        ("SKYPAY_CALLER_NAME", &info.caller_name),
        ("SKYPAY_USER_NAME", &info.user_name),
        ("SKYPAY_AUTHENTICATION", &info.authentication),
        ("SKYPAY_ENCRYPT_KEY", &info.encrypt_key),
    ];
    let variables = variables.map(|(name, value)| format!("  export {name}='{value}'"));
    format!(
        "A SkyPay sandbox\n\n{}\n\nFor a shell:\n\n{}\n\nFor example:\n\n  skypay call balanceQuery",
        columns(&rows, 2),
        variables.join("\n")
    )
}

/// The hint for expired keys.
pub(crate) const NEW_KEYS: &str = "Make others with `skypay keys generate`, see them with \
                                   `skypay keys reveal`, enable them with `skypay keys enable`; \
                                   they take effect after five minutes.";

/// The initial settings and steps of a sandbox.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    settings: Option<Value>,
    #[serde(default)]
    steps: Vec<Value>,
    #[serde(skip)]
    file: PathBuf,
}

/// The step `{"advance": "300s"}`; every other step is a command.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceStep {
    advance: Duration,
}

impl Scenario {
    fn read(file: &Path) -> Result<Self, Failure> {
        let text = read_file(file)?;
        let is_json = file
            .extension()
            .is_some_and(|extension| extension == "json");
        let scenario = if is_json {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            toml::from_str(&text).map_err(|error| error.to_string())
        };
        let scenario: Self = scenario
            .map_err(|error| Failure::usage(format!("{}: {}", file.display(), error.trim_end())))?;
        Ok(Self {
            file: file.to_owned(),
            ..scenario
        })
    }

    fn settings(&self) -> Result<Settings, Failure> {
        match &self.settings {
            None => Ok(Settings::default()),
            Some(settings) => serde_json::from_value(settings.clone())
                .map_err(|error| self.wrong("settings", &error)),
        }
    }

    /// Executes the steps in order.
    async fn play(&self, admin: &Admin) -> Result<(), Failure> {
        let mut steps = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let name = format!("step {}", index + 1);
            steps.push(self.step(&name, step).map(|step| (name, step))?);
        }
        for (name, step) in steps {
            let invalid_command = match step {
                Step::Advance(by) => {
                    admin.advance(by).await?;
                    None
                }
                Step::Command(command) => {
                    let executed = admin.command(&command).await?;
                    executed.invalid_command().map(str::to_owned)
                }
            };
            if let Some(why) = invalid_command {
                let what = format!("{}, {name}: {why}", self.file.display());
                return Err(Failure::refused(what));
            }
        }
        Ok(())
    }

    fn step(&self, name: &str, step: &Value) -> Result<Step, Failure> {
        let read = if step.get("advance").is_some() {
            serde_json::from_value(step.clone())
                .map(|step: AdvanceStep| Step::Advance(step.advance))
        } else {
            serde_json::from_value(step.clone()).map(|command| Step::Command(Box::new(command)))
        };
        read.map_err(|error| self.wrong(name, &error))
    }

    fn wrong(&self, place: &str, error: &serde_json::Error) -> Failure {
        Failure::usage(format!("{}, {place}: {error}", self.file.display()))
    }
}

enum Step {
    Advance(Duration),
    Command(Box<Command>),
}

//! A database that is cut off at any step of any write, or refuses any step,
//! holds what was committed and opens again.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::types::Value;
use tempfile::TempDir;

use super::{Store, beside};
use crate::admin_client::WireRecord;
use crate::engine::{Command, FinanceCommand, Settings, State, Timestamp};

const START: &str = "2026-01-05 09:00:00";

fn now() -> Timestamp {
    Timestamp::from(START.parse::<skypay_types::DateTime>().unwrap())
}

fn open(file: &Path) -> (Store, State) {
    Store::open(Some(file.to_owned()), Settings::default(), now()).unwrap()
}

/// Everything that is in a database.
fn contents(store: &Store) -> Vec<String> {
    let read = |connection: &mut rusqlite::Connection| {
        let mut all = Vec::new();
        for table in [
            "head", "entity", "schedule", "daily", "reported", "log", "wire",
        ] {
            let mut rows = connection.prepare(&format!("SELECT * FROM {table}"))?;
            let columns = rows.column_count();
            let rows = rows.query_map([], |row| {
                let values = (0..columns).map(|column| row.get::<_, Value>(column));
                let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
                Ok(format!("{table} {values:?}"))
            })?;
            all.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        Ok(all)
    };
    store.rows.with(read).unwrap()
}

fn commands() -> Vec<Command> {
    let recharge = Command::Finance(FinanceCommand::Recharge {
        prefix: "SKY98".to_owned(),
        amount: "5000".parse().unwrap(),
        beneficiary_account: None,
    });
    vec![recharge; 3]
}

/// Commits commands, as the sandbox does.
fn commit(store: &Store, state: &mut State, commands: &[Command]) -> Result<(), super::StoreError> {
    store.begin()?;
    for command in commands {
        let applied = state.apply(command, now().date_time());
        store.record_events(&applied.events)?;
        store.note_wire(1, &WireRecord::default())?;
    }
    store.commit(state)
}

/// Everything that writes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Write {
    Commit,
    Reset,
    Save,
    Restore,
}

const WRITES: [Write; 4] = [Write::Commit, Write::Reset, Write::Save, Write::Restore];

impl Write {
    fn run(self, store: &Store, state: &mut State, folder: &Path) -> Result<(), super::StoreError> {
        match self {
            Self::Commit => commit(store, state, &commands()),
            Self::Reset => commit(store, state, &[Command::Reset]),
            Self::Save => store.save(&folder.join("saved.db")).map(|_| ()),
            Self::Restore => {
                *state = store.restore(&folder.join("other.db"))?;
                Ok(())
            }
        }
    }

    /// What is there before and after.
    fn contents(self) -> [Vec<String>; 2] {
        let (folder, store, mut state) = prepared();
        let before = contents(&store);
        self.run(&store, &mut state, folder.path()).unwrap();
        let after = contents(&store);
        assert_eq!(before != after, self != Self::Save);
        [before, after]
    }
}

/// A folder with a database, and another one to restore from; and the first
/// one, open.
fn prepared() -> (TempDir, Store, State) {
    let folder = TempDir::new().unwrap();
    let (other, mut state) = open(&folder.path().join("elsewhere.db"));
    for _ in 0..20 {
        commit(&other, &mut state, &commands()).unwrap();
    }
    other.save(&folder.path().join("other.db")).unwrap();
    let (store, mut state) = open(&folder.path().join("sandbox.db"));
    commit(&store, &mut state, &commands()).unwrap();
    (folder, store, state)
}

/// The files of a database as they are: what is left when the process is
/// killed now.
#[derive(PartialEq)]
struct Image {
    main: Vec<u8>,
    log: Vec<u8>,
}

impl Image {
    fn of(file: &Path) -> Self {
        let read = |end| fs::read(beside(file, end)).unwrap_or_default();
        Self {
            main: read(""),
            log: read("-wal"),
        }
    }

    /// What is found when it is opened.
    fn opened(&self) -> Vec<String> {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("sandbox.db");
        fs::write(&file, &self.main).unwrap();
        fs::write(beside(&file, "-wal"), &self.log).unwrap();
        contents(&open(&file).0)
    }
}

fn check_killed(write: Write) {
    let states = write.contents();
    let (folder, store, mut state) = prepared();
    let file = folder.path().join("sandbox.db");
    let images = Arc::new(Mutex::new(vec![Image::of(&file)]));
    let (seen, place) = (Arc::clone(&images), file.clone());
    let look = move || {
        let mut seen = seen.lock().unwrap();
        let image = Image::of(&place);
        if seen.last() != Some(&image) {
            seen.push(image);
        }
        false
    };
    let watched = store.rows.with(|it| it.progress_handler(1, Some(look)));
    watched.unwrap();
    write.run(&store, &mut state, folder.path()).unwrap();
    let mut images = std::mem::take(&mut *images.lock().unwrap());
    images.push(Image::of(&file));
    for (step, image) in images.iter().enumerate() {
        let found = image.opened();
        assert!(states.contains(&found), "{write:?}, step {step}");
    }
    // A commit is one more piece of the log, of which any part may be there.
    let [first, .., last] = &*images else {
        panic!("{write:?} changes no file")
    };
    let written = last.log.len().saturating_sub(first.log.len());
    for length in (first.log.len()..=last.log.len()).step_by(written / 60 + 1) {
        let cut = Image {
            main: first.main.clone(),
            log: last.log[..length].to_vec(),
        };
        assert!(states.contains(&cut.opened()), "{write:?}, cut at {length}");
    }
    store.close();
    assert!(states[1] == Image::of(&file).opened(), "{write:?}, closed");
}

#[test]
fn a_database_opens_again_wherever_a_write_is_cut_off() {
    for write in WRITES.into_iter().filter(|write| *write != Write::Save) {
        check_killed(write);
    }
}

/// What keeps a write from being done.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// Its step of that number is refused.
    Step(i32),
    /// The database may have only so many pages more.
    Full(i32),
}

impl Trouble {
    fn begin(self, store: &Store) {
        match self {
            Self::Step(steps) => {
                let refuse = || true;
                let refused = store
                    .rows
                    .with(|it| it.progress_handler(steps, Some(refuse)));
                refused.unwrap();
            }
            Self::Full(more) => {
                let pages = store.pragma("page_count").unwrap();
                limit_pages(store, pages + more);
            }
        }
    }

    fn end(store: &Store) {
        let none = None::<fn() -> bool>;
        store.rows.with(|it| it.progress_handler(1, none)).unwrap();
        limit_pages(store, i32::MAX);
    }
}

impl Store {
    /// Commits nothing as long as that is set, as on a full disk.
    pub(crate) fn refuse_commits_while(&self, refused: Arc<AtomicBool>) {
        let hook = move || refused.load(Ordering::Acquire);
        self.rows.with(|it| it.commit_hook(Some(hook))).unwrap();
    }
}

fn limit_pages(store: &Store, pages: i32) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    let limited = store.rows.with(|it| it.query_row(&sql, [], |_| Ok(())));
    limited.unwrap();
}

/// Whether the write was done in spite of that.
fn check_refused(write: Write, states: &[Vec<String>; 2], trouble: Trouble) -> bool {
    let (folder, store, mut state) = prepared();
    let file = folder.path().join("sandbox.db");
    trouble.begin(&store);
    let result = write.run(&store, &mut state, folder.path());
    Trouble::end(&store);
    let saved = folder.path().join("saved.db");
    let names = fs::read_dir(folder.path()).unwrap();
    let parts = names.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains(".part-")
    });
    assert_eq!(parts.count(), 0, "{write:?}, {trouble:?}");
    assert_eq!(saved.exists(), write == Write::Save && result.is_ok());
    if result.is_ok() {
        assert!(
            Image::of(&file).opened() == states[1],
            "{write:?}, {trouble:?}"
        );
        return true;
    }
    // As the sandbox does; then everything goes on.
    store.roll_back();
    let mut state = store.load().unwrap();
    assert!(contents(&store) == states[0], "{write:?}, {trouble:?}");
    commit(&store, &mut state, &commands()).unwrap();
    let committed = contents(&store);
    store.close();
    let found = contents(&open(&file).0);
    assert!(found == committed, "{write:?}, {trouble:?}");
    false
}

#[test]
fn a_database_that_refuses_any_step_loses_nothing() {
    for write in WRITES {
        let states = write.contents();
        let mut step = 1;
        let mut refused = 0;
        while !check_refused(write, &states, Trouble::Step(step)) {
            refused += 1;
            // Every one of the first steps, then fewer and fewer.
            step += 1 + step / 6;
        }
        assert!(
            refused > 1 || matches!(write, Write::Save | Write::Restore),
            "{write:?}"
        );
    }
}

#[test]
fn a_full_database_loses_nothing() {
    for write in WRITES {
        let states = write.contents();
        let mut refused = 0;
        for more in 0.. {
            if check_refused(write, &states, Trouble::Full(more)) {
                break;
            }
            refused += 1;
        }
        let grows = matches!(write, Write::Commit | Write::Restore);
        assert!(refused > 0 || !grows, "{write:?}");
    }
}

#[test]
fn a_database_that_was_hardly_begun_is_begun_anew() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("sandbox.db");
    fs::write(&file, "").unwrap();
    let (store, _) = open(&file);
    let begun = Image::of(&file);
    let whole = contents(&store);
    store.close();
    for length in (0..begun.log.len()).step_by(begun.log.len() / 60) {
        let cut = Image {
            main: begun.main.clone(),
            log: begun.log[..length].to_vec(),
        };
        assert!(cut.opened() == whole, "cut at {length}");
    }
}

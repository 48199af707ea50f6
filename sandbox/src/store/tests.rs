//! A database that is cut off at any step of any write, or refuses any step,
//! holds what was committed and opens again.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use super::{Store, beside};
use crate::admin_client::WireRecord;
use crate::engine::{Command, FinanceCommand, Settings, State, Timestamp};

const START: &str = "2026-01-05 09:00:00";

fn now() -> Timestamp {
    Timestamp::from(START.parse::<skypay_types::DateTime>().unwrap())
}

/// Opens a database that writes its whole state with every commit, or never.
fn open(file: &Path, snapshots: bool) -> (Store, State) {
    let every = if snapshots { 1 } else { 1_000_000 };
    Store::open(Some(file.to_owned()), every, Settings::default(), now()).unwrap()
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
fn commit(
    store: &mut Store,
    state: &mut State,
    commands: &[Command],
) -> Result<(), super::StoreError> {
    store.begin()?;
    for command in commands {
        let applied = state.apply(command, now().date_time());
        store.record_event(now(), command, &applied.events)?;
        store.note_wire(1, &WireRecord::default())?;
    }
    store.commit(state)
}

/// Everything that writes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Write {
    Commit,
    Snapshot,
    Reset,
    Close,
    Save,
    Restore,
}

const WRITES: [Write; 6] = [
    Write::Commit,
    Write::Snapshot,
    Write::Reset,
    Write::Close,
    Write::Save,
    Write::Restore,
];

impl Write {
    fn run(
        self,
        store: &mut Store,
        state: &mut State,
        folder: &Path,
    ) -> Result<(), super::StoreError> {
        match self {
            Self::Commit | Self::Snapshot => commit(store, state, &commands()),
            Self::Reset => commit(store, state, &[Command::Reset]),
            Self::Close => store.close(state),
            Self::Save => store.save(&folder.join("saved.db")).map(|_| ()),
            Self::Restore => {
                *state = store.restore(&folder.join("other.db"))?;
                Ok(())
            }
        }
    }

    /// A folder with a database that has a journal behind its last snapshot,
    /// and another one to restore from; and the first one, open.
    fn prepared(self) -> (TempDir, Store, State) {
        let folder = TempDir::new().unwrap();
        let (mut other, mut state) = open(&folder.path().join("elsewhere.db"), true);
        for _ in 0..20 {
            commit(&mut other, &mut state, &commands()).unwrap();
        }
        other.save(&folder.path().join("other.db")).unwrap();
        drop(other);
        let file = folder.path().join("sandbox.db");
        let (mut store, mut state) = open(&file, false);
        commit(&mut store, &mut state, &commands()).unwrap();
        if self == Self::Snapshot {
            store.snapshot_every = 1;
        }
        (folder, store, state)
    }

    /// The state before and after.
    fn states(self) -> [State; 2] {
        let (folder, mut store, state) = self.prepared();
        let mut after = state.clone();
        self.run(&mut store, &mut after, folder.path()).unwrap();
        assert_eq!(after != state, !matches!(self, Self::Close | Self::Save));
        [state, after]
    }
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

    /// The state that is found when it is opened.
    fn opened(&self) -> State {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("sandbox.db");
        fs::write(&file, &self.main).unwrap();
        fs::write(beside(&file, "-wal"), &self.log).unwrap();
        open(&file, false).1
    }
}

fn check_killed(write: Write) {
    let states = write.states();
    let (folder, mut store, mut state) = write.prepared();
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
    store.connection.progress_handler(1, Some(look)).unwrap();
    write.run(&mut store, &mut state, folder.path()).unwrap();
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
    drop(store);
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
    fn begin(self, store: &mut Store) {
        match self {
            Self::Step(steps) => {
                let refuse = || true;
                store
                    .connection
                    .progress_handler(steps, Some(refuse))
                    .unwrap();
            }
            Self::Full(more) => {
                let pages = store.pragma("page_count").unwrap();
                limit_pages(store, pages + more);
            }
        }
    }

    fn end(store: &mut Store) {
        store
            .connection
            .progress_handler(1, None::<fn() -> bool>)
            .unwrap();
        limit_pages(store, i32::MAX);
    }
}

impl Store {
    /// Commits nothing as long as that is set, as on a full disk.
    pub(crate) fn refuse_commits_while(&mut self, refused: Arc<AtomicBool>) {
        let hook = move || refused.load(Ordering::Acquire);
        self.connection.commit_hook(Some(hook)).unwrap();
    }
}

fn limit_pages(store: &Store, pages: i32) {
    let sql = format!("PRAGMA max_page_count = {pages}");
    store.connection.query_row(&sql, [], |_| Ok(())).unwrap();
}

/// Whether the write was done in spite of that.
fn check_refused(write: Write, states: &[State; 2], trouble: Trouble) -> bool {
    let (folder, mut store, mut state) = write.prepared();
    let file = folder.path().join("sandbox.db");
    trouble.begin(&mut store);
    let result = write.run(&mut store, &mut state, folder.path());
    Trouble::end(&mut store);
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
    assert!(state == states[0], "{write:?}, {trouble:?}");
    commit(&mut store, &mut state, &commands()).unwrap();
    drop(store);
    assert!(open(&file, false).1 == state, "{write:?}, {trouble:?}");
    false
}

#[test]
fn a_database_that_refuses_any_step_loses_nothing() {
    for write in WRITES {
        let states = write.states();
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
        let states = write.states();
        let mut refused = 0;
        for more in 0.. {
            if check_refused(write, &states, Trouble::Full(more)) {
                break;
            }
            refused += 1;
        }
        let grows = matches!(write, Write::Commit | Write::Snapshot | Write::Restore);
        assert!(refused > 0 || !grows, "{write:?}");
    }
}

#[test]
fn a_database_that_was_hardly_begun_is_begun_anew() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("sandbox.db");
    fs::write(&file, "").unwrap();
    let (store, state) = open(&file, false);
    let begun = Image::of(&file);
    drop(store);
    for length in (0..begun.log.len()).step_by(begun.log.len() / 60) {
        let cut = Image {
            main: begun.main.clone(),
            log: begun.log[..length].to_vec(),
        };
        assert!(cut.opened() == state, "cut at {length}");
    }
}

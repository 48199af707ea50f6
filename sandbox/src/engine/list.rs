//! Lists of rows: filtered, sorted and searched, each by an index.

use rusqlite::params;
use skypay_types::{Amount, Date};

use super::State;
use super::delivery::{Callback, reference_to};
use super::row::Row;
use super::rows::{Entity, sql_limit};

/// The most rows that a list reads of each status and facet, and that a search reads.
pub const MOST_LISTED: usize = 10_000;

/// Selects and sorts the rows of a list. What is not given does not matter.
#[derive(Clone, Debug, Default)]
pub struct Selection<'a> {
    /// The beginning of a number or reference. If nothing begins with it, it is looked
    /// for in the numbers of the newest [`MOST_LISTED`] rows.
    pub number: &'a str,
    /// The first and last day of creation.
    pub days: (Option<Date>, Option<Date>),
    /// The smallest and the largest amount.
    pub amounts: (Option<Amount>, Option<Amount>),
    /// The order.
    pub order: Order,
    /// The number of rows to omit at the beginning.
    pub skipped: usize,
    /// The maximum number of rows.
    pub limit: usize,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first, also of those created at the same time.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The largest amount first; rows without an amount are omitted.
    Largest,
    /// The smallest amount first; rows without an amount are omitted.
    Smallest,
}

/// A row that may be listed.
struct Candidate {
    id: u64,
    amount: Option<i64>,
}

impl Selection<'_> {
    /// The newest rows.
    #[must_use]
    pub fn newest(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Whether rows are selected by more than kind, status and facet.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        !self.number.is_empty() || self.days != (None, None) || self.amounts != (None, None)
    }

    /// Whether the amounts determine the order. A range of amounts is read in it.
    fn is_by_amount(&self) -> bool {
        self.amounts != (None, None) || matches!(self.order, Order::Largest | Order::Smallest)
    }

    fn is_ascending(&self) -> bool {
        matches!(self.order, Order::Oldest | Order::Smallest)
    }

    fn centavos(&self) -> (i64, i64) {
        let (least, most) = self.amounts;
        (
            least.map_or(i64::MIN, Amount::centavos),
            most.map_or(i64::MAX, Amount::centavos),
        )
    }
}

impl State {
    /// The ids of the rows that a list shows, of the kinds, statuses and facets that
    /// `which` accepts.
    #[must_use]
    pub fn listed(
        &self,
        selection: &Selection<'_>,
        which: impl Fn(&str, &str, &str) -> bool,
    ) -> Vec<u64> {
        let ids = self.ids_of(selection.days);
        let mut found = if selection.number.is_empty() {
            let groups = self.groups().into_iter();
            let groups = groups.filter(|(kind, status, facet)| which(kind, status, facet));
            groups
                .flat_map(|group| self.of_group(&group, selection, ids))
                .collect()
        } else {
            self.numbered(selection, ids, which)
        };
        let by_amount = selection.is_by_amount();
        found.sort_unstable_by_key(|row| (row.amount.filter(|_| by_amount), row.id));
        if !selection.is_ascending() {
            found.reverse();
        }
        let shown = found.into_iter().skip(selection.skipped);
        let shown = shown.take(selection.limit);
        shown.map(|row| row.id).collect()
    }

    /// The rows that a list shows, as by [`Self::listed`].
    #[must_use]
    pub fn list(
        &self,
        selection: &Selection<'_>,
        which: impl Fn(&str, &str, &str) -> bool,
    ) -> Vec<Row> {
        let ids = self.listed(selection, which).into_iter();
        ids.filter_map(|id| self.row(id)).collect()
    }

    /// The newest row of each status and facet of a kind.
    #[must_use]
    pub fn newest_of_each(&self, kind: &str) -> Vec<Row> {
        let groups = self.groups().into_iter();
        let groups = groups.filter(|(of, _, _)| of == kind);
        let any = self.ids_of((None, None));
        let newest = groups.flat_map(|group| self.of_group(&group, &Selection::newest(1), any));
        newest.filter_map(|row| self.row(row.id)).collect()
    }

    /// The kinds of rows with their statuses and facets. There are as many as the
    /// document has codes, however many rows there are.
    #[must_use]
    pub fn groups(&self) -> Vec<(String, String, String)> {
        // Each step of the recursion is one search in the index.
        let facets = "WITH RECURSIVE seen (facet) AS (
                SELECT min(facet) FROM entity WHERE kind = ?1 AND status = ?2
                UNION ALL
                SELECT (SELECT min(facet) FROM entity
                        WHERE kind = ?1 AND status = ?2 AND facet > seen.facet)
                FROM seen WHERE seen.facet IS NOT NULL
            ) SELECT facet FROM seen WHERE facet IS NOT NULL";
        let statuses = self.counts().iter().flat_map(|(kind, statuses)| {
            let present = statuses.iter().filter(|(_, count)| **count > 0);
            present.map(move |(status, _)| (kind, status))
        });
        statuses
            .flat_map(|(kind, status)| {
                let facets: Vec<String> = self
                    .rows
                    .select(facets, params![kind, status], |row| row.get(0));
                let group = |facet| (kind.clone(), status.clone(), facet);
                facets.into_iter().map(group)
            })
            .collect()
    }

    fn of_group(
        &self,
        (kind, status, facet): &(String, String, String),
        selection: &Selection<'_>,
        (first, end): (u64, u64),
    ) -> Vec<Candidate> {
        let direction = if selection.is_ascending() {
            "ASC"
        } else {
            "DESC"
        };
        let limit = selection.skipped.saturating_add(selection.limit);
        let limit = sql_limit(limit.min(MOST_LISTED));
        let of_group = "kind = ?1 AND status = ?2 AND facet = ?3";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Candidate {
                id: row.get(0)?,
                amount: row.get(1)?,
            })
        };
        if !selection.is_by_amount() {
            let sql = format!(
                "SELECT id, amount FROM entity INDEXED BY entity_by_status \
                 WHERE {of_group} AND id >= ?4 AND id < ?5 ORDER BY id {direction} LIMIT ?6"
            );
            let values = params![kind, status, facet, first, end, limit];
            return self.rows.select(&sql, values, read);
        }
        // The days are looked for among a limited number of rows.
        let sql = format!(
            "SELECT id, amount FROM ( \
                 SELECT id, amount FROM entity INDEXED BY entity_by_amount \
                 WHERE {of_group} AND amount >= ?6 AND amount <= ?7 \
                 ORDER BY amount {direction}, id {direction} LIMIT {MOST_LISTED} \
             ) WHERE id >= ?4 AND id < ?5 LIMIT ?8"
        );
        let (least, most) = selection.centavos();
        let values = params![kind, status, facet, first, end, least, most, limit];
        self.rows.select(&sql, values, read)
    }

    /// The rows whose number or reference begins with a text; or, if there are none,
    /// new ones whose number contains it.
    fn numbered(
        &self,
        selection: &Selection<'_>,
        (first, end): (u64, u64),
        which: impl Fn(&str, &str, &str) -> bool,
    ) -> Vec<Candidate> {
        let columns = "SELECT id, amount, kind, status, facet";
        let begins = |index: &str, column: &str| {
            format!(
                "{columns} FROM entity INDEXED BY {index} \
                 WHERE {column} >= ?1 AND {column} <= ?1 || char(1114111) \
                 ORDER BY {column} LIMIT {MOST_LISTED}"
            )
        };
        let contains = format!(
            "{columns} FROM (SELECT * FROM entity ORDER BY id DESC LIMIT {MOST_LISTED}) \
             WHERE instr(number, ?1) > 0"
        );
        let (least, most) = selection.centavos();
        let read = |row: &rusqlite::Row<'_>| {
            let (id, amount) = (row.get(0)?, row.get::<_, Option<i64>>(1)?);
            let (kind, status, facet): (String, String, String) =
                (row.get(2)?, row.get(3)?, row.get(4)?);
            let is_amount = !selection.is_by_amount()
                || amount.is_some_and(|amount| (least..=most).contains(&amount));
            let is_listed =
                (first..end).contains(&id) && is_amount && which(&kind, &status, &facet);
            Ok(is_listed.then_some(Candidate { id, amount }))
        };
        let matching = |sql: &str| {
            let rows = self.rows.select(sql, [selection.number], read);
            rows.into_iter().flatten().collect::<Vec<_>>()
        };
        let mut found = matching(&begins("entity_by_number", "number"));
        found.extend(matching(&begins("entity_by_reference", "reference")));
        if found.is_empty() {
            found = matching(&contains);
        }
        found.sort_unstable_by_key(|row| row.id);
        found.dedup_by_key(|row| row.id);
        found
    }

    /// The range of ids that were created on some days. Ids are in the order of
    /// creation.
    fn ids_of(&self, (first, last): (Option<Date>, Option<Date>)) -> (u64, u64) {
        let first = first.map_or(0, |day| self.first_since(&day.to_string()));
        // No time of the day is after the tilde.
        let end = last.map(|day| self.first_since(&format!("{day} ~")));
        (first, end.unwrap_or(i64::MAX.unsigned_abs()))
    }

    /// The lowest id from which on rows were created at a time or later.
    fn first_since(&self, time: &str) -> u64 {
        let sql = "SELECT id, created >= ?2 FROM entity WHERE id >= ?1 ORDER BY id LIMIT 1";
        let (mut low, mut high) = (0, self.last_number + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u64>(0)?, row.get(1)?));
            match self.rows.select(sql, params![middle, time], read).pop() {
                Some((id, false)) => low = id + 1,
                Some((_, true)) | None => high = middle,
            }
        }
        low
    }

    /// The callbacks that repeat a callback, at most 100.
    #[must_use]
    pub fn copies_of(&self, callback: u64) -> Vec<Callback> {
        let sql =
            "SELECT kind, body FROM entity WHERE reference = ? AND kind = ? ORDER BY id LIMIT 100";
        let values = params![reference_to(callback), Callback::KIND];
        self.rows.entities(sql, values)
    }

    /// Callbacks that repeat others, at most 100.
    #[must_use]
    pub fn copies(&self) -> Vec<Callback> {
        let sql = "SELECT kind, body FROM entity \
                   WHERE reference >= '#' AND reference < '$' AND kind = ? LIMIT 100";
        self.rows.entities(sql, [Callback::KIND])
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use skypay_types::{Amount, DateTime, SignType, StatementType};

    use super::{Order, Selection};
    use crate::engine::{Movement, Row, Settings, State, Timestamp};

    const START: &str = "2026-01-05 09:00:00";

    /// Returns a state with movements: two at each time, an hour between them.
    fn filled(count: u64) -> State {
        let start: DateTime = START.parse().unwrap();
        let mut state = State::new(Settings::default(), start);
        let hour = crate::engine::Duration::seconds(3600);
        let mut time = Timestamp::from(start);
        for id in 1..=count {
            state.last_number = id;
            state.insert(&Movement {
                id,
                time,
                prefix: if id % 4 == 0 { "SKY98" } else { "SKY99" }.to_owned(),
                statement_type: StatementType::from("1"),
                sign_type: SignType::from("1"),
                amount: Amount::from_centavos(i64::try_from(id % 5).unwrap() * 100),
                source_account: String::new(),
                beneficiary_account: String::new(),
                reference: format!("R{id:06}"),
            });
            if id % 2 == 0 {
                time = time.plus(hour);
            }
        }
        state
    }

    fn ids(state: &State, selection: &Selection<'_>, prefix: &str) -> Vec<u64> {
        let which = |_: &str, _: &str, facet: &str| prefix.is_empty() || prefix == facet;
        let rows = state.list(selection, which);
        rows.iter().map(Row::id).collect()
    }

    #[test]
    fn rows_are_selected_and_sorted() {
        let state = filled(60);
        let newest = Selection::newest(3);
        let day = |day: &str| Some(day.parse().unwrap());
        let pesos = |pesos: i64| Some(Amount::from_centavos(pesos * 100));
        let with = |order| Selection {
            order,
            ..newest.clone()
        };
        for (selection, prefix, expected) in [
            (newest.clone(), "", vec![60, 59, 58]),
            (with(Order::Oldest), "", vec![1, 2, 3]),
            (newest.clone(), "SKY98", vec![60, 56, 52]),
            (with(Order::Largest), "", vec![59, 54, 49]),
            (with(Order::Smallest), "SKY98", vec![20, 40, 60]),
            (
                Selection {
                    skipped: 59,
                    ..newest.clone()
                },
                "",
                vec![1],
            ),
            // The first day has 15 hours, two movements in each.
            (
                Selection {
                    days: (None, day("2026-01-05")),
                    ..newest.clone()
                },
                "",
                vec![30, 29, 28],
            ),
            (
                Selection {
                    days: (day("2026-01-06"), None),
                    ..with(Order::Oldest)
                },
                "",
                vec![31, 32, 33],
            ),
            (
                Selection {
                    amounts: (pesos(4), None),
                    days: (None, day("2026-01-05")),
                    ..newest.clone()
                },
                "",
                vec![29, 24, 19],
            ),
            (
                Selection {
                    number: "R00001",
                    ..newest.clone()
                },
                "SKY99",
                vec![19, 18, 17],
            ),
            (
                Selection {
                    number: "0059",
                    ..newest.clone()
                },
                "",
                vec![59],
            ),
        ] {
            assert_eq!(ids(&state, &selection, prefix), expected, "{selection:?}");
        }
    }

    /// Counts the steps of SQLite, which do not depend on the machine.
    #[test]
    fn a_list_reads_as_much_of_many_rows_as_of_few() {
        let steps = |count: u64, selection: &Selection<'_>| {
            let state = filled(count);
            let steps = Arc::new(AtomicU64::new(0));
            let counted = Arc::clone(&steps);
            let hook = move || {
                counted.fetch_add(1, Ordering::Relaxed);
                false
            };
            let set = state.rows.with(|rows| rows.progress_handler(1, Some(hook)));
            set.unwrap();
            assert_eq!(ids(&state, selection, "SKY98").len(), 3, "{selection:?}");
            steps.load(Ordering::Relaxed)
        };
        let newest = Selection::newest(3);
        for selection in [
            newest.clone(),
            Selection {
                days: ("2026-01-06".parse().ok(), None),
                order: Order::Oldest,
                ..newest.clone()
            },
            Selection {
                order: Order::Largest,
                ..newest.clone()
            },
            Selection {
                number: "R00002",
                ..newest
            },
        ] {
            let (few, many) = (steps(200, &selection), steps(2000, &selection));
            // A search takes more steps in a deeper tree.
            assert!(many < few * 2, "{selection:?}: {few} and {many} steps");
        }
    }
}

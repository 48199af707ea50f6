//! The lists of a sandbox: its log, its requests and its rows, all selected alike.

use serde_json::Value;
use skypay_types::Amount;

use super::{Store, StoreError};
use crate::admin_client::{ListQuery, RequestRecord};
use crate::engine::{Json, Row, sql_limit, with_personal_data};

/// What a query compares, as expressions on a table.
struct List {
    table: &'static str,
    /// The columns that are read.
    columns: &'static str,
    id: &'static str,
    kind: &'static str,
    operation: &'static str,
    number: &'static str,
    channel: &'static str,
    state: &'static str,
    code: &'static str,
    text: &'static str,
    time: &'static str,
    /// In centavos.
    amount: &'static str,
}

const LOG: List = List {
    table: "log",
    columns: "sequence, line, personal",
    id: "sequence",
    kind: "json_extract(line, '$.kind')",
    operation: "json_extract(line, '$.details.operation')",
    number: "json_extract(line, '$.subject')",
    channel: "json_extract(line, '$.details.channel')",
    state: "json_extract(line, '$.details.result')",
    code: "json_extract(line, '$.details.code')",
    text: "line",
    time: "json_extract(line, '$.time')",
    amount: "CAST(round(100 * json_extract(line, '$.details.amount')) AS INTEGER)",
};

const REQUESTS: List = List {
    table: "request",
    columns: "id, record",
    id: "id",
    kind: "NULL",
    operation: "operation",
    number: "numbers",
    channel: "NULL",
    state: "result",
    code: "code",
    text: "record",
    time: "time",
    amount: "NULL",
};

const ROWS: List = List {
    table: "entity",
    columns: "kind, body",
    id: "id",
    kind: "kind",
    operation: "json_extract(body, '$.operation')",
    number: "number",
    channel: "json_extract(body, '$.channel')",
    state: "status",
    code: "json_extract(body, '$.attempts[#-1].result.code')",
    text: "body",
    time: "created",
    amount: "amount",
};

/// In how many of the newest a text is looked for: for a text that is nowhere, all of
/// them are read.
const SEARCHED: u32 = 100_000;

impl Store {
    /// Lines of the log with their numbers.
    pub(crate) fn log(&self, query: &ListQuery) -> Result<Vec<(u64, String)>, StoreError> {
        self.list(&LOG, query, |row| {
            let mut line: String = row.get(1)?;
            if query.personal {
                let personal: Option<Json<Value>> = row.get(2)?;
                line = with_personal_data(&line, personal.map(|Json(personal)| personal));
            }
            Ok((row.get(0)?, line))
        })
    }

    pub(crate) fn requests(&self, query: &ListQuery) -> Result<Vec<RequestRecord>, StoreError> {
        self.list(&REQUESTS, query, |row| {
            let Json(record) = row.get(1)?;
            Ok(RequestRecord {
                id: row.get(0)?,
                ..record
            })
        })
    }

    pub(crate) fn rows(&self, query: &ListQuery) -> Result<Vec<Row>, StoreError> {
        self.list(&ROWS, query, Row::read)
    }

    fn list<T>(
        &self,
        list: &List,
        query: &ListQuery,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let List {
            table,
            columns,
            id,
            kind,
            operation,
            number,
            channel,
            state,
            code,
            text,
            time,
            amount,
        } = list;
        let order = if query.newest_first { "DESC" } else { "ASC" };
        let since = if query.newest_first && !query.text.is_empty() {
            format!("max(?1, (SELECT max({id}) FROM {table}) - {SEARCHED})")
        } else {
            "?1".to_owned()
        };
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {id} > {since} \
             AND (?2 = '' OR instr(',' || ?2 || ',', ',' || {kind} || ',') > 0) \
             AND (?3 = '' OR {operation} = ?3) AND (?4 = '' OR instr({number}, ?4) > 0) \
             AND (?5 = '' OR {channel} = ?5) \
             AND (?6 = '' OR instr(lower({state}), lower(?6)) > 0) \
             AND (?7 = '' OR {code} = ?7) \
             AND (?8 = '' OR instr(lower({text}), lower(?8)) > 0) \
             AND (?9 IS NULL OR {time} >= ?9) AND (?10 IS NULL OR {time} <= ?10 || ' ~') \
             AND (?11 IS NULL OR {amount} >= ?11) AND (?12 IS NULL OR {amount} <= ?12) \
             ORDER BY {id} {order} LIMIT ?13 OFFSET ?14"
        );
        let values = rusqlite::params![
            query.after,
            query.kind,
            query.operation,
            query.number,
            query.channel,
            query.state,
            query.code,
            query.text,
            query.from.map(|day| day.to_string()),
            query.to.map(|day| day.to_string()),
            query.at_least.map(Amount::centavos),
            query.at_most.map(Amount::centavos),
            sql_limit(query.limit.unwrap_or(usize::MAX)),
            sql_limit(query.skipped),
        ];
        self.select(&sql, values, read)
    }
}

#[cfg(test)]
mod tests {
    use super::SEARCHED;
    use crate::admin_client::ListQuery;
    use crate::engine::{Settings, Timestamp};
    use crate::store::Store;

    #[test]
    fn a_text_is_looked_for_in_the_newest_if_these_are_first() {
        let now: skypay_types::DateTime = "2026-01-05 09:00:00".parse().unwrap();
        let (store, _) = Store::open(None, Settings::default(), Timestamp::from(now)).unwrap();
        let insert = |connection: &mut rusqlite::Connection| {
            let sql = "INSERT INTO log (sequence, line) VALUES (?, '{\"subject\":\"Found\"}')";
            for sequence in [1, 2, SEARCHED + 1, SEARCHED + 2] {
                connection.execute(sql, [sequence])?;
            }
            Ok(())
        };
        store.rows.with(insert).unwrap();
        for (newest_first, text, expected) in [
            (true, "found", &[SEARCHED + 2, SEARCHED + 1][..]),
            (true, "", &[SEARCHED + 2, SEARCHED + 1, 2, 1]),
            (false, "found", &[1, 2, SEARCHED + 1, SEARCHED + 2]),
        ] {
            let found = store.log(&ListQuery {
                newest_first,
                text: text.to_owned(),
                ..ListQuery::default()
            });
            let found: Vec<_> = found.unwrap().into_iter().map(|(id, _)| id).collect();
            let expected: Vec<_> = expected.iter().copied().map(u64::from).collect();
            assert_eq!(found, expected, "{newest_first} {text}");
        }
    }
}

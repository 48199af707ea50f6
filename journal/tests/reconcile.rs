//! What SkyPay has and what the journal has: after a day, and after a restore.

use std::collections::BTreeMap;

use skypay_client::types::Date;
use skypay_journal::database::{Database, DatabaseError};
use skypay_journal::{
    Answer, CallOutcome, Difference, Fact, Found, Journal, PayoutRequest, Policy, Provider,
    ReportRow, Shown, Sqlite, State, Statuses, Store, Timestamp, Withdrawal, Work,
};

use crate::support::{journal, request};

/// A SkyPay that shows what it is given.
#[derive(Default)]
struct SkyPay {
    refusal: Option<CallOutcome>,
    found: BTreeMap<String, Shown>,
    unreadable: Option<String>,
    report: Vec<ReportRow>,
}

impl Provider for SkyPay {
    async fn send<R: PayoutRequest>(&self, _: &R) -> Answer {
        Answer {
            outcome: self.refusal.unwrap_or(CallOutcome::Accepted),
            code: None,
        }
    }

    async fn statuses(&self, numbers: &[String]) -> Result<Statuses, String> {
        let mut found = self.found.clone();
        found.retain(|number, _| numbers.contains(number));
        Ok(Statuses {
            time: None,
            found,
            unreadable: self.unreadable.clone(),
        })
    }

    async fn report(&self, day: Date) -> Result<Vec<ReportRow>, String> {
        let begin = Timestamp::beginning_of(day);
        let mut rows = self.report.clone();
        rows.retain(|row| row.paid_at == Some(begin));
        Ok(rows)
    }
}

/// Orders a payout, or withdraws it, in a transaction of the partner's.
#[derive(Clone)]
enum Job {
    Order(Journal<Sqlite>, &'static str),
    Withdraw(Journal<Sqlite>, String),
    /// Changes a time.
    Set(&'static str),
}

impl Work for Job {
    type Output = Result<bool, String>;

    async fn run<D: Database + Send>(self, db: &mut D) -> Result<Self::Output, DatabaseError> {
        Ok(match self {
            Self::Order(journal, id) => {
                journal.order(db, id, request).await.unwrap();
                Ok(true)
            }
            Self::Withdraw(journal, number) => {
                let withdrawn = journal.withdraw(db, &number).await;
                let withdrawn = withdrawn.map_err(|error| error.to_string());
                withdrawn.map(|withdrawal| withdrawal == Withdrawal::Done)
            }
            Self::Set(statement) => {
                db.run(statement, &[]).await?;
                Ok(true)
            }
        })
    }
}

struct Partner {
    store: Sqlite,
    journal: Journal<Sqlite>,
}

impl Partner {
    async fn new() -> Self {
        let store = Sqlite::in_memory().unwrap();
        let journal = journal(store.clone(), Policy::default()).await;
        Self { store, journal }
    }

    async fn does(&self, job: Job) -> Result<bool, String> {
        self.store.transact(job).await.unwrap()
    }

    /// Orders and sends a payout. Returns its number.
    async fn pays_out(&self, id: &'static str, skypay: &SkyPay) -> String {
        let order = Job::Order(self.journal.clone(), id);
        self.does(order).await.unwrap();
        let number = format!("SKY98{id}");
        let payout = skypay_journal::Payout::of(request(&number).unwrap());
        let _ = self.journal.send(skypay, &payout).await.unwrap();
        number
    }
}

fn row(number: &str, centavos: i64, day: Date) -> ReportRow {
    ReportRow {
        number: number.to_owned(),
        centavos,
        paid_at: Some(Timestamp::beginning_of(day)),
        reference: None,
    }
}

#[tokio::test]
async fn each_difference_of_a_day_is_found() {
    let partner = Partner::new().await;
    let day: Date = "2024-02-05".try_into().unwrap();
    let mut skypay = SkyPay::default();
    for id in ["10000001", "10000002", "10000003", "10000004"] {
        let number = partner.pays_out(id, &skypay).await;
        skypay.report.push(row(&number, 390_000, day));
    }
    let clean = partner.journal.reconcile(&skypay, day).await.unwrap();
    assert_eq!((clean.rows, clean.differences), (4, Vec::new()));

    skypay.refusal = Some(CallOutcome::Rejected);
    let refused = partner.pays_out("10000005", &skypay).await;
    // The first agrees, the second has another amount, the third is there twice, the
    // fourth is not; the fifth was refused, and the sixth is not ours.
    skypay.report[1].centavos = 390_100;
    skypay.report[3] = skypay.report[2].clone();
    skypay.report.push(row(&refused, 390_000, day));
    skypay.report.push(row("SKY9810000006", 100, day));
    let found = partner.journal.reconcile(&skypay, day).await.unwrap();
    let found: Vec<_> = found
        .differences
        .iter()
        .map(|difference| format!("{difference:?}"))
        .collect();
    let expected = [
        "AmountDiffers { number: \"SKY9810000002\", ours: 390000, theirs: 390100 }",
        "Twice { number: \"SKY9810000003\", times: 2 }",
        "SettledOtherwise { number: \"SKY9810000005\", state: Contradiction }",
        "TheirsNotOurs { row: ReportRow { number: \"SKY9810000006\", centavos: 100,",
        "OursNotTheirs { number: \"SKY9810000004\" }",
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}

/// It is not known which payout the other part is about.
#[tokio::test]
async fn what_can_be_read_of_an_answer_is_recorded() {
    let partner = Partner::new().await;
    let mut skypay = SkyPay::default();
    let paid = partner.pays_out("10000001", &skypay).await;
    let other = partner.pays_out("10000002", &skypay).await;
    let shown = Shown {
        found: Found::Paid,
        paid_at: None,
    };
    skypay.found.insert(paid.clone(), shown);
    skypay.unreadable = Some("entry 2 of the list cannot be read".to_owned());
    let due = "UPDATE skypay_payout SET ask_at = 0";
    partner.does(Job::Set(due)).await.unwrap();
    let round = partner.journal.sweep(&skypay).await.unwrap();
    assert_eq!((round.asked, round.failed), (2, skypay.unreadable));
    let standing = partner.journal.standing(&paid).await.unwrap();
    assert_eq!(standing.state, State::Paid);
    let history = partner.journal.history(&other).await.unwrap();
    let is_absent = |fact: &Fact| matches!(fact, Fact::Absent { .. });
    assert!(!history.entries.iter().any(|entry| is_absent(&entry.fact)));
}

#[tokio::test]
async fn a_second_payment_on_another_day_is_found() {
    let partner = Partner::new().await;
    let mut skypay = SkyPay::default();
    let number = partner.pays_out("10000001", &skypay).await;
    let days: [Date; 2] = ["2024-02-05", "2024-02-06"].map(|day| day.try_into().unwrap());
    skypay.report = days.map(|day| row(&number, 390_000, day)).to_vec();
    let twice = Difference::Twice { number, times: 2 };
    for (day, expected) in [
        (days[0], vec![]),
        (days[1], vec![twice.clone()]),
        (days[0], vec![]),
        (days[1], vec![twice]),
    ] {
        let found = partner.journal.reconcile(&skypay, day).await.unwrap();
        assert_eq!((found.rows, found.differences), (1, expected), "{day}");
    }
}

#[tokio::test]
async fn a_recovery_asks_about_what_could_be_withdrawn() {
    let partner = Partner::new().await;
    let mut skypay = SkyPay {
        refusal: Some(CallOutcome::RejectedUntilRecharge),
        ..SkyPay::default()
    };
    let number = partner.pays_out("10000001", &skypay).await;
    // The backup is from this time. After it, another attempt was accepted.
    let shown = Shown {
        found: Found::Open,
        paid_at: None,
    };
    skypay.found.insert(number.clone(), shown);
    let withdraw = Job::Withdraw(partner.journal.clone(), number.clone());
    let today = skypay_client::types::DateTime::from(partner.journal.hold().await.unwrap()).date();

    let early = partner.journal.recover(&skypay, Some(today)).await.unwrap();
    assert!(early.held_until.is_some() && early.asked == 0);
    let earlier = "UPDATE skypay_journal SET value = value - 600000000 WHERE name = 'hold'";
    partner.does(Job::Set(earlier)).await.unwrap();
    let recovered = partner.journal.recover(&skypay, Some(today)).await.unwrap();
    assert_eq!(
        (recovered.held_until, recovered.sent),
        (None, vec![number.clone()])
    );
    let standing = partner.journal.standing(&number).await.unwrap();
    assert_eq!(standing.state, State::Accepted);
    assert_eq!(partner.does(withdraw).await, Ok(false));
}

#[tokio::test]
async fn an_accepted_payout_that_is_never_shown_is_listed() {
    let partner = Partner::new().await;
    let number = partner.pays_out("10000001", &SkyPay::default()).await;
    for absences in 0..3 {
        let listed = partner.journal.unknowns(10).await.unwrap();
        let numbers: Vec<_> = listed.iter().map(|one| &one.record.number).collect();
        let expected = if absences < 2 { vec![] } else { vec![&number] };
        assert_eq!(numbers, expected, "after {absences} absences");
        for statement in [
            "INSERT INTO skypay_evidence (number, sequence, at, fact, detail)
             SELECT number, version + 1, created_at, 'absent conclusive', '' FROM skypay_payout",
            "UPDATE skypay_payout SET version = version + 1",
        ] {
            partner.does(Job::Set(statement)).await.unwrap();
        }
    }
}

/// A clock was ten hours ahead, and was set back: the journal's time stands still.
#[tokio::test]
async fn evidence_from_the_future_is_reported() {
    let partner = Partner::new().await;
    let skypay = SkyPay::default();
    partner.pays_out("10000001", &skypay).await;
    assert_eq!(partner.journal.sweep(&skypay).await.unwrap().failed, None);
    let ahead = "UPDATE skypay_evidence SET at = at + 36000000000";
    partner.does(Job::Set(ahead)).await.unwrap();
    // What is due is asked; then nothing is due any more.
    assert_eq!(partner.journal.sweep(&skypay).await.unwrap().asked, 1);
    let round = partner.journal.sweep(&skypay).await.unwrap();
    let failed = round.failed.unwrap();
    assert!(failed.contains("ahead of this machine's clock"), "{failed}");
}

#[tokio::test]
async fn nothing_is_withdrawn_or_asked_while_sending_is_on_hold() {
    let partner = Partner::new().await;
    let skypay = SkyPay::default();
    let order = Job::Order(partner.journal.clone(), "10000001");
    partner.does(order).await.unwrap();
    partner.journal.hold().await.unwrap();
    let withdraw = Job::Withdraw(partner.journal.clone(), "SKY9810000001".to_owned());
    let held = partner.does(withdraw).await.unwrap_err();
    assert!(held.contains("sending is on hold since"), "{held}");
    let due = "UPDATE skypay_payout SET ask_at = 0";
    partner.does(Job::Set(due)).await.unwrap();
    assert_eq!(partner.journal.sweep(&skypay).await.unwrap().asked, 0);
}

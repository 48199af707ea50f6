//! Tests of the page without a browser: the content of each page, and rejected
//! requests.

use serde_json::json;
use skypay_sandbox::Sandbox;
use skypay_sandbox::clock::Clock;
use skypay_sandbox::engine::{CashierCommand, Command, Side, WireFault};
use skypay_sandbox::error_scenarios::sample;
use skypay_types::{DateTime, OPERATIONS};

use crate::interface::{got, posted};
use crate::setup::{Setup, calls_to};

const BANK: &str = "SKY9800000101";
pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

impl Setup {
    pub(crate) async fn page(&self, path: &str) -> String {
        let (status, _, body) = got(self.sandbox.url(), path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn form(&self, path: &str, fields: &str) -> String {
        let (status, _, body) = posted(self.sandbox.url(), path, FORM, fields).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Returns every link of the menu.
    async fn menu(&self) -> Vec<String> {
        let overview = self.page("/").await;
        let (_, menu) = overview.split_once("<nav").unwrap();
        let (menu, _) = menu.split_once("</nav>").unwrap();
        links(menu)
    }

    /// Creates one transaction of each kind, with its callbacks.
    async fn fill(&self) {
        self.pay(BANK, "1000.00").await.unwrap();
        self.call("generate711Barcode", json!({})).await.unwrap();
        self.answers("payoutInquiry", Ok(Self::inquiry_answer()));
        for command in [
            json!({ "do": "inquire", "channel": "1", "control_number": "SKY9800000401" }),
            json!({ "do": "ask-collection", "channel": "1", "contract_number": "SKY9800000301",
                "amount": "3900.00", "phone": "09123456789" }),
        ] {
            let command: CashierCommand = serde_json::from_value(command).unwrap();
            self.done(&Command::Cashier(command)).await;
        }
        self.advance("1m").await;
    }
}

/// Returns the number of rows in a list.
pub(crate) fn shown(page: &str) -> usize {
    page.matches("<th scope=\"row\">").count()
}

fn links(html: &str) -> Vec<String> {
    let starts = html.split("href=\"").skip(1);
    starts
        .map(|rest| rest.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_part_is_there_empty_and_filled() {
    let setup = Setup::open().await;
    let menu = setup.menu().await;
    assert!(menu.len() > 10, "{menu:?}");
    for part in &menu {
        setup.page(part).await;
    }
    setup.fill().await;
    for part in &menu {
        setup.page(part).await;
    }
    let transactions = links(&setup.page("/transactions").await);
    let histories = transactions
        .iter()
        .filter(|link| link.starts_with("/transactions/"));
    let kinds: Vec<_> = histories
        .clone()
        .map(|link| link.split('/').nth(2).unwrap())
        .collect();
    for kind in ["payout", "cash-pickup", "collection", "barcode"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    for history in histories {
        assert!(
            setup.page(history).await.contains("class=\"history\""),
            "{history}"
        );
    }
    let callbacks = links(&setup.page("/callbacks").await);
    let callback = callbacks
        .iter()
        .find(|link| link.starts_with("/callbacks/"));
    assert!(setup.page(callback.unwrap()).await.contains("Replay"));
    let requests = links(&setup.page("/requests").await);
    let request = requests.iter().find(|link| link.starts_with("/requests/"));
    assert!(
        setup
            .page(request.unwrap())
            .await
            .contains("Encrypted body")
    );
    let barcode = transactions
        .iter()
        .find(|link| link.contains("/barcode/"))
        .unwrap();
    assert!(
        setup
            .page(&format!("{barcode}/picture"))
            .await
            .starts_with("<svg")
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_with_status_404() {
    let setup = Setup::open().await;
    for path in [
        "/callbacks/7",
        "/requests/7",
        "/transactions/payout/7",
        "/transactions/nothing/7",
        "/transactions/barcode/1234-5678-9012/picture",
        "/nowhere",
    ] {
        let (status, _, body) = got(setup.sandbox.url(), path).await;
        assert_eq!(status, 404, "{path}");
        assert!(body.contains("There is no"), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_filter_leaves_only_what_it_names() {
    let setup = Setup::open().await;
    setup.fill().await;
    for (list, rows) in [
        ("/transactions", 4),
        ("/transactions?kind=payout", 1),
        ("/transactions?number=SKY9800000101", 1),
        ("/transactions?number=800000101", 1),
        ("/transactions?state=Completed+%281%29", 1),
        ("/transactions?number=nowhere", 0),
        ("/callbacks?operation=payoutQueuePayout", 2),
        ("/requests", 2),
        (
            "/requests?operation=payoutQueue&result=accepted&code=1000",
            1,
        ),
        ("/requests?number=SKY9800000101&text=dela+cruz", 1),
        ("/requests?text=nowhere", 0),
        ("/callbacks?status=Given+up&number=SKY9800000101", 0),
        ("/callbacks?code=Success+%281000%29&number=SKY9800000101", 2),
        ("/callbacks?code=No+response", 0),
        ("/transactions?channel=Bank+%285%29", 1),
        (
            "/transactions?channel=Bank+%285%29&state=Pending+%280%29",
            0,
        ),
        ("/transactions?at_least=1%2C000&at_most=1000.00", 1),
        ("/transactions?at_least=1000.01&kind=payout", 0),
        ("/transactions?from=2000-01-01&to=2999-12-31", 4),
        ("/transactions?to=2000-01-01", 0),
        ("/requests?to=2000-01-01", 0),
        ("/search?q=SKY9800000101", 4),
        ("/search?q=%231", 1),
        ("/search?q=nowhere", 0),
    ] {
        assert_eq!(shown(&setup.page(list).await), rows, "{list}");
    }
}

/// The order of a list is that of creation, also within one moment.
#[tokio::test]
async fn a_list_is_sorted_and_downloaded() {
    let setup = Setup::open().await;
    for (last, amount) in [(1, "300.00"), (2, "100.00"), (3, "200.00")] {
        let number = format!("SKY980000010{last}");
        setup.pay(&number, amount).await.unwrap();
    }
    for (order, expected) in [
        ("", [3, 2, 1]),
        ("oldest", [1, 2, 3]),
        ("largest", [1, 3, 2]),
        ("smallest", [2, 3, 1]),
    ] {
        let path = format!("/transactions?order={order}&format=csv");
        let (status, head, body) = got(setup.sandbox.url(), &path).await;
        assert_eq!(status, 200, "{body}");
        assert!(head.contains("content-type: text/csv"), "{head}");
        assert!(head.contains("filename=\"transactions.csv\""), "{head}");
        let lines: Vec<_> = body.lines().collect();
        let heading = "\"Number\",\"Kind\",\"Channel\",\"Since\",\"State\",\"Amount\"";
        assert_eq!(lines[0], heading);
        let numbers = lines.iter().skip(1);
        let numbers: Vec<_> = numbers
            .map(|line| line.split('"').nth(1).unwrap())
            .collect();
        let expected = expected.map(|last| format!("SKY980000010{last}"));
        assert_eq!(numbers, expected, "{order}");
    }
}

#[tokio::test]
async fn callbacks_are_replayed_from_the_list_and_in_bulk() {
    let setup = Setup::open().await;
    setup.fill().await;
    let url = setup.sandbox.url();
    let ids = || async {
        let list = links(&setup.page("/callbacks").await);
        let ids = list
            .iter()
            .filter_map(|link| link.strip_prefix("/callbacks/"));
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = ids().await;
    let chosen = format!("id={}&id={}", before[0], before[1]);
    for (fields, more) in [(chosen, 2), (format!("only={}&id=1", before[0]), 3)] {
        let (status, head, _) = posted(url, "/callbacks/replay", FORM, &fields).await;
        assert_eq!(status, 303, "{head}");
        assert_eq!(ids().await.len(), before.len() + more, "{fields}");
    }
    let (status, _, body) = posted(url, "/callbacks/replay", FORM, "").await;
    assert_eq!((status, body.contains("choose callbacks")), (404, true));
}

/// From what the sandbox has recorded.
#[tokio::test]
async fn the_overview_shows_how_far_a_service_is_connected() {
    let setup = Setup::open().await;
    let done = || async {
        let page = setup.page("/").await;
        let (before, _) = page.split_once(" of 5 steps are done").unwrap();
        before.rsplit('>').next().unwrap().to_owned()
    };
    let partner = setup.state().await["settings"]["callbacks"]["shared"].clone();
    assert_eq!(done().await, "1", "the URL");
    setup.done(&calls_to("http://127.0.0.1:9/")).await;
    setup.recharged("1.00").await;
    assert_eq!(done().await, "1", "not reachable");
    setup.done(&calls_to(partner.as_str().unwrap())).await;
    setup.recharged("1.00").await;
    assert_eq!(done().await, "4", "answered 1000");
    let list = setup.page("/callbacks?status=Acknowledged").await;
    let list = links(&list);
    let mut ids = list
        .iter()
        .filter_map(|link| link.strip_prefix("/callbacks/"));
    let fields = format!("only={}", ids.next().unwrap());
    posted(setup.sandbox.url(), "/callbacks/replay", FORM, &fields).await;
    assert_eq!(done().await, "5", "a duplicate");
    setup.done(&calls_to("http://127.0.0.1:9/")).await;
    assert_eq!(done().await, "1", "nothing was sent to the new URL");
}

#[tokio::test]
async fn the_overview_shows_the_balance_over_time() {
    let setup = Setup::open().await;
    assert!(!setup.page("/").await.contains("The balance of"));
    setup.pay(BANK, "1000.00").await.unwrap();
    setup.advance("10m").await;
    setup.recharged("300").await;
    let shown = setup.page("/").await;
    let caption = "from 999000.00 to 1000000.00, now 999300.00";
    assert!(shown.contains(caption), "{shown}");
}

#[tokio::test]
async fn the_header_says_how_fast_the_clock_runs() {
    let start = "2026-01-05 09:00:00".parse::<DateTime>().unwrap();
    let clock = Clock::fast(start.into(), 60);
    let setup = Setup::with(Sandbox::builder().clock(clock)).await;
    assert!(setup.page("/").await.contains(", 60 times as fast"));
    let setup = Setup::open().await;
    assert!(!setup.page("/").await.contains("times as fast"));
}

#[tokio::test]
async fn a_transaction_shows_how_often_its_number_was_paid() {
    let setup = Setup::open().await;
    setup.behavior("duplicates", "never").await;
    for payments in 1..=2 {
        setup.pay(BANK, "1000.00").await.unwrap();
        setup.advance("1m").await;
        let list = links(&setup.page("/transactions").await);
        let payout = list.iter().find(|link| link.contains("/payout/")).unwrap();
        let page = setup.page(payout).await;
        assert!(page.contains(&format!("{payments} with this number")));
        assert_eq!(page.contains("Paid again"), payments > 1);
        assert_eq!(setup.sandbox.payments()[BANK], payments);
    }
}

/// Requests about it, faults, callbacks and what is expected next.
#[tokio::test]
async fn the_life_of_a_payout_shows_all_of_it() {
    let setup = Setup::open().await;
    setup.fault(Side::Requests, WireFault::CutAfter, 1).await;
    assert!(setup.pay(BANK, "1000.00").await.is_err());
    assert!(setup.pay(BANK, "1000.00").await.is_err());
    setup.status(BANK).await;
    let list = links(&setup.page("/transactions").await);
    let payout = list.iter().find(|link| link.contains("/payout/")).unwrap();
    let page = setup.page(payout).await;
    for shown in [
        "payoutQueue #1",
        "close the connection after it was executed",
        "payoutQueue #2",
        "Control number is already exists",
        "payoutQueryStatus #3",
        "expected: it is uploaded to the institution",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    setup.advance("1s").await;
    let page = setup.page(payout).await;
    assert!(page.contains("expected: the institution pays it"), "{page}");
    setup.advance("1m").await;
    let page = setup.page(payout).await;
    assert!(!page.contains("expected:"), "{page}");
}

/// The names of the fields in a message that a page shows, in its order.
fn fields(page: &str) -> Vec<String> {
    let (_, message) = page.split_once("<pre>{\n").unwrap();
    let (message, _) = message.split_once("</pre>").unwrap();
    let lines = message.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, _)| name.trim().replace("&quot;", ""))
        .collect()
}

#[tokio::test]
async fn a_message_is_shown_in_the_order_of_the_document() {
    let setup = Setup::open().await;
    setup.pay(BANK, "1000.00").await.unwrap();
    setup.advance("1s").await;
    let list = links(&setup.page("/transactions").await);
    let payout = list.iter().find(|link| link.contains("/payout/")).unwrap();
    let order = setup.page(payout).await;
    // As the client has sent it, after the header.
    let request = setup.page("/requests/1").await;
    assert_eq!(fields(&order), fields(&request)[3..]);
    assert!(!fields(&order).is_sorted());

    let list = links(&setup.page("/callbacks").await);
    let callback = list.iter().find(|link| link.starts_with("/callbacks/"));
    let callback = setup.page(callback.unwrap()).await;
    let expected = ["controlNumber", "payType", "dealTime"];
    assert_eq!(fields(&callback), expected);
    let (_, answer) = callback.split_once("The answer").unwrap();
    let expected = ["responseTime", "responseCode", "responseDescription"];
    assert_eq!(fields(answer), expected);
}

#[tokio::test]
async fn a_notification_shows_what_it_is_about() {
    let setup = Setup::open().await;
    setup.fill().await;
    setup.recharged("1500.50").await;
    setup.advance("1m").await;
    for (operation, shown) in [
        ("payoutQueuePayout", "Paid (2)"),
        ("financeNotification", "PayoutRecharge (1)"),
    ] {
        let page = setup
            .page(&format!("/callbacks?operation={operation}"))
            .await;
        assert!(page.contains(shown), "{operation}: {page}");
    }
}

#[tokio::test]
async fn long_lists_are_turned_page_by_page_with_their_filter() {
    let setup = Setup::open().await;
    setup.pay(BANK, "1000.00").await.unwrap();
    setup.advance("1m").await;
    let callbacks = links(&setup.page("/callbacks").await);
    let first = callbacks
        .iter()
        .find(|link| link.starts_with("/callbacks/"))
        .unwrap();
    let url = setup.sandbox.url();
    let (status, head, _) = posted(url, &format!("{first}/replay"), FORM, "copies=60").await;
    assert_eq!(status, 303, "{head}");

    let filtered = "/callbacks?operation=payoutQueuePayout";
    let newest = setup.page(filtered).await;
    assert!(newest.contains("62 callbacks"), "{newest}");
    assert_eq!(shown(&newest), 50);
    let kept = "<input type=\"hidden\" name=\"operation\" value=\"payoutQueuePayout\">";
    assert!(newest.contains(kept), "{newest}");
    let older = setup.page(&format!("{filtered}&page=1")).await;
    assert_eq!(shown(&older), 12);
    assert!(
        older.contains("Previous page") && !older.contains("Next page"),
        "{older}"
    );
    // Any page number is accepted.
    let beyond = format!("{filtered}&page=18446744073709551615");
    assert_eq!(shown(&setup.page(&beyond).await), 0);

    let (status, _, body) = posted(url, &format!("{first}/replay"), FORM, "copies=many").await;
    assert_eq!(status, 404, "{body}");
    assert!(body.contains("Nothing was sent"), "{body}");
}

#[tokio::test]
async fn personal_data_and_secrets_are_shown_only_when_asked_for() {
    let setup = Setup::open().await;
    setup.fill().await;
    let order = sample("payoutQueue").unwrap();
    let personal = OPERATIONS
        .iter()
        .find(|info| info.name == "payoutQueue")
        .unwrap()
        .personal_data;
    let own: Vec<_> = personal
        .iter()
        .filter_map(|name| order[name].as_str())
        .collect();
    assert!(own.len() >= 3, "{own:?}");
    let info = setup.sandbox.info();
    let secrets = [info.encrypt_key.as_str(), info.authentication.as_str()];

    let mut paths = setup.menu().await;
    // These show the document's examples.
    paths.retain(|path| !["/reference", "/send"].contains(&path.as_str()));
    for list in ["/transactions", "/callbacks", "/requests"] {
        paths.extend(
            links(&setup.page(list).await)
                .into_iter()
                .filter(|link| link.starts_with(list)),
        );
    }
    for path in &paths {
        let page = setup.page(path).await;
        for hidden in own.iter().chain(&secrets) {
            assert!(!page.contains(hidden), "{path} shows {hidden}");
        }
    }
    let history = paths.iter().find(|path| path.contains("/payout/")).unwrap();
    let asked = setup.page(&format!("{history}?personal=true")).await;
    assert!(asked.contains(order["name"].as_str().unwrap()));
    assert!(setup.page("/?personal=true").await.contains(secrets[0]));
}

#[tokio::test]
async fn what_others_have_written_is_text() {
    let setup = Setup::open().await;
    let script = "<script>alert(1)</script>";
    let changes = json!({ "sender": script });
    setup.call("payoutQueue", changes).await.unwrap();
    setup.advance("1m").await;
    let transactions = setup.page("/transactions").await;
    let history = links(&transactions)
        .into_iter()
        .find(|link| link.contains("/payout/"))
        .unwrap();
    for page in [
        setup.page(&history).await,
        setup
            .page("/callbacks?number=%3Cscript%3Ealert(1)%3C/script%3E")
            .await,
        setup
            .page("/payout-tool?control_number=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
            .await,
    ] {
        assert!(!page.contains(script), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }
}

#[tokio::test]
async fn nothing_runs_but_the_page_s_own_script() {
    let setup = Setup::open().await;
    for part in setup.menu().await {
        let (_, head, body) = got(setup.sandbox.url(), &part).await;
        let (_, policy) = head.split_once("content-security-policy: ").unwrap();
        let policy = policy.lines().next().unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        assert!(!body.contains("src=\"http"), "{part}");
        if part == "/reference" {
            assert!(body.contains("<a href=\"/\">"), "it leads back");
        } else {
            assert!(!policy.contains("unsafe"), "{policy}");
            assert!(
                !body.contains("style=\"") && !body.contains(" onclick"),
                "{part}"
            );
            assert_eq!(body.matches("<script").count(), 1, "{part}");
        }
    }
}

#[tokio::test]
async fn a_form_says_what_is_wrong_and_keeps_what_was_entered() {
    let setup = Setup::open().await;
    let before = setup.state().await;
    for (path, fields, says) in [
        (
            "/finance",
            "form=finance-recharge&prefix=SKY98&amount=much",
            "class=\"problem\"",
        ),
        (
            "/finance",
            "form=finance-recharge&prefix=SKY98&amount=much",
            "value=\"much\"",
        ),
        ("/finance", "form=nothing", "look again"),
        ("/clock", "form=advance&by=soon", "a span of time is"),
        (
            "/clock",
            "form=save&file=/nowhere/at/all",
            "Nothing was done",
        ),
    ] {
        let page = setup.form(path, fields).await;
        assert!(page.contains(says), "{path} {fields}: {page}");
    }
    assert_eq!(setup.state().await, before);
}

#[tokio::test]
async fn a_callback_that_was_not_acknowledged_is_on_the_first_page() {
    let setup = Setup::open().await;
    assert!(!setup.page("/").await.contains("did not acknowledge"));
    let partner = setup.state().await["settings"]["callbacks"]["shared"].clone();
    let partner = partner.as_str().unwrap().to_owned();
    setup.done(&calls_to("http://127.0.0.1:9/")).await;
    setup.pay(BANK, "1000.00").await.unwrap();
    setup.advance("1m").await;
    let overview = setup.page("/").await;
    assert!(
        overview.contains("2 callbacks that the partner did not acknowledge"),
        "{overview}"
    );
    let lost = links(&setup.page("/callbacks").await);
    let lost = lost
        .iter()
        .filter_map(|link| link.strip_prefix("/callbacks/"));
    let lost: Vec<u64> = lost.map(|id| id.parse().unwrap()).collect();
    setup.done(&calls_to(&partner)).await;
    for (delivery, left) in lost.into_iter().zip(["1 callback that", ""]) {
        setup
            .done(&Command::Replay {
                delivery,
                copies: 1,
            })
            .await;
        setup.advance("1m").await;
        let overview = setup.page("/").await;
        let notice = overview.split_once("did not acknowledge");
        let notice = notice.and_then(|(before, _)| before.rsplit('>').next());
        assert_eq!(
            notice.unwrap_or_default().trim_end_matches(" the partner "),
            left
        );
    }
}

/// Each operation of SkyPay, and no callback, has a link to its form.
#[tokio::test]
async fn the_reference_leads_to_the_forms() {
    let setup = Setup::open().await;
    let links = links(&setup.page("/reference").await);
    let forms = links.iter().filter(|link| link.starts_with("/send"));
    let forms: Vec<_> = forms.map(String::as_str).collect();
    let ours = |info: &&&skypay_types::OperationInfo| {
        info.direction == skypay_types::Direction::ToProvider
    };
    assert_eq!(
        forms.len(),
        skypay_types::OPERATIONS.iter().filter(ours).count()
    );
    for form in forms {
        let name = form.strip_prefix("/send?operation=").unwrap();
        let page = setup.page(form).await;
        assert!(page.contains(&format!("<h2>{name}</h2>")), "{name}");
    }
    assert!(links.contains(&"/".to_owned()));
}

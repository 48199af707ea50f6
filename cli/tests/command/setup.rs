//! Tests of commands on a running sandbox.

use serde_json::{Value, json};

use crate::away::listening;
use crate::program::{Program, Ran, Started};

/// A running sandbox with a virtual clock, and a program configured for it.
pub(crate) struct Setup {
    pub(crate) program: Program,
    up: Started,
}

impl Setup {
    pub(crate) fn up(more: &[&str]) -> (Self, Value) {
        let arguments = [
            "--json", "sandbox", "up", "--port", "0", "--clock", "virtual",
        ];
        Self::begin(Program::bare(), &arguments, more)
    }

    pub(crate) fn begin(program: Program, arguments: &[&str], more: &[&str]) -> (Self, Value) {
        let mut up = program.start(&[arguments, more].concat());
        let info = up.json();
        let url = info["url"].as_str().unwrap().to_owned();
        let setup = Self {
            program: program.with("SKYPAY_SANDBOX", url),
            up,
        };
        (setup, info)
    }

    /// Stops the sandbox; its folder is kept.
    pub(crate) fn end(self) -> Program {
        drop(self.up);
        self.program
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        let mut arguments = vec!["--json"];
        arguments.extend(line.split_whitespace());
        self.program.run(&arguments)
    }

    /// Submits a payout to a bank.
    pub(crate) fn pay_out(&self, control_number: &str, amount: &str) -> Ran {
        let fields = [
            "sender=Example",
            &format!("controlNumber={control_number}"),
            "name=Dela Cruz,Juan",
            "phone=09123456789",
            &format!("amount={amount}"),
            "bankNo=SEC",
            "accountNo=0000012309738",
            "withdrawChannel=5",
            "provinceId=47",
            "cityId=996",
        ];
        self.program
            .run(&[&["--json", "call", "payoutQueue"], &fields[..]].concat())
    }
}

#[test]
fn a_sandbox_prints_what_to_copy() {
    let program = Program::bare();
    let mut up = program.start(&["sandbox", "up", "--memory", "--port", "0", "--seed", "7"]);
    let said = up.until("Ctrl-C");
    for wanted in [
        "/services/sandbox",
        "caller name",
        "user name",
        "authentication",
        "encrypt key",
        "SKY98, opening balance 1000000.00 PHP",
        "export SKYPAY_ENCRYPT_KEY='",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    let port = said.split("http://127.0.0.1:").nth(1).unwrap();
    let port = port.split('/').next().unwrap();
    let ran = program
        .run(&["sandbox", "up", "--memory", "--port", port])
        .ended(2);
    assert!(ran.err.contains("Choose another port"), "{}", ran.err);
}

#[test]
fn without_a_sandbox_commands_say_how_to_start_one() {
    let program = Program::bare().with("SKYPAY_SANDBOX", "http://127.0.0.1:1");
    for command in [
        &["clock", "show"][..],
        &["call", "balanceQuery"],
        &["keys", "list"],
    ] {
        let ran = program.run(command).ended(5);
        assert!(ran.err.contains("skypay sandbox up"), "{}", ran.err);
    }
}

#[test]
fn a_payout_is_called_paid_and_asked_for() {
    let (setup, _) = Setup::up(&["--memory"]);
    let (mut listener, url) = listening(&setup.program, &[]);
    assert_eq!(setup.run("callbacks urls").json()["shared"], url);

    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    let refused = setup.pay_out("SKY9800000102", "1000.16").ended(1).json();
    assert_eq!(refused["code"], "-1016");
    setup.pay_out("SKY9800000103", "1000.10").ended(3);

    let advanced = setup.run("clock advance 300s").ended(0).json();
    assert!(advanced["attempts"].as_u64().unwrap() >= 2, "{advanced}");
    let notice = listener.json();
    assert_eq!(notice["operation"], "payoutQueuePayout");
    let status = setup
        .run("call payoutQueryStatus controlNumbers=SKY9800000101")
        .ended(0)
        .json();
    assert_eq!(status["response"]["controlNumbers"][0]["status"], "1");

    let log = setup.run("log export").ended(0).out;
    let mut lines = log.lines();
    let written = lines.find(|line| line.contains("\"callback-written\""));
    let written: Value = serde_json::from_str(written.unwrap()).unwrap();
    let delivery = written["details"]["delivery"].as_u64().unwrap();
    let details = setup.run(&format!("callbacks show {delivery}")).ended(0);
    assert_eq!(details.json()["wire"][0]["status"], 200);
    for concurrent in ["", "--concurrent"] {
        let replay = format!("replay {delivery} --copies 2 {concurrent}");
        setup.run(&replay).ended(0);
    }
    setup.run("replay 999999").ended(1);
}

#[test]
fn the_cashiers_exit_code_says_how_the_partner_answered() {
    let (setup, _) = Setup::up(&["--memory"]);
    // No callback is sent while there is no URL.
    setup
        .run("cashier inquire SKY9800000201 --channel 1")
        .ended(5);
    let answer = r#"payoutInquiry={"sender":"Example","controlNumber":"SKY9800000201","senderAddress":"Manila","name":"Dela Cruz,Juan","birthday":"1991-10-02","identificationId":"442301922000","idType":"TIN","phone":"09123456789","amount":"3900.00","idcardPicType":"png","idcardPicUrl":"https://partner.example.com/1.png","location":"Manila"}"#;
    let (_listener, url) = listening(&setup.program, &["--answer", answer]);
    let ran = setup
        .run("cashier inquire SKY9800000201 --channel MLhuillier")
        .ended(0)
        .json();
    let show = format!("callbacks show {}", ran["deliveries"][0]["id"]);
    let shown = setup.run(&show).ended(0).json()["callback"].take();
    assert_eq!(shown["plaintext"]["controlNumber"], "SKY9800000201");
    let answer = &shown["attempts"][0]["result"]["plaintext"];
    assert_eq!(answer["name"], "[masked]", "{answer}");
    let plaintext = &ran["deliveries"][0]["attempts"][0]["result"]["plaintext"];
    assert_eq!(
        (&plaintext["name"], &plaintext["amount"]),
        (&json!("[masked]"), &json!("3900.00"))
    );
    for (line, code) in [
        ("cashier pay SKY9800000201 --channel MLhuillier", 0),
        (
            "cashier ask-collection SKY9800000301 --channel 1 --amount 5 --phone 09123456789",
            1,
        ),
        ("cashier collect SKY9800000301 --channel 1", 1),
        (&format!("callbacks set {url} --for payoutPayout"), 0),
        (&format!("callbacks set {url} --for nonsense"), 2),
    ] {
        setup.run(line).ended(code);
    }
}

#[test]
fn money_moves_on_every_occasion() {
    let (setup, _) = Setup::up(&["--memory"]);
    for occasion in [
        "recharge SKY98 5000",
        "transfer SKY98 SKY99 100",
        "payout-withdrawal SKY98 100",
    ] {
        let ran = setup.run(&format!("finance {occasion}")).ended(0).json();
        assert!(!ran["events"].as_array().unwrap().is_empty(), "{ran}");
    }
    for impossible in [
        "recharge SKY00 1",
        "settlement SKY98",
        "settlement-recharge SKY98 1",
        "collection-withdrawal SKY98 1",
    ] {
        let ran = setup.run(&format!("finance {impossible}")).ended(1);
        assert!(ran.err.contains("error"), "{}", ran.err);
    }
    let balance = setup.run("call balanceQuery").ended(0).json();
    assert_eq!(balance["response"]["balance"], 1_104_900.0);
}

#[test]
fn stores_decide_over_payouts() {
    let (setup, _) = Setup::up(&["--memory"]);
    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    setup.run("store upload SKY9800000101").ended(0);
    setup.run("store pay SKY9800000101").ended(0);
    setup.run("store reverse SKY9800000101").ended(0);
    setup.pay_out("SKY9800000104", "1000.00").ended(0);
    setup
        .run("store fail SKY9800000104 --reason closed")
        .ended(0);
    for step in [
        "confirm-cancellation",
        "refuse-cancellation",
        "confirm-amendment",
        "refuse-amendment",
    ] {
        setup.run(&format!("store {step} SKY9800000999")).ended(1);
    }
}

#[test]
fn rules_faults_and_switches_take_hold() {
    let (setup, _) = Setup::up(&["--memory"]);
    let rule = setup
        .run("script add --operation balanceQuery --refuse -1001 --times 1")
        .ended(0);
    let rule = rule.json()["answer"]["details"]["rule"].clone();
    assert_eq!(setup.run("script list").json()[0]["id"], rule);
    setup.run("call balanceQuery").ended(1);
    setup.run("call balanceQuery").ended(0);
    setup.run(&format!("script remove {rule}")).ended(0);
    setup.run("script add --operation balanceQuery").ended(2);
    let file = setup
        .program
        .folder
        .write("rules.json", r#"[{"then":{"outcome":"fail"}}]"#);
    assert_eq!(
        setup.run(&format!("script load {file}")).ended(0).json()["added"],
        1
    );
    setup.run("script clear").ended(0);

    let transfer = "call balanceTransfer transferFrom=SKY98 transferTo=SKY99 amount=1";
    setup
        .run("fault add requests --operation balanceTransfer cut-after --times 9")
        .ended(0);
    setup.run(transfer).ended(3);
    let faults = setup.run("fault list").json();
    assert_eq!(faults[0]["fault"]["wire"], "cut-after");
    assert_eq!(faults[0]["times"], 9, "options may follow the kind");
    let words = setup.program.line("fault list").out;
    let wanted = "every request balanceTransfer";
    assert!(words.contains(wanted), "{words}");
    setup.run("fault clear").ended(0);
    setup
        .run("fault add requests --times 1 answer -9999")
        .ended(0);
    setup.run(transfer).ended(3);
    for what in [
        "callbacks delay 2s",
        "callbacks cut-before",
        "callbacks reset",
        "callbacks truncate 10",
        "callbacks garble",
        "callbacks drop",
        "callbacks late 90d",
        "callbacks duplicate 3",
        "callbacks wrong-key",
        "callbacks splice",
        "requests bad-gateway",
        "requests redirect http://127.0.0.1:1/",
    ] {
        let (side, what) = what.split_once(' ').unwrap();
        let add = format!("fault add {side} --percent 0 {what}");
        setup.run(&add).ended(0);
    }

    setup.run("behavior duplicates for-ever").ended(0);
    assert_eq!(setup.run("behavior").json()["duplicates"], "for-ever");
    assert_eq!(setup.run("behavior duplicates").json()["value"], "for-ever");
    setup.run("behavior duplicates nonsense").ended(2);
}

#[test]
fn keys_go_through_their_life() {
    let (setup, _) = Setup::up(&["--memory"]);
    setup.run("keys generate --validity 30d").ended(0);
    let shown = setup.run("keys reveal 2").ended(0).json();
    assert!(
        shown["answer"]["details"]["encrypt_key"].is_string(),
        "{shown}"
    );
    setup.run("keys reveal 2").ended(1);
    setup.run("keys enable 2").ended(0);
    setup.run("clock advance 300s").ended(0);
    setup.run("keys extend 180d").ended(0);
    let keys = setup.run("keys list").ended(0);
    assert_eq!(keys.json()[1]["validity"], "30d");
    assert!(!keys.out.contains("encrypt"), "{}", keys.out);
    setup.run("call balanceQuery").ended(0);
}

#[test]
fn everything_can_be_saved_restored_and_forgotten() {
    let (setup, _) = Setup::up(&["--db", "sandbox.db"]);
    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    setup.run("sandbox save saved.db").ended(0);
    setup.run("sandbox reset").ended(0);
    let ask = "call payoutQueryStatus controlNumbers=SKY9800000101";
    setup.run("clock advance 300s").ended(0);
    let gone = setup.run(ask).ended(0).json();
    setup.run("sandbox restore saved.db").ended(0);
    setup.run("clock advance 300s").ended(0);
    let back = setup.run(ask).ended(0).json();
    let status = |ran: &Value| ran["response"]["controlNumbers"][0]["status"].clone();
    assert_ne!(status(&gone), status(&back));
    assert_eq!(status(&back), "1");
    setup.run("sandbox restore absent.db").ended(1);
    assert_eq!(
        setup.run("sandbox state").json()["rows"][0]["kind"],
        "payout"
    );
    assert_eq!(setup.run("sandbox info").json()["caller_name"], "sandbox");
    let ran = setup
        .program
        .run(&["--json", "sandbox", "command", r#"{"command":"tick"}"#]);
    assert_eq!(ran.ended(0).json()["answer"]["answer"], "done");
    setup.program.run(&["sandbox", "command", "{}"]).ended(2);
    drop(setup.up);
}

#[test]
fn the_log_is_shown_and_exported() {
    let (setup, _) = Setup::up(&["--memory"]);
    setup.pay_out("SKY9800000101", "1000.00").ended(0);
    let log = setup.run("log export").ended(0).out;
    assert!(!log.contains("Dela Cruz"), "{log}");
    setup.run("log export log.jsonl").ended(0);
    let file = std::fs::read_to_string(setup.program.folder.path().join("log.jsonl")).unwrap();
    assert_eq!(file, log);
    let last = setup
        .program
        .run(&["log", "tail", "--no-follow", "-n", "1"])
        .ended(0)
        .out;
    assert_eq!(
        last.lines()
            .filter(|line| line.trim_start().starts_with(char::is_numeric))
            .count(),
        1
    );
    assert_eq!(setup.run("log show 1").ended(0).json()["sequence"], 1);
    setup.run("log show 9999").ended(1);
    let shown = setup.run("log export --show-personal-data").ended(0).out;
    assert!(shown.contains("Dela Cruz"), "{shown}");
}

#[test]
fn the_same_scenario_and_seed_give_the_same_log() {
    let folder = Program::bare();
    let scenario = folder.folder.write(
        "scenario.toml",
        r#"
            [settings]
            caller_name = "example"

            [[steps]]
            command = "finance"
            do = "recharge"
            prefix = "SKY98"
            amount = "5000"

            [[steps]]
            advance = "90d"
        "#,
    );
    let log = || {
        let (setup, info) = Setup::up(&["--memory", "--seed", "3", "--scenario", &scenario]);
        assert_eq!(info["caller_name"], "example");
        setup.run("log export").ended(0).out
    };
    let first = log();
    assert!(
        first.contains("2026-04-05") && first.contains("money-moved"),
        "{first}"
    );
    assert_eq!(first, log());

    let wrong = "[[steps]]\ncommand = 'nonsense'\n";
    folder.folder.write("wrong.toml", wrong);
    let ran = folder.line("sandbox up --memory --port 0 --scenario wrong.toml");
    assert!(ran.ended(2).err.contains("step 1"), "the step is named");
    for (wrong, name) in [
        ("[settings]\nseeed = 7\n", "`seeed`"),
        ("[settings.callbacks]\nshred = 'x'\n", "`shred`"),
        ("[settings.timing]\nuplod = '1s'\n", "`uplod`"),
        ("[setings]\nseed = 7\n", "`setings`"),
        ("[[steps]]\nadvance = '1s'\nadvanse = '1s'\n", "`advanse`"),
    ] {
        folder.folder.write("wrong.toml", wrong);
        let ran = folder.line("sandbox up --memory --port 0 --scenario wrong.toml");
        let err = ran.ended(2).err;
        assert!(err.contains("unknown field") && err.contains(name), "{err}");
    }
}

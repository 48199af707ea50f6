CREATE TABLE skypay_schema.skypay_change (
    number text NOT NULL,
    sequence bigint NOT NULL,
    what text NOT NULL,
    at bigint NOT NULL,
    done_at bigint
);
CREATE TABLE skypay_schema.skypay_evidence (
    number text NOT NULL,
    sequence bigint NOT NULL,
    at bigint NOT NULL,
    fact text NOT NULL,
    detail text NOT NULL
);
CREATE TABLE skypay_schema.skypay_inbox (
    operation text NOT NULL,
    delivery_key text NOT NULL,
    digest text NOT NULL,
    reply text,
    received_at bigint NOT NULL,
    times bigint NOT NULL,
    conflicts bigint NOT NULL
);
CREATE TABLE skypay_schema.skypay_journal (
    name text NOT NULL,
    value bigint NOT NULL
);
CREATE TABLE skypay_schema.skypay_payout (
    number text NOT NULL,
    order_id text NOT NULL,
    operation text NOT NULL,
    channel text NOT NULL,
    centavos bigint NOT NULL,
    digest text NOT NULL,
    version bigint NOT NULL,
    state text NOT NULL,
    asked_at bigint,
    ask_at bigint,
    send_at bigint,
    paid_at bigint,
    created_at bigint NOT NULL
);
INSERT INTO skypay_schema.skypay_change VALUES ('SKY9800000101', 3, 'paid', 1795863301900554, NULL);
INSERT INTO skypay_schema.skypay_change VALUES ('SKY9800000103', 3, 'released', 1795863301432198, 1795863301907936);
INSERT INTO skypay_schema.skypay_change VALUES ('SKY9800000102', 3, 'paid', 1795863301973777, NULL);
INSERT INTO skypay_schema.skypay_change VALUES ('SKY9800000104', 4, 'released', 1795863301988030, NULL);
INSERT INTO skypay_schema.skypay_change VALUES ('SKY9800000104', 6, 'contradiction', 1795863301997869, NULL);
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000105', 1, 1795863300324450, 'claimed 1 1795863300824450', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000105', 2, 1795863300328036, 'answered 1 unknown', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000106', 1, 1795863300338925, 'claimed 1 1795863300838925', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000106', 2, 1795863300344085, 'answered 1 unknown', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000101', 1, 1795863301359861, 'claimed 1 1795863301859861', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000101', 2, 1795863301363904, 'answered 1 accepted', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000102', 1, 1795863301414717, 'claimed 1 1795863301914717', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000102', 2, 1795863301418572, 'answered 1 accepted', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000103', 1, 1795863301429089, 'claimed 1 1795863301929089', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000103', 2, 1795863301431992, 'answered 1 rejected', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000103', 3, 1795863301432198, 'released', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000104', 1, 1795863301444464, 'claimed 1 1795863301944464', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000104', 2, 1795863301447896, 'answered 1 accepted', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000101', 3, 1795863301894475, 'found paid', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000102', 3, 1795863301967700, 'found paid', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000104', 3, 1795863301980476, 'found failed', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000104', 4, 1795863301988030, 'released', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000104', 5, 1795863301994073, 'notified paid', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000104', 6, 1795863301995353, 'found paid', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000106', 3, 1795863302001374, 'absent conclusive', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000106', 4, 1795863302079508, 'absent conclusive', '');
INSERT INTO skypay_schema.skypay_evidence VALUES ('SKY9800000106', 5, 1795863302118720, 'permitted 2 1795863302119720', 'a person decided');
INSERT INTO skypay_schema.skypay_inbox VALUES ('payoutQueuePayout', '3640daf358528b84757f0180c812b6bd6a1bcc4489e47ce6cadcfec95701a522', '06604ee96155ba604fe042fc5c1917ea7dbbf35ce3aca9e07235fdef9b319ace', NULL, 1795863301992172, 1, 0);
INSERT INTO skypay_schema.skypay_inbox VALUES ('collectionCollect', 'e08213473d9509dd7d7e84dff2010aab7fb836ae82d2579cfe1652715f7d7d66', '3ecbaea7dd7a15708b39b75faa177fa71982f2c49b2f7770c3cce0780aa89b00', '{"response":"{\"responseCode\":\"1000\",\"responseDescription\":\"booked\"}"}', 1795863302120473, 1, 0);
INSERT INTO skypay_schema.skypay_journal VALUES ('version', 1);
INSERT INTO skypay_schema.skypay_journal VALUES ('send-limit', 500000);
INSERT INTO skypay_schema.skypay_journal VALUES ('call-limit', 1000);
INSERT INTO skypay_schema.skypay_journal VALUES ('query-delay', 0);
INSERT INTO skypay_schema.skypay_journal VALUES ('cadence', 0);
INSERT INTO skypay_schema.skypay_journal VALUES ('quarantine', 43200000000);
INSERT INTO skypay_schema.skypay_journal VALUES ('permit-limit', 1000);
INSERT INTO skypay_schema.skypay_journal VALUES ('clock-tolerance', 60000000);
INSERT INTO skypay_schema.skypay_payout VALUES ('SKY9800000105', '105', 'payoutQueue', '6', 390000, 'f9ed63496deee065d067fddf6774984c539a77cb4bd17c65aaad1185f2efe09c', 2, 'unknown', NULL, 1795863300825450, NULL, NULL, 1795863300316725);
INSERT INTO skypay_schema.skypay_payout VALUES ('SKY9800000103', '103', 'payoutQueue', '6', 390000, 'b7435f346c5cd00045e17f6292b01a36c5b314e4d70d89f9134e89bac6f045a5', 3, 'rejected', NULL, NULL, NULL, NULL, 1795863301421908);
INSERT INTO skypay_schema.skypay_payout VALUES ('SKY9800000107', '107', 'payoutQueue', '6', 390000, '3113a066054178caf9c1fa1ab53e8574dd69d33032c7073f10f2cae289176fbd', 0, 'reserved', NULL, NULL, 1795863301953628, NULL, 1795863301453628);
INSERT INTO skypay_schema.skypay_payout VALUES ('SKY9800000101', '101', 'payoutQueue', '6', 390000, '8b6bff5d2fef1350fe92489ff0ee8cfbfb7d321e29e15d535a819905d538aae8', 3, 'paid', 1795863301894475, NULL, NULL, NULL, 1795863301350846);
INSERT INTO skypay_schema.skypay_payout VALUES ('SKY9800000102', '102', 'payoutQueue', '6', 390000, '0f2351333cb8de5bdda65f1a946c87c0adc747176378dde2956e030b8cf177b4', 3, 'paid', 1795863301967700, NULL, NULL, NULL, 1795863301369074);
INSERT INTO skypay_schema.skypay_payout VALUES ('SKY9800000104', '104', 'payoutQueue', '6', 390000, 'd9f6a1b0af20676f94a28c1d8d82608655bfd23d951798bd9a0a7e3c6e1f5da0', 6, 'contradiction', 1795863301995353, NULL, NULL, NULL, 1795863301441556);
INSERT INTO skypay_schema.skypay_payout VALUES ('SKY9800000106', '106', 'payoutQueue', '6', 390000, '39452a3bdd0b6cc0502c864e4fb8f39bda0ce4cb6bd255f247eb55b0275d759e', 5, 'permitted', 1795863302079508, 1795863302119720, 1795863302618720, NULL, 1795863300330912);
ALTER TABLE ONLY skypay_schema.skypay_change
    ADD CONSTRAINT skypay_change_pkey PRIMARY KEY (number, sequence);
ALTER TABLE ONLY skypay_schema.skypay_evidence
    ADD CONSTRAINT skypay_evidence_pkey PRIMARY KEY (number, sequence);
ALTER TABLE ONLY skypay_schema.skypay_inbox
    ADD CONSTRAINT skypay_inbox_pkey PRIMARY KEY (operation, delivery_key);
ALTER TABLE ONLY skypay_schema.skypay_journal
    ADD CONSTRAINT skypay_journal_pkey PRIMARY KEY (name);
ALTER TABLE ONLY skypay_schema.skypay_payout
    ADD CONSTRAINT skypay_payout_order_id_key UNIQUE (order_id);
ALTER TABLE ONLY skypay_schema.skypay_payout
    ADD CONSTRAINT skypay_payout_pkey PRIMARY KEY (number);
CREATE INDEX skypay_change_open ON skypay_schema.skypay_change USING btree (done_at, at);
CREATE INDEX skypay_evidence_at ON skypay_schema.skypay_evidence USING btree (at);
CREATE INDEX skypay_inbox_conflicts ON skypay_schema.skypay_inbox USING btree (conflicts) WHERE (conflicts > 0);
CREATE INDEX skypay_payout_ask_at ON skypay_schema.skypay_payout USING btree (ask_at);
CREATE INDEX skypay_payout_paid_at ON skypay_schema.skypay_payout USING btree (paid_at);
CREATE INDEX skypay_payout_send_at ON skypay_schema.skypay_payout USING btree (send_at);
CREATE INDEX skypay_payout_state ON skypay_schema.skypay_payout USING btree (state, created_at);

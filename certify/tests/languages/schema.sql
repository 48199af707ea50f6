-- What an inquiry about a payout or contract is answered with, as JSON.
CREATE TABLE transactions (number TEXT PRIMARY KEY, details TEXT NOT NULL);
-- What callbacks have changed, each effect once.
CREATE TABLE booked (key TEXT PRIMARY KEY, message TEXT NOT NULL);

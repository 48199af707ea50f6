//! Account balances: the ledger accounts for all money at any time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skypay_types::Amount;

use super::settings::Settings;

/// The accounts of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The company's name.
    pub name: String,
    /// The balance available for payouts.
    pub balance: Amount,
    /// The amount held for payouts that are not final.
    pub held: Amount,
    /// The total amount that payees have received.
    pub paid: Amount,
    /// The amount collected but not settled yet.
    pub collected: Amount,
    /// The amount settled but not withdrawn or recharged yet.
    pub settled: Amount,
}

/// The amounts that have entered and left the sandbox. The difference is what the
/// accounts hold plus what payees have received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The sum of opening balances, recharges and collections.
    pub brought_in: Amount,
    /// The sum of withdrawals.
    pub taken_out: Amount,
}

/// All accounts and totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// The accounts by prefix.
    pub accounts: BTreeMap<String, Account>,
    /// The amounts that have entered and left the sandbox.
    pub totals: Totals,
}

/// A part of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Balance,
    Held,
    Paid,
    Collected,
    Settled,
    /// Outside of the sandbox.
    Outside,
}

/// The source has too little, or the destination would exceed the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short;

impl Ledger {
    pub(crate) fn new(settings: &Settings) -> Self {
        let mut ledger = Self {
            accounts: BTreeMap::new(),
            totals: Totals::default(),
        };
        for (prefix, opening) in &settings.entities {
            let account = Account {
                name: opening.name.clone(),
                balance: Amount::ZERO,
                held: Amount::ZERO,
                paid: Amount::ZERO,
                collected: Amount::ZERO,
                settled: Amount::ZERO,
            };
            ledger.accounts.insert(prefix.clone(), account);
            // An opening balance above the maximum is ignored.
            let _ = ledger.shift_within(prefix, Part::Outside, Part::Balance, opening.balance);
        }
        ledger
    }

    /// Returns what all accounts hold plus what payees have received, in centavos.
    #[must_use]
    pub fn inside(&self) -> i64 {
        let of = |account: &Account| {
            [
                account.balance,
                account.held,
                account.paid,
                account.collected,
                account.settled,
            ]
            .into_iter()
            .map(Amount::centavos)
            .sum::<i64>()
        };
        self.accounts.values().map(of).sum()
    }

    /// Returns the sum of all payout balances.
    #[must_use]
    pub fn balance(&self) -> Amount {
        let all = self.accounts.values().map(|account| account.balance);
        Amount::from_centavos(all.map(Amount::centavos).sum())
    }

    /// Moves money between parts of one account, see [`Self::shift`].
    pub(crate) fn shift_within(
        &mut self,
        prefix: &str,
        from: Part,
        to: Part,
        amount: Amount,
    ) -> Result<(), Short> {
        self.shift((prefix, from), (prefix, to), amount)
    }

    /// Moves money from one part to another. No balance becomes negative, the total
    /// never exceeds `MOST`, and a rejected movement changes nothing.
    pub(crate) fn shift(
        &mut self,
        (giver, from): (&str, Part),
        (taker, to): (&str, Part),
        amount: Amount,
    ) -> Result<(), Short> {
        if amount < Amount::ZERO {
            return Err(Short);
        }
        if (giver, from) == (taker, to) {
            return Ok(());
        }
        let left = match from {
            Part::Outside => {
                self.has_room_for(amount)?;
                self.totals.brought_in.checked_add(amount)
            }
            _ => self.part(giver, from)?.checked_sub(amount),
        };
        let grown = match to {
            Part::Outside => self.totals.taken_out.checked_add(amount),
            _ => self.part(taker, to)?.checked_add(amount),
        };
        let left = left.filter(|left| *left >= Amount::ZERO).ok_or(Short)?;
        let grown = grown.ok_or(Short)?;
        match from {
            Part::Outside => self.totals.brought_in = left,
            _ => *self.part(giver, from)? = left,
        }
        match to {
            Part::Outside => self.totals.taken_out = grown,
            _ => *self.part(taker, to)? = grown,
        }
        Ok(())
    }

    /// Checks that the total stays within `MOST` when `amount` enters. Movements
    /// inside the sandbox can then never overflow.
    fn has_room_for(&self, amount: Amount) -> Result<(), Short> {
        let Totals {
            brought_in,
            taken_out,
        } = self.totals;
        let inside = brought_in
            .checked_sub(taken_out)
            .and_then(|inside| inside.checked_add(amount));
        inside
            .filter(|inside| *inside <= MOST)
            .map(|_| ())
            .ok_or(Short)
    }

    fn part(&mut self, prefix: &str, part: Part) -> Result<&mut Amount, Short> {
        let account = self.accounts.get_mut(prefix).ok_or(Short)?;
        match part {
            Part::Balance => Ok(&mut account.balance),
            Part::Held => Ok(&mut account.held),
            Part::Paid => Ok(&mut account.paid),
            Part::Collected => Ok(&mut account.collected),
            Part::Settled => Ok(&mut account.settled),
            Part::Outside => Err(Short),
        }
    }
}

/// The largest amount that a message can represent.
pub(crate) const MOST: Amount = Amount::from_centavos(999_999_999_999);

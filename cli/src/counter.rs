//! `skypay cashier`, `finance` and `store`: what happens outside the partner's
//! reach.

use clap::Subcommand;
use skypay_sandbox::engine::{CashierCommand, Command, FinanceCommand, StoreCommand};
use skypay_types::{Amount, CollectionChannel, DateTime, PayoutChannel};

use crate::ending::Failure;
use crate::running::{carry, carry_and_wait};
use crate::show::{Said, Style};
use crate::values::{collection_channel, payout_channel};

/// Stand at the counter of a store: payouts and collections
///
/// The vendor's two test forms. The exit code says how the partner answered.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::running::HELP)]
pub(crate) struct Cashier {
    #[command(subcommand)]
    step: CashierStep,
}

#[derive(Clone, Debug, Subcommand)]
enum CashierStep {
    /// Ask the partner for the data of a payout (payoutInquiry)
    Inquire {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = payout_channel)]
        channel: PayoutChannel,
    },
    /// Pay it out (payoutPayout); only after an inquiry that succeeded
    Pay {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = payout_channel)]
        channel: PayoutChannel,
        /// The cashier's time, if not now: 'yyyy-MM-dd HH:mm:ss'
        #[arg(long, value_name = "TIME")]
        pay_time: Option<DateTime>,
    },
    /// Ask the partner whether it takes a repayment (collectionInquiry)
    AskCollection {
        /// The contract, or the reference of a 7-Eleven barcode
        #[arg(value_name = "CONTRACT")]
        contract_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = collection_channel)]
        channel: CollectionChannel,
        /// What the customer wants to pay, if the contract does not say
        #[arg(long)]
        amount: Option<Amount>,
        /// The customer's phone, if the contract does not say
        #[arg(long)]
        phone: Option<String>,
    },
    /// Take the money (collectionCollect); only after an inquiry that succeeded
    Collect {
        /// The contract, or the reference of a 7-Eleven barcode
        #[arg(value_name = "CONTRACT")]
        contract_number: String,
        /// The store, by its code or name
        #[arg(long, value_parser = collection_channel)]
        channel: CollectionChannel,
        /// What the customer paid, if not what the partner had answered
        #[arg(long)]
        amount: Option<Amount>,
        /// The customer's phone, if not that of the inquiry
        #[arg(long)]
        phone: Option<String>,
        /// The store's receipt, if not one of its own
        #[arg(long, value_name = "NUMBER")]
        receipt_number: Option<String>,
        /// The cashier's time, if not now: 'yyyy-MM-dd HH:mm:ss'
        #[arg(long, value_name = "TIME")]
        collected_time: Option<DateTime>,
    },
}

impl Cashier {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        let command = match self.step {
            CashierStep::Inquire {
                control_number,
                channel,
            } => CashierCommand::Inquire {
                control_number,
                channel,
            },
            CashierStep::Pay {
                control_number,
                channel,
                pay_time,
            } => CashierCommand::Pay {
                control_number,
                channel,
                pay_time,
            },
            CashierStep::AskCollection {
                contract_number,
                channel,
                amount,
                phone,
            } => CashierCommand::AskCollection {
                contract_number,
                channel,
                amount,
                phone,
            },
            CashierStep::Collect {
                contract_number,
                channel,
                amount,
                phone,
                receipt_number,
                collected_time,
            } => CashierCommand::Collect {
                contract_number,
                channel,
                amount,
                phone,
                receipt_number,
                collected_time,
            },
        };
        carry_and_wait(&Command::Cashier(command), style).await
    }
}

/// Move money on a partner's account, with a notice for each
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::running::HELP)]
pub(crate) struct Finance {
    #[command(subcommand)]
    occasion: Occasion,
}

#[derive(Clone, Debug, Subcommand)]
enum Occasion {
    /// Recharge the payout account (statement type 1)
    Recharge(Movement),
    /// Turn settled collections into payout balance (statement type 2)
    SettlementRecharge {
        /// Whose account
        prefix: String,
        /// How much
        amount: Amount,
    },
    /// Move balance between two entities (statement type 3)
    Transfer {
        /// From whom
        from: String,
        /// To whom
        to: String,
        /// How much
        amount: Amount,
    },
    /// Settle what was collected (statement type 4)
    Settlement {
        /// Whose collections
        prefix: String,
        /// How much; all of it if not said
        amount: Option<Amount>,
    },
    /// Withdraw settled collections (statement type 5)
    CollectionWithdrawal(Movement),
    /// Withdraw payout balance (statement type 6)
    PayoutWithdrawal(Movement),
}

#[derive(Clone, Debug, clap::Args)]
struct Movement {
    /// Whose account
    prefix: String,
    /// How much
    amount: Amount,
    /// The bank account that the money went to
    #[arg(long, value_name = "ACCOUNT")]
    beneficiary_account: Option<String>,
}

impl Finance {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        let command = match self.occasion {
            Occasion::Recharge(Movement {
                prefix,
                amount,
                beneficiary_account,
            }) => FinanceCommand::Recharge {
                prefix,
                amount,
                beneficiary_account,
            },
            Occasion::SettlementRecharge { prefix, amount } => {
                FinanceCommand::SettlementRecharge { prefix, amount }
            }
            Occasion::Transfer { from, to, amount } => {
                FinanceCommand::Transfer { from, to, amount }
            }
            Occasion::Settlement { prefix, amount } => {
                FinanceCommand::Settlement { prefix, amount }
            }
            Occasion::CollectionWithdrawal(Movement {
                prefix,
                amount,
                beneficiary_account,
            }) => FinanceCommand::CollectionWithdrawal {
                prefix,
                amount,
                beneficiary_account,
            },
            Occasion::PayoutWithdrawal(Movement {
                prefix,
                amount,
                beneficiary_account,
            }) => FinanceCommand::PayoutWithdrawal {
                prefix,
                amount,
                beneficiary_account,
            },
        };
        carry(&Command::Finance(command), style).await
    }
}

/// Be the bank, wallet or store chain behind a payout
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = crate::running::HELP)]
pub(crate) struct Store {
    #[command(subcommand)]
    step: StoreStep,
}

#[derive(Clone, Debug, clap::Args)]
struct Payout {
    /// The payout's control number
    #[arg(value_name = "PAYOUT")]
    control_number: String,
}

#[derive(Clone, Debug, Subcommand)]
enum StoreStep {
    /// Take it over: Pending becomes Uploaded
    Upload(Payout),
    /// Pay it, at the counter or into the account
    Pay(Payout),
    /// Let it fail
    Fail {
        /// The payout's control number
        #[arg(value_name = "PAYOUT")]
        control_number: String,
        /// What the notice says of it
        #[arg(long)]
        reason: Option<String>,
    },
    /// Confirm a cancellation that was asked for, or cancel
    ConfirmCancellation(Payout),
    /// Refuse a cancellation: back to Uploaded, and nobody is told
    RefuseCancellation(Payout),
    /// Take over the changed data
    ConfirmAmendment(Payout),
    /// Keep the old data
    RefuseAmendment(Payout),
    /// Take back a payment: a completed payout fails after all
    Reverse(Payout),
}

impl Store {
    pub(crate) async fn run(self, style: Style) -> Result<Said, Failure> {
        let command = match self.step {
            StoreStep::Upload(Payout { control_number }) => StoreCommand::Upload { control_number },
            StoreStep::Pay(Payout { control_number }) => StoreCommand::Pay { control_number },
            StoreStep::Fail {
                control_number,
                reason,
            } => StoreCommand::Fail {
                control_number,
                reason,
            },
            StoreStep::ConfirmCancellation(Payout { control_number }) => {
                StoreCommand::ConfirmCancellation { control_number }
            }
            StoreStep::RefuseCancellation(Payout { control_number }) => {
                StoreCommand::RefuseCancellation { control_number }
            }
            StoreStep::ConfirmAmendment(Payout { control_number }) => {
                StoreCommand::ConfirmAmendment { control_number }
            }
            StoreStep::RefuseAmendment(Payout { control_number }) => {
                StoreCommand::RefuseAmendment { control_number }
            }
            StoreStep::Reverse(Payout { control_number }) => {
                StoreCommand::Reverse { control_number }
            }
        };
        carry(&Command::Store(command), style).await
    }
}

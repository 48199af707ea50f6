//! Reads a balance that somebody else has asked for.

fn main() -> Result<(), serde_json::Error> {
    let answer: skypay_types::BalanceQueryResponse = serde_json::from_reader(std::io::stdin())?;
    println!("{:?}", answer.balance);
    Ok(())
}

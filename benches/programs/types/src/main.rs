//! Parses the response to a balance query, using the types crate only.

fn main() -> Result<(), serde_json::Error> {
    let answer: skypay_types::BalanceQueryResponse = serde_json::from_reader(std::io::stdin())?;
    println!("{:?}", answer.balance);
    Ok(())
}

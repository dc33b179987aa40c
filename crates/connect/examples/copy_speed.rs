//! Measures COPY TO STDOUT.
use std::time::Instant;
#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let config = pgark_connect::Config::parse(arguments.next().unwrap()).unwrap();
    let sql = arguments.next().unwrap();
    let mut session = pgark_connect::connect(&config).await.unwrap();
    let started = Instant::now();
    let mut copy = session.copy_out(&sql).await.unwrap();
    let (mut bytes, mut pieces) = (0, 0);
    while let Some(piece) = copy.next().await.unwrap() {
        bytes += piece.len();
        pieces += 1;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{bytes} bytes {pieces} pieces {seconds:.2} s {:.0} MB/s", bytes as f64 / seconds / 1e6);
}

//! Same data, same bytes.

use std::fs;

use anyhow::{Result, ensure};
use support::{Fixture, Major, Scratch, dump_command, observe, shared_server, side_by_side};

#[test]
fn two_dumps_of_one_database_are_identical_to_the_byte() {
    side_by_side(&Major::servers(), |&major| {
        let server = shared_server(major);
        let db = Fixture::named("shop")?.database(major)?;
        let scratch = Scratch::new()?;
        let dump = |name: &str, epoch: &str, zone: &str, jobs: &str| -> Result<Vec<u8>> {
            let file = scratch.join(name);
            observe(
                dump_command(server, &db)
                    .env("SOURCE_DATE_EPOCH", epoch)
                    .env("TZ", zone)
                    .args(["-j", jobs, "-f"])
                    .arg(&file),
            )?
            .expect_silence()?;
            Ok(fs::read(file)?)
        };
        let first = dump("first", "1700000000", "UTC", "1")?;
        ensure!(
            first == dump("second", "1700000000", "UTC", "1")?,
            "a second dump differs"
        );
        ensure!(
            first == dump("by three", "1700000000", "UTC", "3")?,
            "a dump by three sessions differs"
        );
        ensure!(
            first == dump("elsewhere", "1700000000", "EST5EDT", "1")?,
            "the zone of the machine is in the archive"
        );
        ensure!(
            first != dump("later", "1700000001", "UTC", "1")?,
            "SOURCE_DATE_EPOCH is not in the archive"
        );
        let listing = support::run(
            server
                .tool("pg_restore")
                .arg("-l")
                .arg(scratch.join("first")),
        )?;
        let listing = String::from_utf8_lossy(&listing).into_owned();
        ensure!(
            listing.contains("; Archive created at 2023-11-14 22:13:20 UTC\n"),
            "the time is another:\n{listing}"
        );
        Ok(())
    });
}

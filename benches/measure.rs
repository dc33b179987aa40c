//! What a program takes, and on which server.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use support::{Major, run};

/// The major that the first argument names, `otherwise` where there is none.
pub fn major_of_arguments(otherwise: Major) -> Result<Major> {
    let Some(major) = std::env::args().nth(1) else {
        return Ok(otherwise);
    };
    Major::all()
        .into_iter()
        .find(|known| known.to_string() == major)
        .with_context(|| format!("there is no PostgreSQL {major} here"))
}

/// What one run of a program took.
#[derive(Clone, Copy)]
pub struct Measured {
    /// From its start to its end.
    pub wall: Duration,
    /// Of all its threads, in the program and in the system.
    pub cpu: Duration,
    /// Its memory at the most.
    pub mebibytes: u64,
}

/// Runs a program to its end, whatever it writes to stdout going nowhere.
pub fn measured(program: &Command) -> Result<Measured> {
    const SCRIPT: &str = "\
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
wall = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(wall, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)
";
    let mut python = Command::new("python3");
    python.args(["-c", SCRIPT]).arg(program.get_program());
    python.args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    let told = String::from_utf8(run(&mut python)?)?;
    let parse = || {
        let mut words = told.split_whitespace();
        let mut seconds = || Some(Duration::from_secs_f64(words.next()?.parse().ok()?));
        let (wall, cpu) = (seconds()?, seconds()?);
        Some(Measured {
            wall,
            cpu,
            mebibytes: words.next()?.parse().ok()?,
        })
    };
    parse().with_context(|| format!("python3 says {told}"))
}

/// The middle one.
///
/// # Panics
/// Where there is none.
pub fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort();
    values[values.len() / 2]
}

/// Bytes in megabytes.
#[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

//! Asking for a password, on a terminal that a program plays.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use support::{observe, pgark, python};

use crate::secret::{expect_none, secret};
use crate::world::{PASSWORD, home, world};

/// Runs a program on a terminal, types a line once it is asked for one, and prints all that was shown; ends with the
/// program's exit code.
const TYPIST: &str = r"
import os, pty, select, sys, time
typed, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown, asked = b'', False
while True:
    ready = select.select([terminal], [], [], 30)[0]
    if not ready:
        os.kill(pid, 9)
        sys.exit('nothing is shown any more')
    try:
        more = os.read(terminal, 1000)
    except OSError:
        break
    if not more:
        break
    shown += more
    if not asked and b'Password for user' in shown:
        asked = True
        os.write(terminal, typed.encode().decode('unicode_escape').encode('latin1'))
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

struct Shown {
    code: Option<i32>,
    text: String,
}

/// What is shown while `pgark` runs and a line is typed.
fn on_a_terminal(typed: &str, args: &[&str], password: Option<&str>) -> Result<Shown> {
    let program = pgark();
    let mut command = python();
    command
        .args(["-c", TYPIST, typed])
        .arg(Path::new(program.get_program()))
        .args(args)
        .env("HOME", home())
        .env("LC_ALL", "C")
        .env_remove("PGPASSWORD");
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let ran = observe(&mut command)?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    expect_none("a terminal", &text)?;
    ensure!(ran.stderr.is_empty(), "{}", ran.stderr);
    Ok(Shown {
        code: ran.code,
        text,
    })
}

#[test]
fn a_password_is_asked_for_when_it_is_needed() -> Result<()> {
    secret("nonsense-31");
    let (scram, trusted) = (world().tcp("user=scram"), world().tcp("user=trusted"));
    let right = format!("{}\\n", PASSWORD.replace('\\', "\\\\"));
    let corrected = format!("nonsense-31\\x15{right}");
    let asked = "Password for user scram on \"127.0.0.1\", port";
    // What is typed, arguments, PGPASSWORD, the exit code, the question.
    type Case<'a> = (&'a str, &'a [&'a str], Option<&'a str>, i32, &'a str);
    let cases: [Case<'_>; 9] = [
        (&right, &["ping", &scram], None, 0, asked),
        (&corrected, &["ping", &scram], None, 0, asked),
        ("nonsense-31\\n", &["ping", &scram], None, 3, asked),
        ("\\n", &["ping", &scram], None, 3, asked),
        ("\\x03", &["ping", &scram], None, 5, asked),
        (
            &right,
            &["ping", "-W", &scram],
            Some("nonsense-31"),
            0,
            "Password for user scram: ",
        ),
        (
            &right,
            &["ping", "-W", &trusted],
            None,
            0,
            "Password for user trusted: ",
        ),
        (
            &right,
            &["dump", "-s", "-f", "/dev/null", "-d", &scram],
            None,
            0,
            asked,
        ),
        (
            &right,
            &["dump", "-W", "-s", "-f", "/dev/null", "-d", &scram],
            None,
            0,
            "Password for user scram: ",
        ),
    ];
    for (typed, args, password, code, question) in cases {
        let shown = on_a_terminal(typed, args, password)?;
        ensure!(
            shown.code == Some(code),
            "{args:?}: {:?}\n{}",
            shown.code,
            shown.text
        );
        ensure!(
            shown.text.matches("Password for user").count() == 1 && shown.text.contains(question),
            "{args:?}: {}",
            shown.text
        );
    }
    Ok(())
}

#[test]
fn nobody_is_asked_in_vain() -> Result<()> {
    let (scram, trusted) = (world().tcp("user=scram"), world().tcp("user=trusted"));
    for (args, password, code) in [
        (&["ping", &trusted][..], None, 0),
        (&["ping", "-w", &scram], None, 3),
        (&["ping", &scram], Some(PASSWORD), 0),
        (&["ping", &scram], Some("nonsense-31"), 3),
    ] {
        let shown = on_a_terminal("", args, password)?;
        ensure!(
            shown.code == Some(code),
            "{args:?}: {:?}\n{}",
            shown.code,
            shown.text
        );
        ensure!(!shown.text.contains("Password"), "{args:?}: {}", shown.text);
    }
    // Without a terminal there is nobody to ask, whatever is on standard input.
    for (args, words) in [
        (&["ping", &scram][..], "none was given"),
        (
            &["ping", "-W", &scram],
            "cannot ask for the password: there is no terminal",
        ),
    ] {
        let mut command = Command::new("setsid");
        command
            .args(["-w", "sh", "-c", "echo nonsense-31 | \"$0\" \"$@\""])
            .arg(pgark().get_program())
            .args(args)
            .env("HOME", home());
        observe(&mut command)?
            .expect_code(3)?
            .expect_words([words])?;
    }
    Ok(())
}

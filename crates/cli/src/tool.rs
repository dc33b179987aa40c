//! Being called by the name of one of PostgreSQL's own programs: its options, its defaults, its exit codes.
//!
//! The options are those of its command here; what differs stands below. They follow PostgreSQL 18
//! (src/bin/pg_dump, src/bin/pg_basebackup, src/bin/pg_verifybackup).

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args};

use crate::arguments::{Arguments, Command};
use crate::exit;

/// What `--version` says, as far as scripts look into it: the newest PostgreSQL whose archives are written.
const VERSION: &str = concat!("(PostgreSQL) 18 (pgark ", env!("CARGO_PKG_VERSION"), ")");

/// One of PostgreSQL's programs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tool {
    BaseBackup,
    Dump,
    DumpAll,
    Restore,
    VerifyBackup,
}

/// An option of the program that its command here does not have.
struct Other {
    long: &'static str,
    short: Option<char>,
    /// Why it is refused, where it makes a difference.
    refused: Option<&'static str>,
}

const fn needless(long: &'static str, short: Option<char>) -> Other {
    Other {
        long,
        short,
        refused: None,
    }
}

const fn refused(long: &'static str, short: Option<char>, why: &'static str) -> Other {
    Other {
        long,
        short,
        refused: Some(why),
    }
}

/// Whatever the method, all is on the disk in the end.
const SYNC_METHOD: Other = needless("sync-method", None);

impl Tool {
    /// Which one a program is that was called so.
    pub(crate) fn called_as(program: &OsStr) -> Option<Self> {
        let all = [
            Self::BaseBackup,
            Self::Dump,
            Self::DumpAll,
            Self::Restore,
            Self::VerifyBackup,
        ];
        let name = Path::new(program).file_name()?;
        all.into_iter().find(|tool| name == tool.name())
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BaseBackup => "pg_basebackup",
            Self::Dump => "pg_dump",
            Self::DumpAll => "pg_dumpall",
            Self::Restore => "pg_restore",
            Self::VerifyBackup => "pg_verifybackup",
        }
    }

    /// Reads the command line.
    ///
    /// # Errors
    /// An option that is unknown, misused, or refused here.
    pub(crate) fn parse(
        self,
        words: impl Iterator<Item = OsString>,
    ) -> Result<Arguments, clap::Error> {
        match self {
            Self::BaseBackup => self.parse_for(words, |it| Command::BaseBackup(Box::new(it))),
            Self::Dump => self.parse_for(words, |it| Command::Dump(Box::new(it))),
            Self::DumpAll => self.parse_for(words, |it| Command::PgDumpAll(Box::new(it))),
            Self::Restore => self.parse_for(words, |it| Command::Restore(Box::new(it))),
            Self::VerifyBackup => self.parse_for(words, Command::Verify),
        }
    }

    fn parse_for<A: Args>(
        self,
        words: impl Iterator<Item = OsString>,
        command: impl FnOnce(A) -> Command,
    ) -> Result<Arguments, clap::Error> {
        let mut line = self.command_line::<A>();
        let matches = line.try_get_matches_from_mut(words)?;
        self.check(&mut line, &matches)?;
        Ok(Arguments {
            verbose: matches.get_count("verbose"),
            command: command(A::from_arg_matches(&matches)?),
        })
    }

    fn command_line<A: Args>(self) -> clap::Command {
        let mut line = A::augment_args(clap::Command::new(self.name()))
            .version(VERSION)
            .disable_help_flag(true)
            .arg(
                Arg::new("verbose")
                    .short('v')
                    .long("verbose")
                    .action(ArgAction::Count)
                    .help("Say more about what is done"),
            );
        line = if line.get_arguments().any(|arg| arg.get_id() == "help") {
            line.mut_arg("help", |arg| arg.short('?'))
        } else {
            let help = Arg::new("help").short('?').long("help");
            line.arg(help.action(ArgAction::HelpShort).help("Print help"))
        };
        for other in self.others() {
            let arg = Arg::new(other.long).long(other.long).hide(true);
            let arg = arg.action(ArgAction::Append).num_args(0..=1);
            line = line.arg(match other.short {
                Some(short) => arg.short(short),
                None => arg,
            });
        }
        for (id, default) in self.defaults() {
            line = line.mut_arg(*id, |arg| arg.default_value(*default));
        }
        line
    }

    /// What the program takes where nothing is said, where that is not what pgark takes.
    fn defaults(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::BaseBackup => &[("checkpoint", "spread")],
            Self::Dump => &[("format", "p"), ("jobs", "1"), ("progress", "none")],
            Self::Restore => &[("preflight", "off"), ("progress", "none")],
            Self::DumpAll | Self::VerifyBackup => &[],
        }
    }

    fn others(self) -> &'static [Other] {
        const BASEBACKUP: &[Other] = &[
            refused("incremental", Some('i'), "backups are always full ones"),
            refused(
                "target",
                Some('t'),
                "a backup comes here, into a folder or a stream",
            ),
            needless("status-interval", Some('s')),
            SYNC_METHOD,
        ];
        const DUMP: &[Other] = &[
            refused("binary-upgrade", None, "it is for pg_upgrade alone"),
            SYNC_METHOD,
        ];
        // It is seen.
        const VERIFYBACKUP: &[Other] = &[needless("format", Some('F'))];
        match self {
            Self::BaseBackup => BASEBACKUP,
            Self::Dump | Self::DumpAll => DUMP,
            Self::Restore => &[],
            Self::VerifyBackup => VERIFYBACKUP,
        }
    }

    fn check(self, line: &mut clap::Command, matches: &ArgMatches) -> Result<(), clap::Error> {
        for other in self.others() {
            if let Some(why) = other.refused
                && matches.contains_id(other.long)
            {
                let long = other.long;
                let message = format!("--{long} is not supported: {why}");
                return Err(line.error(ErrorKind::UnknownArgument, message));
            }
        }
        Ok(())
    }
}

/// The exit code of a run that ended with `code`: a tool knows but success and failure.
pub(crate) fn exit_code(tool: Option<Tool>, code: ExitCode) -> ExitCode {
    if tool.is_none() || code == ExitCode::SUCCESS {
        code
    } else {
        ExitCode::from(exit::FAILED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, String> {
        let mut words = line.split(' ').map(OsString::from);
        let tool = Tool::called_as(line.split(' ').next().unwrap_or_default().as_ref());
        tool.unwrap()
            .parse(words.by_ref())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_is_that_of_a_program_whatever_its_folder() {
        for (program, tool) in [
            ("/usr/bin/pg_dump", Some(Tool::Dump)),
            ("pg_verifybackup", Some(Tool::VerifyBackup)),
            ("pgark", None),
            ("pg_dump.old", None),
        ] {
            assert_eq!(Tool::called_as(program.as_ref()), tool, "{program}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_program() {
        let Ok(Arguments {
            command: Command::Dump(dump),
            verbose,
        }) = parse("pg_dump -v -h here shop")
        else {
            panic!("no dump");
        };
        assert_eq!(dump.format, crate::arguments::DumpFormat::Plain);
        assert_eq!(verbose, 1);
        let Ok(Arguments {
            command: Command::BaseBackup(backup),
            ..
        }) = parse("pg_basebackup -D x")
        else {
            panic!("no backup");
        };
        assert_eq!(
            backup.checkpoint,
            crate::arguments::physical::CheckpointChoice::Spread
        );
    }

    #[test]
    fn options_that_cannot_be_served_are_refused_by_name() {
        for (line, name) in [
            ("pg_dump -Fd x", "directories"),
            ("pg_dump -F tar x", "tar files"),
            ("pg_dump --binary-upgrade x", "--binary-upgrade"),
            ("pg_basebackup -D x -t server:/x", "--target"),
            ("pg_basebackup -D x --incremental=m", "--incremental"),
            ("pg_restore -Fd x", "directories"),
            ("pg_dumpall --dont-know", "--dont-know"),
        ] {
            let error = parse(line).err();
            assert!(
                error.as_ref().is_some_and(|error| error.contains(name)),
                "{line}: {error:?}"
            );
        }
    }

    #[test]
    fn a_script_sees_the_version_of_postgresql() {
        let shown = parse("pg_restore --version").unwrap_err();
        assert!(shown.starts_with("pg_restore (PostgreSQL) 18 "), "{shown}");
    }
}

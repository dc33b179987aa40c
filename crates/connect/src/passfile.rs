//! The password file.
//!
//! Manual: "The Password File".

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bstr::ByteSlice;
use pgark_wire::Secret;

/// What the file says for one login.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) password: Option<Secret>,
    /// Why the file was passed over although it exists.
    pub(crate) problem: Option<String>,
}

/// Looks a password up. A file that is not there has none; one that others can read is passed over.
pub(crate) fn look_up(path: &Path, host: &[u8], port: u16, database: &[u8], user: &[u8]) -> Found {
    let problem = |why: String| Found {
        password: None,
        problem: Some(format!(
            "password file \"{}\" was not used: {why}",
            path.display()
        )),
    };
    let Ok(metadata) = fs::metadata(path) else {
        return Found::default();
    };
    if !metadata.is_file() {
        return problem("it is not a plain file".into());
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return problem(format!(
            "its group or others may access it (mode {mode:04o}, 0600 or less is needed)"
        ));
    }
    match fs::read(path) {
        Ok(text) => Found {
            password: find(&text, [host, port.to_string().as_bytes(), database, user]),
            problem: None,
        },
        Err(error) => problem(error.to_string()),
    }
}

/// The password of the first line that matches host, port, database and user.
fn find(text: &[u8], wanted: [&[u8]; 4]) -> Option<Secret> {
    text.lines()
        .filter(|line| !line.starts_with(b"#"))
        .find_map(|line| {
            let mut rest = line.trim_end_with(|c| c == '\r');
            for wanted in wanted {
                let (field, after) = field(rest);
                if field != wanted && !rest.starts_with(b"*:") {
                    return None;
                }
                rest = after?;
            }
            Some(Secret::new(field(rest).0))
        })
        .filter(|password| !password.is_empty())
}

/// A field without its backslashes, and what follows its colon if there is one.
fn field(line: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let mut field = Vec::new();
    let mut bytes = line;
    while let Some((&byte, rest)) = bytes.split_first() {
        bytes = rest;
        match (byte, bytes.split_first()) {
            (b':', _) => return (field, Some(bytes)),
            (b'\\', Some((&escaped, rest))) => {
                field.push(escaped);
                bytes = rest;
            }
            _ => field.push(byte),
        }
    }
    (field, None)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_first_matching_line_counts() {
        let text = b"#h:1:d:u:comment\n\
            h:1:d:u:first\r\n\
            h:1:d:u:second\n\
            other:*:*:u:star\n\
            a\\:b:1:back\\\\slash:u\\:x:p\\:w\\\\d:ignored\n\
            short:1:d\n\
            **:1:d:u:no wildcard\n\
            *:*:*:last:any";
        let cases: [([&str; 4], Option<&str>); 8] = [
            (["h", "1", "d", "u"], Some("first")),
            (["other", "9", "x", "u"], Some("star")),
            (["a:b", "1", "back\\slash", "u:x"], Some("p:w\\d")),
            (["short", "1", "d", "u"], None),
            (["x", "1", "d", "u"], None),
            (["x", "1", "d", "last"], Some("any")),
            (["#h", "1", "d", "u"], None),
            (["", "", "", ""], None),
        ];
        for (wanted, password) in cases {
            let found = find(text, wanted.map(str::as_bytes));
            assert_eq!(found, password.map(Secret::new), "{wanted:?}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_passed_over() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"*:*:*:*:secret\n").unwrap();
        for (mode, used) in [
            (0o600, true),
            (0o400, true),
            (0o640, false),
            (0o604, false),
            (0o660, false),
        ] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let found = look_up(file.path(), b"h", 5432, b"d", b"u");
            assert_eq!(found.password.is_some(), used, "{mode:o}");
            assert_eq!(found.problem.is_none(), used, "{mode:o}");
            if let Some(problem) = found.problem {
                assert!(problem.contains(&format!("(mode {mode:04o}")), "{problem}");
            }
        }
        let folder = look_up(&std::env::temp_dir(), b"h", 5432, b"d", b"u");
        assert!(folder.problem.unwrap().ends_with("it is not a plain file"));
        assert!(
            look_up(Path::new("/nonexistent"), b"h", 1, b"d", b"u")
                .problem
                .is_none()
        );
    }
}

use super::*;

/// The pieces of a script that arrives in portions of a size.
fn split(script: &str, size: usize, std_strings: bool) -> Vec<Piece> {
    let mut splitter = Splitter::new(std_strings);
    let mut pieces = Vec::new();
    for portion in script.as_bytes().chunks(size) {
        splitter.push(portion);
        pieces.extend(std::iter::from_fn(|| splitter.next_piece()));
    }
    pieces.extend(std::iter::from_fn(|| splitter.finish()));
    pieces
}

/// Checks that a script falls into these pieces, however it arrives; those that begin with a backslash are commands.
fn check(script: &str, expected: &[&str]) {
    for size in [1, 2, 3, 7, 1000] {
        let found = split(script, size, true);
        let pieces: Vec<_> = expected
            .iter()
            .map(|piece| {
                let is_command = piece.trim_start().starts_with('\\');
                let kind = if is_command {
                    Piece::Command
                } else {
                    Piece::Statement
                };
                kind((*piece).into())
            })
            .collect();
        assert_eq!(found, pieces, "{size} bytes at a time");
    }
}

#[test]
fn semicolons_end_statements_where_they_are_no_text() {
    check("a;b;", &["a;", "b;"]);
    check("a;\n-- c;d\n b ;", &["a;", "\n-- c;d\n b ;"]);
    check(
        "select ';', \"x;y\", 'it''s;';z;",
        &["select ';', \"x;y\", 'it''s;';", "z;"],
    );
    check("a $$;$$ b; c;", &["a $$;$$ b;", " c;"]);
    check("a $x$;$y$;$x$ b; c;", &["a $x$;$y$;$x$ b;", " c;"]);
    check("a $1; b$c$;", &["a $1;", " b$c$;"]);
    check("a /* ; /* ; */ ; */; b;", &["a /* ; /* ; */ ; */;", " b;"]);
    check(
        "create rule r do (a; b); c;",
        &["create rule r do (a; b);", " c;"],
    );
    check("a; b", &["a;", " b"]);
    check("a; -- b", &["a;"]);
    check(";", &[";"]);
}

#[test]
fn backslashes_escape_in_marked_strings_alone() {
    check(
        r"a 'x\'; b E'y\';'; c;",
        &[r"a 'x\';", r" b E'y\';';", " c;"],
    );
    for size in [1, 3, 100] {
        assert_eq!(split(r"a 'x\';y'; b;", size, false).len(), 2);
    }
}

#[test]
fn the_body_of_a_function_is_one_statement() {
    check(
        "create or replace function f() begin atomic select 1; select case when x then 1 end; end; a;",
        &[
            "create or replace function f() begin atomic select 1; select case when x then 1 end; end;",
            " a;",
        ],
    );
    check("begin; a; end;", &["begin;", " a;", " end;"]);
}

#[test]
fn commands_to_psql_are_lines_where_a_statement_could_begin() {
    check(
        "\\restrict k\na;\n\\connect x",
        &["\\restrict k\n", "a;", "\n\\connect x"],
    );
    check("a \\b\n;", &["a \\b\n;"]);
    check("a '\n\\! rm\n';", &["a '\n\\! rm\n';"]);
}

#[test]
fn what_is_cut_gives_the_script_again() {
    let script = "a;b 'x;' ;\n\\c\n$$ ; $$; /* ; */ e";
    for size in 1..20 {
        let pieces = split(script, size, true);
        let joined: Vec<u8> = pieces
            .iter()
            .flat_map(|(Piece::Statement(text) | Piece::Command(text))| text.to_vec())
            .collect();
        assert_eq!(joined.as_bstr(), script, "{size}");
    }
}

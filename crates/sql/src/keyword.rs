/// Whether the pg_dump of `major` quotes `word`, which is in lower case, because it is a keyword.
///
/// Words of the category "unreserved" are left bare, all others are quoted (fmtId in
/// src/fe_utils/string_utils.c).
pub(crate) fn is_quoted(word: &[u8], major: u32) -> bool {
    QUOTED
        .binary_search_by(|(keyword, _)| keyword.as_bytes().cmp(word))
        .ok()
        .and_then(|at| QUOTED.get(at))
        .is_some_and(|(_, since)| major >= *since)
}

/// Since every major that this crate serves, and earlier.
const ALL: u32 = 0;

/// Keywords that are not unreserved, in byte order, with the first major that has them so; none of them was
/// given up later. The facts are pg_get_keywords() of servers 15.18, 16.14, 17.10 and 18.4, which agree with
/// src/include/parser/kwlist.h of 15, 17 and 18. That 13 and 14 have the set of 15 is derived: what 14 and 15
/// added is unreserved.
#[rustfmt::skip]
const QUOTED: &[(&str, u32)] = &[
    ("all", ALL), ("analyse", ALL), ("analyze", ALL), ("and", ALL), ("any", ALL), ("array", ALL),
    ("as", ALL), ("asc", ALL), ("asymmetric", ALL), ("authorization", ALL), ("between", ALL),
    ("bigint", ALL), ("binary", ALL), ("bit", ALL), ("boolean", ALL), ("both", ALL), ("case", ALL),
    ("cast", ALL), ("char", ALL), ("character", ALL), ("check", ALL), ("coalesce", ALL),
    ("collate", ALL), ("collation", ALL), ("column", ALL), ("concurrently", ALL),
    ("constraint", ALL), ("create", ALL), ("cross", ALL), ("current_catalog", ALL),
    ("current_date", ALL), ("current_role", ALL), ("current_schema", ALL), ("current_time", ALL),
    ("current_timestamp", ALL), ("current_user", ALL), ("dec", ALL), ("decimal", ALL),
    ("default", ALL), ("deferrable", ALL), ("desc", ALL), ("distinct", ALL), ("do", ALL),
    ("else", ALL), ("end", ALL), ("except", ALL), ("exists", ALL), ("extract", ALL), ("false", ALL),
    ("fetch", ALL), ("float", ALL), ("for", ALL), ("foreign", ALL), ("freeze", ALL), ("from", ALL),
    ("full", ALL), ("grant", ALL), ("greatest", ALL), ("group", ALL), ("grouping", ALL),
    ("having", ALL), ("ilike", ALL), ("in", ALL), ("initially", ALL), ("inner", ALL),
    ("inout", ALL), ("int", ALL), ("integer", ALL), ("intersect", ALL), ("interval", ALL),
    ("into", ALL), ("is", ALL), ("isnull", ALL), ("join", ALL), ("json", 17), ("json_array", 16),
    ("json_arrayagg", 16), ("json_exists", 17), ("json_object", 16), ("json_objectagg", 16),
    ("json_query", 17), ("json_scalar", 17), ("json_serialize", 17), ("json_table", 17),
    ("json_value", 17), ("lateral", ALL), ("leading", ALL), ("least", ALL), ("left", ALL),
    ("like", ALL), ("limit", ALL), ("localtime", ALL), ("localtimestamp", ALL),
    ("merge_action", 17), ("national", ALL), ("natural", ALL), ("nchar", ALL), ("none", ALL),
    ("normalize", ALL), ("not", ALL), ("notnull", ALL), ("null", ALL), ("nullif", ALL),
    ("numeric", ALL), ("offset", ALL), ("on", ALL), ("only", ALL), ("or", ALL), ("order", ALL),
    ("out", ALL), ("outer", ALL), ("overlaps", ALL), ("overlay", ALL), ("placing", ALL),
    ("position", ALL), ("precision", ALL), ("primary", ALL), ("real", ALL), ("references", ALL),
    ("returning", ALL), ("right", ALL), ("row", ALL), ("select", ALL), ("session_user", ALL),
    ("setof", ALL), ("similar", ALL), ("smallint", ALL), ("some", ALL), ("substring", ALL),
    ("symmetric", ALL), ("system_user", 16), ("table", ALL), ("tablesample", ALL), ("then", ALL),
    ("time", ALL), ("timestamp", ALL), ("to", ALL), ("trailing", ALL), ("treat", ALL),
    ("trim", ALL), ("true", ALL), ("union", ALL), ("unique", ALL), ("user", ALL), ("using", ALL),
    ("values", ALL), ("varchar", ALL), ("variadic", ALL), ("verbose", ALL), ("when", ALL),
    ("where", ALL), ("window", ALL), ("with", ALL), ("xmlattributes", ALL), ("xmlconcat", ALL),
    ("xmlelement", ALL), ("xmlexists", ALL), ("xmlforest", ALL), ("xmlnamespaces", ALL),
    ("xmlparse", ALL), ("xmlpi", ALL), ("xmlroot", ALL), ("xmlserialize", ALL), ("xmltable", ALL),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_for_the_search() {
        assert!(QUOTED.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn words_are_quoted_from_the_major_that_reserved_them() {
        let cases: &[(&str, [bool; 6])] = &[
            // 13, 14, 15, 16, 17, 18
            ("select", [true; 6]),
            ("between", [true; 6]),
            ("left", [true; 6]),
            ("all", [true; 6]),
            ("xmltable", [true; 6]),
            ("system_user", [false, false, false, true, true, true]),
            ("json_object", [false, false, false, true, true, true]),
            ("json", [false, false, false, false, true, true]),
            ("merge_action", [false, false, false, false, true, true]),
            ("name", [false; 6]),
            ("merge", [false; 6]),
            ("enforced", [false; 6]),
            ("frobnicate", [false; 6]),
            ("", [false; 6]),
        ];
        for (word, quoted) in cases {
            for (major, quoted) in (13..).zip(quoted) {
                assert_eq!(
                    is_quoted(word.as_bytes(), major),
                    *quoted,
                    "{word} in {major}"
                );
            }
        }
    }
}

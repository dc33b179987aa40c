//! Names, most of them plain and some as awkward as names may be.

use super::random::Random;

/// Roles that own things.
pub(super) const ROLES: [&str; 3] = [
    "generated_owner",
    "\"generated Owner's\"",
    "generated_reader",
];

/// Who is granted something.
pub(super) const GRANTEES: [&str; 4] = [
    "public",
    "generated_reader",
    "\"generated Owner's\"",
    "pg_monitor",
];

/// Words that must be quoted, in some major at least; each is used once.
pub(super) const KEYWORDS: [&str; 14] = [
    "select",
    "user",
    "table",
    "order",
    "between",
    "time",
    "values",
    "all",
    "int",
    "char",
    "json_array",
    "system_user",
    "trim",
    "precision",
];

/// A name without quotes that no other number has.
pub(super) fn odd(
    random: &mut Random,
    keywords: &mut Vec<&'static str>,
    stem: &str,
    number: u32,
) -> String {
    match random.below(26) {
        0 => format!("{stem} {number}"),
        1 => format!("{}{number}", stem.to_uppercase()),
        2 => format!("{stem}\"{number}"),
        3 => format!("{stem}.{number}"),
        4 => format!("ñ{stem}€{number}"),
        5 => format!("{number}{stem}"),
        6 => format!("{stem}\\{number}"),
        7 => format!("{stem}'{number}"),
        8 => format!("${stem}${number}"),
        9 => format!("{stem}%s{number};"),
        10 => format!("{stem:x<58}{number:05}"),
        11 => format!("_{stem}_{number}"),
        12 if random.one_in(4) => format!("{stem}\n-- {number}"),
        13 if !keywords.is_empty() => keywords.remove(random.place(keywords.len())).to_owned(),
        _ => format!("{stem}_{number}"),
    }
}

/// The name in quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

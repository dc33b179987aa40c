/// Appends pieces to a `Vec<u8>` or `BString`.
///
/// A piece is anything that is `AsRef<[u8]>`: `&str`, `String`, `&[u8]`, `BString`, and references to them.
///
/// ```
/// let mut out = Vec::new();
/// pgark_sql::put!(out, "ALTER TABLE ", b"t", String::from(";\n"));
/// assert_eq!(out, b"ALTER TABLE t;\n");
/// ```
#[macro_export]
macro_rules! put {
    ($out:expr $(, $piece:expr)+ $(,)?) => {{
        $($out.extend_from_slice(::core::convert::AsRef::<[u8]>::as_ref(&$piece));)+
    }};
}

/// Joins pieces (see [`put!`](crate::put)) into a new `BString`.
///
/// ```
/// assert_eq!(pgark_sql::text!("DROP SCHEMA ", b"s", ";\n"), "DROP SCHEMA s;\n");
/// ```
#[macro_export]
macro_rules! text {
    ($($piece:expr),+ $(,)?) => {{
        let mut text = $crate::BString::default();
        $crate::put!(text, $($piece),+);
        text
    }};
}

//! Definitions of base types.

use std::collections::HashMap;

use bstr::BString;
use pgark_connect::Session;

use crate::error::Result;
use crate::fields::fetch_of;
use crate::oid::Oid;
use crate::server::Server;

/// The definition of a base type. Functions are SQL text, `-` for none.
#[derive(Clone, Debug)]
pub struct BaseTypeDefinition {
    /// Its length in bytes, -1 for one that varies, -2 for a string that ends with a zero byte.
    pub length: i16,
    /// The function that reads its text.
    pub input: BString,
    /// The function that writes its text.
    pub output: BString,
    /// The function that reads its binary form.
    pub receive: BString,
    /// The function that writes its binary form.
    pub send: BString,
    /// The function that reads modifiers.
    pub modifier_input: BString,
    /// The function that writes modifiers.
    pub modifier_output: BString,
    /// The function that gathers statistics.
    pub analyze: BString,
    /// The function that handles subscripts.
    pub subscript: BString,
    /// The type of its elements as SQL text, `-` for none.
    pub element: BString,
    /// Whether its values have a collation.
    pub is_collatable: bool,
    /// The default as SQL text.
    pub default: Option<BString>,
    /// The default as a plain value, where there is no expression.
    pub default_literal: Option<BString>,
    /// The letter of its category.
    pub category: BString,
    /// Whether it is preferred within its category.
    pub is_preferred: bool,
    /// What stands between elements of its arrays.
    pub delimiter: BString,
    /// `c`har, `s`hort, `i`nt or `d`ouble.
    pub alignment: u8,
    /// `p`lain, `e`xternal, e`x`tended or `m`ain.
    pub storage: u8,
    /// Whether it is passed by value.
    pub is_by_value: bool,
}

impl BaseTypeDefinition {
    /// The definitions by OID.
    pub(crate) async fn fetch(
        session: &mut Session,
        server: &Server,
        types: impl IntoIterator<Item = Oid>,
    ) -> Result<HashMap<Oid, Self>> {
        let subscript = if server.has_subscript_functions() {
            "typsubscript"
        } else {
            "'-'"
        };
        let sql = |oids: &str| {
            format!(
                "select oid, typlen, typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze, {subscript}, \
                   typelem::pg_catalog.regtype, typcollation <> 0, pg_catalog.pg_get_expr(typdefaultbin, 0), typdefault, \
                   typcategory, typispreferred, typdelim, typalign, typstorage, typbyval \
                 from pg_catalog.pg_type where oid = any ({oids})"
            )
        };
        let rows = fetch_of(session, "base types", types, sql, |f| {
            Ok((
                f.oid()?,
                Self {
                    length: f.number("a length")?,
                    input: f.text()?,
                    output: f.text()?,
                    receive: f.text()?,
                    send: f.text()?,
                    modifier_input: f.text()?,
                    modifier_output: f.text()?,
                    analyze: f.text()?,
                    subscript: f.text()?,
                    element: f.text()?,
                    is_collatable: f.boolean()?,
                    default: f.optional_text(),
                    default_literal: f.optional_text(),
                    category: f.text()?,
                    is_preferred: f.boolean()?,
                    delimiter: f.text()?,
                    alignment: f.char(),
                    storage: f.char(),
                    is_by_value: f.boolean()?,
                },
            ))
        })
        .await?;
        Ok(rows.into_iter().collect())
    }
}

//! The database itself.

use bstr::BString;
use pgark_connect::Session;

use crate::error::{Error, Result};
use crate::fields::fetch;
use crate::oid::{CatalogId, Oid};
use crate::privilege::Acl;
use crate::server::Server;

/// A database.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// Its row in `pg_database`.
    pub id: CatalogId,
    /// Its name.
    pub name: BString,
    /// The owner.
    pub owner: Oid,
    /// The encoding's name.
    pub encoding: BString,
    /// `b`uiltin, `c` (libc) or `i`cu.
    pub locale_provider: u8,
    /// `LC_COLLATE`
    pub collate: BString,
    /// `LC_CTYPE`
    pub ctype: BString,
    /// The provider's locale, where it is not libc.
    pub locale: Option<BString>,
    /// ICU collation rules.
    pub icu_rules: Option<BString>,
    /// Privileges.
    pub acl: Acl,
    /// Whether any role with CREATEDB may copy it.
    pub is_template: bool,
    /// Connection limit, −1 for none.
    pub connection_limit: i32,
    /// Tablespace.
    pub tablespace: BString,
    /// The comment.
    pub comment: Option<BString>,
    /// Settings of the database, each `name=value`.
    pub settings: Vec<BString>,
    /// Settings of roles in this database: role name and `name=value`.
    pub role_settings: Vec<(BString, BString)>,
    /// Security labels: provider and label.
    pub labels: Vec<(BString, BString)>,
}

impl Database {
    /// Reads the database that the session is connected to.
    pub(crate) async fn fetch(session: &mut Session, server: &Server) -> Result<Self> {
        let locale = if server.has_database_locale() {
            "d.datlocale"
        } else if server.has_database_locale_provider() {
            "d.daticulocale"
        } else {
            "null"
        };
        let provider = if server.has_database_locale_provider() {
            "d.datlocprovider"
        } else {
            "'c'"
        };
        let rules = if server.has_icu_rules() {
            "d.daticurules"
        } else {
            "null"
        };
        let sql = format!(
            "select d.tableoid, d.oid, d.datname, d.datdba, pg_catalog.pg_encoding_to_char(d.encoding), {provider}, d.datcollate, \
               d.datctype, {locale}, {rules}, d.datacl, pg_catalog.acldefault('d', d.datdba), d.datistemplate, d.datconnlimit, t.spcname, \
               pg_catalog.shobj_description(d.oid, 'pg_database') \
             from pg_catalog.pg_database d left join pg_catalog.pg_tablespace t on t.oid = d.dattablespace \
             where d.datname = pg_catalog.current_database()"
        );
        let databases = fetch(session, "database", &sql, |f| {
            Ok(Self {
                id: f.catalog_id()?,
                name: f.text()?,
                owner: f.oid()?,
                encoding: f.text()?,
                locale_provider: f.char(),
                collate: f.text_or_empty(),
                ctype: f.text_or_empty(),
                locale: f.optional_text(),
                icu_rules: f.optional_text(),
                acl: Acl::take(f),
                is_template: f.boolean()?,
                connection_limit: f.number("a connection limit")?,
                tablespace: f.text_or_empty(),
                comment: f.optional_text(),
                settings: Vec::new(),
                role_settings: Vec::new(),
                labels: Vec::new(),
            })
        })
        .await?;
        let mut database = databases.into_iter().next().ok_or(Error::Value {
            what: "database",
            column: 1,
            found: None,
            expected: "one row",
        })?;

        if !server.leaves_empty("pg_db_role_setting") {
            (database.settings, database.role_settings) =
                fetch_settings(session, database.id.oid).await?;
        }
        if !server.leaves_empty("pg_shseclabel") {
            database.labels = fetch_labels(session, database.id.oid).await?;
        }
        Ok(database)
    }
}

/// Pairs of texts: role and setting, provider and label.
type Pairs = Vec<(BString, BString)>;

/// The settings of a database, and of roles in it.
async fn fetch_settings(session: &mut Session, database: Oid) -> Result<(Vec<BString>, Pairs)> {
    let sql = format!(
        "select pg_catalog.unnest(setconfig) from pg_catalog.pg_db_role_setting where setrole = 0 and setdatabase = {database}"
    );
    let of_all = fetch(session, "database settings", &sql, |f| f.text()).await?;
    let sql = format!(
        "select r.rolname, pg_catalog.unnest(s.setconfig) from pg_catalog.pg_db_role_setting s, pg_catalog.pg_roles r \
         where s.setrole = r.oid and s.setdatabase = {database}"
    );
    let of_roles = fetch(session, "role settings of the database", &sql, |f| {
        Ok((f.text()?, f.text()?))
    })
    .await?;
    Ok((of_all, of_roles))
}

async fn fetch_labels(session: &mut Session, database: Oid) -> Result<Pairs> {
    let sql = format!(
        "select provider, label from pg_catalog.pg_shseclabel \
         where classoid = 'pg_catalog.pg_database'::pg_catalog.regclass and objoid = {database}"
    );
    fetch(session, "security labels of the database", &sql, |f| {
        Ok((f.text()?, f.text()?))
    })
    .await
}

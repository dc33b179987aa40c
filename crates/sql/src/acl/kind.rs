/// A kind of object that has privileges, as GRANT names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectKind {
    /// `TABLE`, for views, materialized views and foreign tables as well.
    Table,
    /// `SEQUENCE`
    Sequence,
    /// `FUNCTION`, for aggregates as well.
    Function,
    /// `PROCEDURE`
    Procedure,
    /// `LANGUAGE`
    Language,
    /// `SCHEMA`
    Schema,
    /// `DATABASE`
    Database,
    /// `TABLESPACE`
    Tablespace,
    /// `TYPE`, for domains as well.
    Type,
    /// `FOREIGN DATA WRAPPER`
    ForeignDataWrapper,
    /// `FOREIGN SERVER`
    ForeignServer,
    /// `PARAMETER`, since 15.
    Parameter,
    /// `LARGE OBJECT`
    LargeObject,
}

/// A kind of object in ALTER DEFAULT PRIVILEGES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultKind {
    /// `TABLES`
    Tables,
    /// `SEQUENCES`
    Sequences,
    /// `FUNCTIONS`, for procedures and aggregates as well.
    Functions,
    /// `TYPES`
    Types,
    /// `SCHEMAS`
    Schemas,
    /// `LARGE OBJECTS`, since 18.
    LargeObjects,
}

/// A privilege's letter in an aclitem and its word in GRANT.
pub(super) type PrivilegeName = (u8, &'static str);

impl ObjectKind {
    /// The words in GRANT.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::Sequence => "SEQUENCE",
            Self::Function => "FUNCTION",
            Self::Procedure => "PROCEDURE",
            Self::Language => "LANGUAGE",
            Self::Schema => "SCHEMA",
            Self::Database => "DATABASE",
            Self::Tablespace => "TABLESPACE",
            Self::Type => "TYPE",
            Self::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
            Self::ForeignServer => "FOREIGN SERVER",
            Self::Parameter => "PARAMETER",
            Self::LargeObject => "LARGE OBJECT",
        }
    }

    /// The privileges that a server of `major` knows for this kind, in the order in which pg_dump writes them
    /// (parseAclItem in src/bin/pg_dump/dumputils.c).
    pub(super) const fn privileges(self, major: u32) -> &'static [PrivilegeName] {
        match self {
            Self::Table if major >= 17 => &[
                (b'r', "SELECT"),
                (b'a', "INSERT"),
                (b'x', "REFERENCES"),
                (b'd', "DELETE"),
                (b't', "TRIGGER"),
                (b'D', "TRUNCATE"),
                (b'm', "MAINTAIN"),
                (b'w', "UPDATE"),
            ],
            Self::Table => &[
                (b'r', "SELECT"),
                (b'a', "INSERT"),
                (b'x', "REFERENCES"),
                (b'd', "DELETE"),
                (b't', "TRIGGER"),
                (b'D', "TRUNCATE"),
                (b'w', "UPDATE"),
            ],
            Self::Sequence => &[(b'r', "SELECT"), (b'U', "USAGE"), (b'w', "UPDATE")],
            Self::Function | Self::Procedure => &[(b'X', "EXECUTE")],
            Self::Language | Self::Type | Self::ForeignDataWrapper | Self::ForeignServer => {
                &[(b'U', "USAGE")]
            }
            Self::Schema => &[(b'C', "CREATE"), (b'U', "USAGE")],
            Self::Database => &[(b'C', "CREATE"), (b'c', "CONNECT"), (b'T', "TEMPORARY")],
            Self::Tablespace => &[(b'C', "CREATE")],
            Self::Parameter => &[(b's', "SET"), (b'A', "ALTER SYSTEM")],
            Self::LargeObject => &[(b'r', "SELECT"), (b'w', "UPDATE")],
        }
    }
}

/// The privileges that can be granted on a column.
pub(super) const COLUMN_PRIVILEGES: &[PrivilegeName] = &[
    (b'r', "SELECT"),
    (b'a', "INSERT"),
    (b'x', "REFERENCES"),
    (b'w', "UPDATE"),
];

impl DefaultKind {
    /// The kind of a pg_default_acl.defaclobjtype, or `None` if PostgreSQL 13 to 18 has no such code.
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            b'r' => Self::Tables,
            b'S' => Self::Sequences,
            b'f' => Self::Functions,
            b'T' => Self::Types,
            b'n' => Self::Schemas,
            b'L' => Self::LargeObjects,
            _ => return None,
        })
    }

    /// The words in ALTER DEFAULT PRIVILEGES.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tables => "TABLES",
            Self::Sequences => "SEQUENCES",
            Self::Functions => "FUNCTIONS",
            Self::Types => "TYPES",
            Self::Schemas => "SCHEMAS",
            Self::LargeObjects => "LARGE OBJECTS",
        }
    }

    /// The kind of the objects that get these privileges.
    pub(super) const fn object_kind(self) -> ObjectKind {
        match self {
            Self::Tables => ObjectKind::Table,
            Self::Sequences => ObjectKind::Sequence,
            Self::Functions => ObjectKind::Function,
            Self::Types => ObjectKind::Type,
            Self::Schemas => ObjectKind::Schema,
            Self::LargeObjects => ObjectKind::LargeObject,
        }
    }
}

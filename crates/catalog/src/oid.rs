//! How catalogues name their rows.

use std::fmt;

/// An object identifier of PostgreSQL.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Oid(pub u32);

impl Oid {
    /// Zero, which no row has.
    pub const INVALID: Self = Self(0);

    /// The first OID that is given to a user's object (`FirstNormalObjectId` of src/include/access/transam.h); those below are made by
    /// initdb.
    pub const FIRST_NORMAL: Self = Self(16384);

    /// Whether this names a row at all.
    pub fn is_valid(self) -> bool {
        self != Self::INVALID
    }

    /// Whether the row was made by initdb.
    pub fn is_builtin(self) -> bool {
        self < Self::FIRST_NORMAL
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One row of one catalogue, as `pg_depend` and `pg_description` name it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CatalogId {
    /// The OID of the catalogue in `pg_class`.
    pub table: Oid,
    /// The OID of the row.
    pub oid: Oid,
}

impl CatalogId {
    /// The name of things that stand in no catalogue.
    pub const NONE: Self = Self {
        table: Oid::INVALID,
        oid: Oid::INVALID,
    };
}

/// OIDs of the catalogues that pgark names itself; they are fixed (src/include/catalog/*.h).
pub mod catalog {
    use super::Oid;

    /// `pg_type`
    pub const TYPE: Oid = Oid(1247);
    /// `pg_proc`
    pub const PROC: Oid = Oid(1255);
    /// `pg_class`
    pub const CLASS: Oid = Oid(1259);
    /// `pg_amop`
    pub const AMOP: Oid = Oid(2602);
    /// `pg_amproc`
    pub const AMPROC: Oid = Oid(2603);
    /// `pg_constraint`
    pub const CONSTRAINT: Oid = Oid(2606);
    /// `pg_largeobject`, which names large objects in other catalogues
    pub const LARGE_OBJECT: Oid = Oid(2613);
    /// `pg_namespace`
    pub const NAMESPACE: Oid = Oid(2615);
}

#[cfg(test)]
mod tests {
    use super::Oid;

    #[test]
    fn initdb_s_rows_are_those_below_16384() {
        for (oid, is_valid, is_builtin) in [
            (0, false, true),
            (1, true, true),
            (16_383, true, true),
            (16_384, true, false),
            (u32::MAX, true, false),
        ] {
            let oid = Oid(oid);
            assert_eq!((oid.is_valid(), oid.is_builtin()), (is_valid, is_builtin));
        }
    }
}

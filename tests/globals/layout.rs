//! The manifest's layout: which fields an object has, in which order.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The fields of each kind of object in their order. Those that end in `?` are left out where they are empty, those that end in `~` may
/// be left out; a field that is called like a kind is an object of that kind, or a list of them.
const LAYOUT: [(&str, &str); 12] = [
    (
        "",
        "version created_at connector host port server_version server_version_num pg_dump_version? cluster_system_identifier? \
         in_recovery database? dump_format options? cluster_config? roles? tablespaces? databases?",
    ),
    ("options", "schema_only data_only compress"),
    (
        "cluster_config",
        "data_directory? timezone? max_connections? wal_level? server_encoding? data_checksums block_size? wal_block_size? \
         shared_preload_libraries? lc_collate? lc_ctype? archive_mode? archive_command_set",
    ),
    (
        "roles",
        "name superuser replication can_login create_db create_role inherit bypass_rls connection_limit valid_until member_of?",
    ),
    ("tablespaces", "name owner location options?"),
    (
        "databases",
        "name owner encoding collate ctype allow_conn is_template default_tablespace? connection_limit lsn? snapshot_time? \
         extensions? schemas? relations?",
    ),
    ("extensions", "name version schema"),
    ("schemas", "name owner"),
    (
        "relations",
        "schema name owner persistence kind tablespace? row_estimate live_row_estimate bytes~ column_count has_primary_key has_triggers \
         rls_enabled rls_forced is_partition partition_parent? partition_strategy? storage_options? last_vacuum last_analyze \
         columns? constraints? indexes?",
    ),
    ("relations/columns", "position name type nullable default?"),
    ("constraints", "name type columns?"),
    (
        "indexes",
        "name method definition? is_unique is_primary is_valid is_partial constraint_name?",
    ),
];

/// The kind of the objects in a field of an object of the kind `of`; `None` where the field holds plain values.
fn kind_of(of: &str, field: &str) -> Option<&'static str> {
    let qualified = format!("{of}/{field}");
    let plain = ["columns", "options"].contains(&field) && !of.is_empty();
    let mut kinds = LAYOUT.iter().map(|(kind, _)| *kind);
    kinds.find(|kind| *kind == qualified || (*kind == field && !plain))
}

/// When a field is left out.
#[derive(Clone, Copy, PartialEq)]
enum LeftOut {
    Never,
    WhereEmpty,
    AtWill,
}

fn fields_of(kind: &str) -> Result<impl Iterator<Item = (&'static str, LeftOut)>> {
    let found = LAYOUT.iter().find(|(name, _)| *name == kind);
    let (_, fields) = found.with_context(|| format!("no kind {kind:?}"))?;
    Ok(fields.split_whitespace().map(|field| {
        match (field.strip_suffix('?'), field.strip_suffix('~')) {
            (Some(field), _) => (field, LeftOut::WhereEmpty),
            (_, Some(field)) => (field, LeftOut::AtWill),
            _ => (field, LeftOut::Never),
        }
    }))
}

/// Whether a field with this value is left out if it may be.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(_) => false,
    }
}

/// An error unless the manifest has the fields of the layout, all of them but for empty ones, in the layout's order.
pub(crate) fn expect_layout(manifest: &Value) -> Result<()> {
    expect_layout_of("", manifest)
}

fn expect_layout_of(kind: &str, value: &Value) -> Result<()> {
    let object = value
        .as_object()
        .with_context(|| format!("{kind}: no object but {value}"))?;
    let mut expected = Vec::new();
    for (field, left_out) in fields_of(kind)? {
        if let Some(value) = object.get(field) {
            ensure!(
                left_out != LeftOut::WhereEmpty || !is_empty(value),
                "{kind}: {field} is there and empty"
            );
        }
        if object.contains_key(field) || left_out == LeftOut::Never {
            expected.push(field);
        }
    }
    let found: Vec<_> = object.keys().map(String::as_str).collect();
    ensure!(
        found == expected,
        "{kind}: fields {found:?} where {expected:?} is right"
    );
    for (field, value) in object {
        let Some(inner) = kind_of(kind, field) else {
            continue;
        };
        match value {
            Value::Array(list) => list
                .iter()
                .try_for_each(|item| expect_layout_of(inner, item))?,
            value => expect_layout_of(inner, value)?,
        }
    }
    Ok(())
}

/// Takes out of `value`, an object of this kind or a list of them, what the layout leaves out.
pub(crate) fn leave_out_empty(kind: &str, value: &mut Value) -> Result<()> {
    match value {
        Value::Array(list) => list
            .iter_mut()
            .try_for_each(|item| leave_out_empty(kind, item)),
        Value::Object(object) => {
            for (field, left_out) in fields_of(kind)? {
                let Some(value) = object.get_mut(field) else {
                    continue;
                };
                if left_out == LeftOut::WhereEmpty && is_empty(value) {
                    object.shift_remove(field);
                } else if let Some(inner) = kind_of(kind, field) {
                    leave_out_empty(inner, value)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[test]
fn the_layout_is_that_of_a_manifest_of_the_go_plugin() -> Result<()> {
    let golden = include_str!("../../fixtures/plakar/manifest.json");
    let mut golden: Value = serde_json::from_str(golden)?;
    expect_layout(&golden)?;
    // And it is looked at in depth.
    for place in [
        "/roles/0",
        "/databases/0/relations/0/columns/0",
        "/databases/0/relations/0/indexes/0",
    ] {
        let mut wrong = golden.clone();
        wrong.pointer_mut(place).with_context(|| place.to_owned())?["extra"] = 1.into();
        ensure!(
            expect_layout(&wrong).is_err(),
            "an extra field of {place} goes unnoticed"
        );
    }
    golden["roles"] = Value::Array(Vec::new());
    ensure!(
        expect_layout(&golden).is_err(),
        "an empty list goes unnoticed"
    );
    Ok(())
}

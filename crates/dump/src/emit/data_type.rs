//! Data types.

use bstr::{BStr, BString};
use pgark_archive::{Section, TocEntry};
use pgark_catalog::{CatalogId, DataType, catalog_oid};
use pgark_sql::acl::ObjectKind;
use pgark_sql::{put, text};

use super::Emitter;
use super::acl::AclOf;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId, Object};

impl Emitter<'_> {
    pub(super) fn emit_type(&mut self, id: NodeId, place: usize) -> Result<()> {
        let data_type = &self.catalog().types[place];
        if data_type.is_row_type() || data_type.is_generated() {
            return Ok(());
        }
        let name = self.qualified(data_type.schema, &data_type.name)?;
        let create = match data_type.kind {
            b'e' => self.enum_definition(data_type, &name),
            b'c' => self.composite_definition(data_type, &name)?,
            b'd' => self.domain_definition(id, data_type, &name)?,
            b'r' => self.range_definition(id, data_type, &name)?,
            b'b' => self.base_type_definition(id, data_type, &name)?,
            // A type of which no more is known than that it is to be; or the system's, of which only privileges are written.
            _ => text!("CREATE TYPE ", name, ";\n"),
        };
        let desc = if data_type.kind == b'd' {
            "DOMAIN"
        } else {
            "TYPE"
        };
        // Its functions need it as it needs them.
        let cascade = if data_type.kind == b'b' {
            " CASCADE"
        } else {
            ""
        };
        let schema = self.schema_name(data_type.schema)?;
        let owner = self.role_name(data_type.owner)?;
        if self.is_wanted(id, Components::DEFINITION) {
            self.push(TocEntry {
                tag: Some(data_type.name.clone()),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(text!("DROP ", desc, " ", name, cascade, ";\n")),
                ..self.entry(id, desc, Section::PreData)
            });
        }
        let name = self.quoter.ident(&data_type.name);
        let on = CommentOn {
            kind: desc.into(),
            name: name.clone(),
            schema: Some(schema),
            owner,
            initial: None,
        };
        self.emit_comment(id, &on);
        self.emit_security_label(id, &on);
        self.emit_acl(
            id,
            &AclOf {
                kind: ObjectKind::Type,
                name: &name,
                schema: Some(schema),
                owner,
                acl: &data_type.acl,
            },
        )?;
        if data_type.kind == b'c' {
            self.emit_attribute_comments(id, data_type, schema, owner);
        }
        if data_type.kind == b'd' {
            self.emit_domain_comments(id, data_type, schema, owner);
        }
        Ok(())
    }

    /// A type that so far has but a name, for functions of it to be made.
    pub(super) fn emit_shell_type(&mut self, id: NodeId, place: usize) -> Result<()> {
        let data_type = &self.catalog().types[place];
        if self.is_wanted(id, Components::DEFINITION) {
            self.push(TocEntry {
                tag: Some(data_type.name.clone()),
                namespace: Some(self.schema_name(data_type.schema)?.clone()),
                owner: Some(self.role_name(data_type.owner)?.into()),
                defn: Some(text!(
                    "CREATE TYPE ",
                    self.qualified(data_type.schema, &data_type.name)?,
                    ";\n"
                )),
                ..self.entry(id, "SHELL TYPE", Section::PreData)
            });
        }
        Ok(())
    }

    fn enum_definition(&self, data_type: &DataType, name: &BString) -> BString {
        let labels = self
            .definitions
            .enums
            .get(&data_type.id.oid)
            .into_iter()
            .flatten();
        let labels = labels.map(|label| text!("\n    ", self.quoter.literal(label)));
        text!(
            "CREATE TYPE ",
            name,
            " AS ENUM (",
            bstr::join(",", labels),
            "\n);\n"
        )
    }

    fn composite_definition(&self, data_type: &DataType, name: &BString) -> Result<BString> {
        let mut create = text!("CREATE TYPE ", name, " AS (");
        for (i, attribute) in self
            .definitions
            .composites
            .get(&data_type.id.oid)
            .into_iter()
            .flatten()
            .enumerate()
        {
            put!(
                create,
                if i == 0 { "\n\t" } else { ",\n\t" },
                self.quoter.ident(&attribute.name),
                " ",
                attribute.type_name
            );
            if let Some(collation) = self.collation(attribute.collation)? {
                put!(create, " COLLATE ", collation);
            }
        }
        put!(create, "\n);\n");
        Ok(create)
    }

    fn domain_definition(
        &self,
        id: NodeId,
        data_type: &DataType,
        name: &BString,
    ) -> Result<BString> {
        let domain = self.defined(id, self.definitions.domains.get(&data_type.id.oid))?;
        let mut create = text!("CREATE DOMAIN ", name, " AS ", domain.base_type);
        if let Some(collation) = self.collation(domain.collation)? {
            put!(create, " COLLATE ", collation);
        }
        let constraints = || {
            let places = self.details().domain_constraints_of(data_type.id.oid);
            places.map(|place| {
                (
                    &self.details().domain_constraints[place],
                    self.is_domain_constraint_separate(place),
                )
            })
        };
        if domain.is_not_null {
            match constraints().find(|(constraint, _)| constraint.kind == b'n') {
                None => put!(create, " NOT NULL"),
                Some((_, true)) => {}
                Some((constraint, _)) if constraint.name == text!(data_type.name, "_not_null") => {
                    put!(create, " NOT NULL")
                }
                Some((constraint, _)) => {
                    put!(
                        create,
                        " CONSTRAINT ",
                        self.quoter.ident(&constraint.name),
                        " ",
                        constraint.definition
                    );
                }
            }
        }
        if let Some(default) = &domain.default {
            put!(create, " DEFAULT ", default);
        } else if let Some(default) = &domain.default_literal {
            put!(create, " DEFAULT ", self.quoter.literal(default));
        }
        for (constraint, is_separate) in constraints() {
            if constraint.kind == b'c' && !is_separate {
                put!(
                    create,
                    "\n\tCONSTRAINT ",
                    self.quoter.ident(&constraint.name),
                    " ",
                    constraint.definition
                );
            }
        }
        put!(create, ";\n");
        Ok(create)
    }

    fn range_definition(
        &self,
        id: NodeId,
        data_type: &DataType,
        name: &BString,
    ) -> Result<BString> {
        let range = self.defined(id, self.definitions.ranges.get(&data_type.id.oid))?;
        let mut create = text!(
            "CREATE TYPE ",
            name,
            " AS RANGE (\n    subtype = ",
            range.subtype
        );
        if let Some(multirange) = &range.multirange {
            put!(create, ",\n    multirange_type_name = ", multirange);
        }
        if let Some((schema, class)) = &range.operator_class {
            put!(
                create,
                ",\n    subtype_opclass = ",
                self.quoter.qualified(Some(schema), class)
            );
        }
        if let Some(collation) = self.collation(range.collation)? {
            put!(create, ",\n    collation = ", collation);
        }
        if range.canonical != "-" {
            put!(create, ",\n    canonical = ", range.canonical);
        }
        if range.subtype_diff != "-" {
            put!(create, ",\n    subtype_diff = ", range.subtype_diff);
        }
        put!(create, "\n);\n");
        Ok(create)
    }

    /// The comments on a composite type's attributes, which the catalogues keep with the type's relation. Their security labels are
    /// written too, which pg_dump forgets.
    fn emit_attribute_comments(
        &mut self,
        id: NodeId,
        data_type: &DataType,
        schema: &BString,
        owner: &BStr,
    ) {
        let relation = CatalogId {
            table: catalog_oid::CLASS,
            oid: data_type.relation,
        };
        let definitions = self.definitions;
        let attributes = definitions.composites.get(&data_type.id.oid);
        for attribute in attributes.into_iter().flatten() {
            let on = CommentOn {
                kind: "COLUMN".into(),
                name: text!(
                    self.quoter.ident(&data_type.name),
                    ".",
                    self.quoter.ident(&attribute.name)
                ),
                schema: Some(schema),
                owner,
                initial: None,
            };
            if self.is_wanted(id, Components::COMMENT) {
                self.emit_comment_of(relation, attribute.number, id.dump_id(), &on);
            }
            if self.is_wanted(id, Components::SECURITY_LABEL) {
                self.emit_security_label_of(relation, attribute.number, id.dump_id(), &on);
            }
        }
    }

    /// The comments on the constraints that are part of a domain: CHECKs by name, NOT NULL last.
    fn emit_domain_comments(
        &mut self,
        id: NodeId,
        data_type: &DataType,
        schema: &BString,
        owner: &BStr,
    ) {
        let details = self.details();
        let mut places: Vec<usize> = details.domain_constraints_of(data_type.id.oid).collect();
        places.sort_by_key(|place| details.domain_constraints[*place].kind == b'n');
        for place in places {
            let Some(node) = self.plan.find(Object::DomainConstraint(place)) else {
                continue;
            };
            if !self.plan.node(node).is_separate && self.is_wanted(node, Components::COMMENT) {
                self.emit_domain_constraint_comment(node, place, id, data_type, schema, owner);
            }
        }
    }

    /// The comment on a domain's constraint, for an entry that depends on `after`.
    pub(super) fn emit_domain_constraint_comment(
        &mut self,
        node: NodeId,
        place: usize,
        after: NodeId,
        domain: &DataType,
        schema: &BString,
        owner: &BStr,
    ) {
        let constraint = &self.details().domain_constraints[place];
        self.emit_comment_of(
            self.plan.node(node).id,
            0,
            after.dump_id(),
            &CommentOn {
                kind: text!(
                    "CONSTRAINT ",
                    self.quoter.ident(&constraint.name),
                    " ON DOMAIN"
                ),
                name: self.quoter.ident(&domain.name),
                schema: Some(schema),
                owner,
                initial: None,
            },
        );
    }

    fn is_domain_constraint_separate(&self, place: usize) -> bool {
        self.plan
            .find(Object::DomainConstraint(place))
            .is_some_and(|node| self.plan.node(node).is_separate)
    }
}

#[cfg(test)]
mod tests;

//! Functions and procedures.

use bstr::{BString, ByteSlice};
use pgark_archive::{Section, TocEntry};
use pgark_catalog::FunctionDefinition;
use pgark_sql::acl::ObjectKind;
use pgark_sql::{Setting, put, text};

use super::Emitter;
use super::acl::AclOf;
use super::comment::CommentOn;
use crate::error::Result;
use crate::plan::{Components, NodeId};

impl Emitter<'_> {
    pub(super) fn emit_function(&mut self, id: NodeId, place: usize) -> Result<()> {
        let function = &self.catalog().functions[place];
        let definition = self.defined(id, self.definitions.functions.get(&function.id.oid))?;
        let schema = self.schema_name(function.schema)?;
        let owner = self.role_name(function.owner)?;
        let kind = if definition.kind == b'p' {
            ObjectKind::Procedure
        } else {
            ObjectKind::Function
        };
        let name = self.quoter.ident(&function.name);
        let signature = text!(name, "(", definition.identity_arguments, ")");
        let qualified = text!(self.quoter.ident(schema), ".", signature);
        if self.is_wanted(id, Components::DEFINITION) {
            let mut create = text!(
                "CREATE ",
                kind.as_str(),
                " ",
                self.quoter.ident(schema),
                ".",
                name,
                "(",
                definition.arguments,
                ")"
            );
            self.put_properties(&mut create, definition);
            for setting in &definition.settings {
                let setting = self.sql(id, Setting::parse(setting))?;
                let values = setting
                    .values
                    .iter()
                    .map(|value| self.quoter.literal(value));
                put!(
                    create,
                    "\n    SET ",
                    self.quoter.ident(&setting.name),
                    " TO ",
                    bstr::join(", ", values)
                );
            }
            put!(create, "\n    ", self.body(definition), ";\n");
            put!(
                create,
                self.depends_on_extension(id, kind.as_str(), &qualified)
            );
            let is_postponed = self.plan.node(id).is_postponed;
            self.push(TocEntry {
                tag: Some(text!(
                    function.name,
                    "(",
                    bstr::join(", ", &definition.argument_types),
                    ")"
                )),
                namespace: Some(schema.clone()),
                owner: Some(owner.into()),
                defn: Some(create),
                drop_stmt: Some(text!("DROP ", kind.as_str(), " ", qualified, ";\n")),
                ..self.entry(
                    id,
                    kind.as_str(),
                    if is_postponed {
                        Section::PostData
                    } else {
                        Section::PreData
                    },
                )
            });
        }
        let on = CommentOn {
            kind: kind.as_str().into(),
            name: signature.clone(),
            schema: Some(schema),
            owner,
            initial: None,
        };
        self.emit_comment(id, &on);
        self.emit_security_label(id, &on);
        self.emit_acl(
            id,
            &AclOf {
                kind,
                name: &signature,
                schema: Some(schema),
                owner,
                acl: &function.acl,
            },
        )?;
        Ok(())
    }

    /// Everything between the arguments and the settings.
    fn put_properties(&self, create: &mut BString, definition: &FunctionDefinition) {
        if let Some(result) = definition
            .result
            .as_ref()
            .filter(|_| definition.kind != b'p')
        {
            put!(create, " RETURNS ", result);
        }
        put!(
            create,
            "\n    LANGUAGE ",
            self.quoter.ident(&definition.language)
        );
        for (i, type_name) in definition.transforms.iter().enumerate() {
            put!(
                create,
                if i == 0 { " TRANSFORM " } else { ", " },
                "FOR TYPE ",
                type_name
            );
        }
        if definition.kind == b'w' {
            put!(create, " WINDOW");
        }
        match definition.volatility {
            b'i' => put!(create, " IMMUTABLE"),
            b's' => put!(create, " STABLE"),
            _ => {}
        }
        if definition.is_strict {
            put!(create, " STRICT");
        }
        if definition.is_security_definer {
            put!(create, " SECURITY DEFINER");
        }
        if definition.is_leakproof {
            put!(create, " LEAKPROOF");
        }
        // The costs that CREATE FUNCTION assumes; 0 is what it was before there were any.
        let usual_cost = if definition.language == "internal" || definition.language == "c" {
            "1"
        } else {
            "100"
        };
        if definition.cost != "0" && definition.cost != usual_cost {
            put!(create, " COST ", definition.cost);
        }
        if definition.returns_set && definition.rows != "0" && definition.rows != "1000" {
            put!(create, " ROWS ", definition.rows);
        }
        if definition.support != "-" {
            put!(create, " SUPPORT ", definition.support);
        }
        match definition.parallel {
            b's' => put!(create, " PARALLEL SAFE"),
            b'r' => put!(create, " PARALLEL RESTRICTED"),
            _ => {}
        }
    }

    /// The body: parsed SQL, the names of object file and symbol, or source text.
    fn body(&self, definition: &FunctionDefinition) -> BString {
        if let Some(body) = &definition.sql_body {
            return body.clone();
        }
        let source = &definition.source;
        let Some(binary) = definition
            .binary
            .as_ref()
            .filter(|binary| !binary.is_empty())
        else {
            return text!("AS ", self.quoter.dollar_literal(source, None));
        };
        let mut body = text!("AS ", self.quoter.literal(binary));
        if !source.is_empty() {
            let is_plain = source.find_byteset(b"'\\").is_none();
            put!(
                body,
                ", ",
                if is_plain {
                    self.quoter.literal(source)
                } else {
                    self.quoter.dollar_literal(source, None)
                }
            );
        }
        body
    }
}

#[cfg(test)]
mod tests;

//! Every object of a database by identity.

use std::collections::HashMap;

use futures_util::future::try_join;
use pgark_connect::Session;

use crate::access_method::AccessMethod;
use crate::cast::Cast;
use crate::collation::Collation;
use crate::comment::Comments;
use crate::conversion::Conversion;
use crate::data_type::DataType;
use crate::database::Database;
use crate::default_acl::DefaultAcl;
use crate::depend::Dependency;
use crate::error::{Error, Result};
use crate::event_trigger::EventTrigger;
use crate::extension::{self, Extension, Members};
use crate::foreign_data_wrapper::ForeignDataWrapper;
use crate::foreign_server::ForeignServer;
use crate::function::Function;
use crate::language::Language;
use crate::large_object::LargeObjects;
use crate::oid::{CatalogId, Oid};
use crate::operator::Operator;
use crate::operator_class::OperatorClass;
use crate::operator_family::OperatorFamily;
use crate::privilege::{ColumnPrivileges, InitialPrivileges};
use crate::publication::Publication;
use crate::publication_member::PublicationMember;
use crate::relation::{self, Inheritance, Relation, RelationKind};
use crate::role::Roles;
use crate::rule::{self, Rule};
use crate::schema::Schema;
use crate::security_label::SecurityLabels;
use crate::server::Server;
use crate::sessions::Sessions;
use crate::statistics::Statistics;
use crate::subscription::{self, Subscription};
use crate::text_search_configuration::TextSearchConfiguration;
use crate::text_search_dictionary::TextSearchDictionary;
use crate::text_search_parser::TextSearchParser;
use crate::text_search_template::TextSearchTemplate;
use crate::transform::Transform;
use crate::user_mapping::UserMapping;

/// Every object of one database: identity, owner, privileges, dependencies.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// The server.
    pub server: Server,
    /// All roles.
    pub roles: Roles,
    /// The database.
    pub database: Database,
    /// Extensions.
    pub extensions: Vec<Extension>,
    /// Foreign keys to tables of extensions: table and referenced table.
    pub extension_foreign_keys: Vec<(Oid, Oid)>,
    /// What belongs to an extension.
    pub members: Members,
    /// Schemas, the system's included.
    pub schemas: Vec<Schema>,
    /// Relations, ordered by OID, the system's included.
    pub relations: Vec<Relation>,
    /// Functions and procedures.
    pub functions: Vec<Function>,
    /// Data types, the system's included.
    pub types: Vec<DataType>,
    /// Procedural languages.
    pub languages: Vec<Language>,
    /// Aggregates.
    pub aggregates: Vec<Function>,
    /// Operators, the system's included.
    pub operators: Vec<Operator>,
    /// Access methods, the system's included.
    pub access_methods: Vec<AccessMethod>,
    /// Operator classes, the system's included.
    pub operator_classes: Vec<OperatorClass>,
    /// Operator families, the system's included.
    pub operator_families: Vec<OperatorFamily>,
    /// Collations, the system's included.
    pub collations: Vec<Collation>,
    /// Conversions, the system's included.
    pub conversions: Vec<Conversion>,
    /// Casts, the system's included, ordered by type.
    pub casts: Vec<Cast>,
    /// Transforms, ordered by type and language.
    pub transforms: Vec<Transform>,
    /// Text search parsers, the system's included.
    pub text_search_parsers: Vec<TextSearchParser>,
    /// Text search templates, the system's included.
    pub text_search_templates: Vec<TextSearchTemplate>,
    /// Text search dictionaries, the system's included.
    pub text_search_dictionaries: Vec<TextSearchDictionary>,
    /// Text search configurations, the system's included.
    pub text_search_configurations: Vec<TextSearchConfiguration>,
    /// Foreign-data wrappers.
    pub foreign_data_wrappers: Vec<ForeignDataWrapper>,
    /// Foreign servers.
    pub foreign_servers: Vec<ForeignServer>,
    /// User mappings, ordered by server and user.
    pub user_mappings: Vec<UserMapping>,
    /// Large objects.
    pub large_objects: Vec<LargeObjects>,
    /// Event triggers.
    pub event_triggers: Vec<EventTrigger>,
    /// Publications.
    pub publications: Vec<Publication>,
    /// Tables in publications.
    pub publication_tables: Vec<PublicationMember>,
    /// Schemas whose tables are in publications.
    pub publication_schemas: Vec<PublicationMember>,
    /// Subscriptions, none if they are hidden.
    pub subscriptions: Vec<Subscription>,
    /// How many subscriptions the database has that the role may not read, since only a superuser may see how they connect.
    pub hidden_subscriptions: u64,
    /// Default privileges.
    pub default_acls: Vec<DefaultAcl>,
    /// Who inherits from whom.
    pub inheritance: Vec<Inheritance>,
    /// Partitioned tables whose rows may land in other partitions after a restore.
    pub unsafe_partitioned: Vec<Oid>,
    /// Extended statistics.
    pub statistics: Vec<Statistics>,
    /// Rewrite rules.
    pub rules: Vec<Rule>,
    /// Which materialized views read which others.
    pub refresh_order: Vec<(Oid, Oid)>,
    /// What depends on what.
    pub dependencies: Vec<Dependency>,
    /// Privileges that objects had from the start.
    pub initial_privileges: Vec<InitialPrivileges>,
    /// Privileges of columns, ordered by relation and column.
    pub column_privileges: Vec<ColumnPrivileges>,
    /// Comments.
    pub comments: Comments,
    /// Security labels.
    pub security_labels: SecurityLabels,
    schemas_by_oid: HashMap<Oid, usize>,
    types_by_oid: HashMap<Oid, usize>,
    operators_by_oid: HashMap<Oid, usize>,
    collations_by_oid: HashMap<Oid, usize>,
}

impl Catalog {
    /// Reads the skeleton of the database that the sessions are connected to.
    ///
    /// The sessions must be in transactions that keep one snapshot. `allow_newer` is that of [`Server::fetch`]. Not cancel safe: a dropped
    /// future leaves the sessions broken.
    ///
    /// # Errors
    /// [`Error::Version`] for a server that pgark does not know; else what the server said.
    pub async fn fetch(sessions: &mut Sessions, allow_newer: bool) -> Result<Self> {
        // Before anything else, which an unknown server may not understand.
        let server = Server::fetch(&mut sessions.first, allow_newer).await?;
        let first = &mut sessions.first;
        let (objects, links) = match sessions.others.first_mut() {
            None => {
                let links = Links::fetch(first, &server).await?;
                (Self::fetch_objects(first, &server).await?, links)
            }
            Some(second) => {
                let links = Links::fetch(second, &server);
                try_join(Self::fetch_objects(first, &server), links).await?
            }
        };
        let mut catalog = Self { server, ..objects }.linked(links);
        if catalog
            .relations
            .iter()
            .any(|relation| relation.kind == RelationKind::MaterializedView)
        {
            catalog.refresh_order = rule::fetch_refresh_order(first).await?;
        }
        Ok(catalog)
    }

    /// Reads the objects by themselves.
    async fn fetch_objects(session: &mut Session, server: &Server) -> Result<Self> {
        let roles = Roles::fetch(session).await?;
        let extensions = Extension::fetch(session).await?;
        let members = extension::fetch_members(session, &extensions).await?;
        let has_config_tables =
            (extensions.iter()).any(|extension| !extension.config_tables.is_empty());
        let schemas = Schema::fetch(session).await?;
        let relations = Relation::fetch(session).await?;
        let is_superuser = session
            .parameter("is_superuser")
            .is_some_and(|value| value == "on");
        let (subscriptions, hidden_subscriptions) = if is_superuser {
            (Subscription::fetch(session, server).await?, 0)
        } else {
            let hidden = subscription::count_subscriptions(session, server).await?;
            (Vec::new(), hidden)
        };
        let types = DataType::fetch(session, &relations).await?;
        let initial_privileges = InitialPrivileges::fetch(session).await?;
        let casts = Cast::fetch(session, server).await?;
        let transforms = Transform::fetch(session, server).await?;
        let has_casts = casts.iter().any(|cast| !cast.id.oid.is_builtin());
        let are_used = has_casts || !transforms.is_empty();
        let (functions, aggregates) =
            Function::fetch(session, &initial_privileges, are_used).await?;
        Ok(Self {
            functions,
            aggregates,
            languages: Language::fetch(session).await?,
            large_objects: LargeObjects::fetch(session, server).await?,
            operators: Operator::fetch(session).await?,
            access_methods: AccessMethod::fetch(session).await?,
            operator_classes: OperatorClass::fetch(session).await?,
            operator_families: OperatorFamily::fetch(session).await?,
            collations: Collation::fetch(session).await?,
            conversions: Conversion::fetch(session).await?,
            casts,
            transforms,
            text_search_parsers: TextSearchParser::fetch(session).await?,
            text_search_templates: TextSearchTemplate::fetch(session).await?,
            text_search_dictionaries: TextSearchDictionary::fetch(session).await?,
            text_search_configurations: TextSearchConfiguration::fetch(session).await?,
            foreign_data_wrappers: ForeignDataWrapper::fetch(session, server).await?,
            foreign_servers: ForeignServer::fetch(session, server).await?,
            user_mappings: UserMapping::fetch(session, server).await?,
            default_acls: DefaultAcl::fetch(session, server).await?,
            extension_foreign_keys: if has_config_tables {
                extension::fetch_foreign_keys(session).await?
            } else {
                Vec::new()
            },
            unsafe_partitioned: relation::fetch_unsafe_partitioned(session, server).await?,
            statistics: Statistics::fetch(session, server).await?,
            rules: Rule::fetch(session).await?,
            event_triggers: EventTrigger::fetch(session, server).await?,
            publications: Publication::fetch(session, server).await?,
            publication_tables: PublicationMember::fetch_tables(session, server).await?,
            publication_schemas: PublicationMember::fetch_schemas(session, server).await?,
            database: Database::fetch(session, server).await?,
            column_privileges: ColumnPrivileges::fetch(session, &initial_privileges).await?,
            initial_privileges,
            roles,
            extensions,
            members,
            schemas,
            relations,
            types,
            subscriptions,
            hidden_subscriptions,
            ..Self::default()
        }
        .indexed())
    }

    fn linked(self, links: Links) -> Self {
        let Links {
            inheritance,
            dependencies,
            comments,
            security_labels,
        } = links;
        Self {
            inheritance,
            dependencies,
            comments,
            security_labels,
            ..self
        }
    }

    /// Finds objects by OID again after the lists were changed. Only a catalogue that is put together by hand, as in tests, needs it.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        self.schemas_by_oid = places(self.schemas.iter().map(|schema| schema.id));
        self.types_by_oid = places(self.types.iter().map(|data_type| data_type.id));
        self.operators_by_oid = places(self.operators.iter().map(|operator| operator.id));
        self.collations_by_oid = places(self.collations.iter().map(|collation| collation.id));
        self
    }

    /// The place of a schema in [`Self::schemas`].
    pub fn schema_index(&self, oid: Oid) -> Option<usize> {
        self.schemas_by_oid.get(&oid).copied()
    }

    /// A schema by OID.
    ///
    /// # Errors
    /// [`Error::Dangling`] when it is not there.
    pub fn schema(&self, oid: Oid) -> Result<&Schema> {
        self.schema_index(oid)
            .and_then(|i| self.schemas.get(i))
            .ok_or_else(|| Error::Dangling {
                what: "an object".into(),
                target: "schema",
                oid: oid.0,
            })
    }

    /// The place of a relation in [`Self::relations`].
    pub fn relation_index(&self, oid: Oid) -> Option<usize> {
        self.relations
            .binary_search_by_key(&oid, |relation| relation.id.oid)
            .ok()
    }

    /// A relation by OID.
    pub fn relation(&self, oid: Oid) -> Option<&Relation> {
        self.relation_index(oid).and_then(|i| self.relations.get(i))
    }

    /// The place of a data type in [`Self::types`].
    pub fn type_index(&self, oid: Oid) -> Option<usize> {
        self.types_by_oid.get(&oid).copied()
    }

    /// An operator by OID.
    pub fn operator(&self, oid: Oid) -> Option<&Operator> {
        self.operators.get(*self.operators_by_oid.get(&oid)?)
    }

    /// A collation by OID.
    pub fn collation(&self, oid: Oid) -> Option<&Collation> {
        self.collations.get(*self.collations_by_oid.get(&oid)?)
    }
}

/// The places of objects in their list, by OID.
fn places(ids: impl Iterator<Item = CatalogId>) -> HashMap<Oid, usize> {
    ids.enumerate().map(|(place, id)| (id.oid, place)).collect()
}

/// What is said of objects, and of one with another, in catalogues of their own.
struct Links {
    inheritance: Vec<Inheritance>,
    dependencies: Vec<Dependency>,
    comments: Comments,
    security_labels: SecurityLabels,
}

impl Links {
    async fn fetch(session: &mut Session, server: &Server) -> Result<Self> {
        Ok(Self {
            inheritance: Inheritance::fetch(session, server).await?,
            dependencies: Dependency::fetch(session).await?,
            comments: Comments::fetch(session).await?,
            security_labels: SecurityLabels::fetch(session, server).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Catalog;
    use crate::oid::{CatalogId, Oid};
    use crate::privilege::Acl;
    use crate::role::Roles;
    use crate::schema::Schema;

    fn schema(oid: u32, name: &str) -> Schema {
        Schema {
            id: CatalogId {
                table: Oid(2615),
                oid: Oid(oid),
            },
            name: name.into(),
            owner: Oid(10),
            acl: Acl::default(),
        }
    }

    #[test]
    fn schemas_are_found_once_the_catalogue_is_indexed() {
        let catalog = Catalog {
            schemas: vec![schema(30, "z"), schema(20, "a")],
            ..Catalog::default()
        };
        assert_eq!(catalog.schema_index(Oid(20)), None);
        let catalog = catalog.indexed();
        assert_eq!(catalog.schema_index(Oid(30)), Some(0));
        assert_eq!(catalog.schema(Oid(20)).unwrap().name, "a");
        assert_eq!(
            catalog.schema(Oid(25)).unwrap_err().to_string(),
            "an object refers to schema with OID 25, which does not exist"
        );
        assert!(catalog.relation(Oid(20)).is_none() && catalog.type_index(Oid(20)).is_none());
    }

    #[test]
    fn a_role_that_is_gone_is_an_error() {
        let roles = Roles::new([(Oid(10), "alice".into())]);
        assert_eq!(roles.name(Oid(10)).unwrap(), "alice");
        assert_eq!(
            roles.name(Oid(11)).unwrap_err().to_string(),
            "an owner refers to role with OID 11, which does not exist"
        );
    }
}

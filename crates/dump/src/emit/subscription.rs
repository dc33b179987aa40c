//! Subscriptions.

use bstr::BString;
use pgark_archive::Section;
use pgark_catalog::Subscription;
use pgark_sql::{put, text};

use super::Emitter;
use super::named::Named;
use crate::error::Result;
use crate::plan::NodeId;

impl Emitter<'_> {
    pub(super) fn emit_subscription(&mut self, id: NodeId, place: usize) -> Result<()> {
        let subscription = &self.catalog().subscriptions[place];
        let name = self.quoter.ident(&subscription.name);
        let owner = self.role_name(subscription.owner)?;
        let create = self.subscription_definition(subscription, &name);
        let named = Named {
            kind: "SUBSCRIPTION",
            tag: subscription.name.clone(),
            identity: name,
            schema: None,
            owner: Some(owner),
        };
        self.emit_named_in(Section::PostData, id, &named, create);
        Ok(())
    }

    /// The subscription does not connect when it is restored: the publisher may be elsewhere, and the slot is there already.
    fn subscription_definition(&self, subscription: &Subscription, name: &BString) -> BString {
        let publications = subscription.publications.iter();
        let publications = publications.map(|publication| self.quoter.ident(publication));
        let slot = match &subscription.slot {
            Some(slot) => self.quoter.literal(slot),
            None => "NONE".into(),
        };
        let mut create = text!(
            "CREATE SUBSCRIPTION ",
            name,
            " CONNECTION ",
            self.quoter.literal(subscription.conninfo.expose()),
            " PUBLICATION ",
            bstr::join(", ", publications),
            " WITH (connect = false, slot_name = ",
            slot
        );
        let streaming = match subscription.streaming {
            b't' => Some("on"),
            b'p' => Some("parallel"),
            _ => self.dialect.streams_by_default().then_some("off"),
        };
        if subscription.binary {
            put!(create, ", binary = true");
        }
        if let Some(streaming) = streaming {
            put!(create, ", streaming = ", streaming);
        }
        let options = [
            (subscription.two_phase != b'd', "two_phase = on"),
            (subscription.disable_on_error, "disable_on_error = true"),
            (!subscription.password_required, "password_required = false"),
            (subscription.run_as_owner, "run_as_owner = true"),
            (subscription.failover, "failover = true"),
        ];
        for (_, option) in options.into_iter().filter(|(is_set, _)| *is_set) {
            put!(create, ", ", option);
        }
        if subscription.synchronous_commit != "off" {
            let commit = self.quoter.ident(&subscription.synchronous_commit);
            put!(create, ", synchronous_commit = ", commit);
        }
        if !subscription.origin.eq_ignore_ascii_case(b"any") {
            put!(create, ", origin = ", subscription.origin);
        }
        put!(create, ");\n");
        create
    }
}

#[cfg(test)]
mod tests {
    use pgark_archive::Section;
    use pgark_catalog::Subscription;
    use pgark_wire::Secret;

    use crate::testing::Fixture;

    type Change = fn(&mut Subscription);

    fn statement(major: u32, change: Change) -> String {
        let mut f = Fixture::new(major);
        change(f.subscription("S"));
        f.text("SUBSCRIPTION", "S")
    }

    #[test]
    fn a_subscription_says_what_is_not_as_usual() {
        let cases: [(Change, &str); 11] = [
            (|_| {}, "'slot'"),
            (|s| s.slot = None, "NONE"),
            (|s| s.binary = true, "'slot', binary = true"),
            (|s| s.streaming = b't', "'slot', streaming = on"),
            (|s| s.streaming = b'p', "'slot', streaming = parallel"),
            (|s| s.two_phase = b'p', "'slot', two_phase = on"),
            (
                |s| s.password_required = false,
                "'slot', password_required = false",
            ),
            (
                |s| s.synchronous_commit = "on".into(),
                "'slot', synchronous_commit = \"on\"",
            ),
            (|s| s.origin = "none".into(), "'slot', origin = none"),
            (|s| s.origin = "ANY".into(), "'slot'"),
            (
                |s| {
                    (s.disable_on_error, s.run_as_owner, s.failover) = (true, true, true);
                    s.two_phase = b'e';
                },
                "'slot', two_phase = on, disable_on_error = true, run_as_owner = true, failover = true",
            ),
        ];
        for (change, expected) in cases {
            assert_eq!(
                statement(17, change),
                format!(
                    "CREATE SUBSCRIPTION \"S\" CONNECTION 'host=h' PUBLICATION p WITH (connect = false, slot_name = {expected});\n"
                )
            );
        }
        assert!(statement(18, |_| {}).ends_with("slot_name = 'slot', streaming = off);\n"));
    }

    #[test]
    fn a_subscription_tells_its_connection_to_the_archive_alone() {
        let mut f = Fixture::new(18);
        let subscription = f.subscription("S");
        subscription.conninfo = Secret::new("password=it's");
        subscription.publications = vec!["P 1".into(), "q".into()];
        assert!(!format!("{subscription:?}").contains("password=it"));
        let id = subscription.id;
        f.comment(id, 0, "why");
        f.label(id, 0, "p", "l");
        let entry = f.entry("SUBSCRIPTION", "S");
        assert!(entry.defn.unwrap().starts_with(
            b"CREATE SUBSCRIPTION \"S\" CONNECTION 'password=it''s' PUBLICATION \"P 1\", q WITH ("
        ));
        assert_eq!(entry.drop_stmt.unwrap(), "DROP SUBSCRIPTION \"S\";\n");
        assert_eq!(entry.section, Section::PostData);
        for (desc, text) in [
            ("COMMENT", "COMMENT ON SUBSCRIPTION \"S\" IS 'why';\n"),
            (
                "SECURITY LABEL",
                "SECURITY LABEL FOR p ON SUBSCRIPTION \"S\" IS 'l';\n",
            ),
        ] {
            assert_eq!(f.text(desc, "SUBSCRIPTION \"S\""), text);
        }
    }
}

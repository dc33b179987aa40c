use bstr::{BString, ByteSlice};

use crate::{Error, Result};

/// One element of an access control list: `grantee=privileges/grantor`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclItem {
    /// The role that was granted something; empty for PUBLIC.
    pub grantee: BString,
    /// What was granted, in the order of the item.
    pub privileges: Vec<Privilege>,
    /// The role that granted it.
    pub grantor: BString,
}

/// One granted privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Privilege {
    /// Its letter, such as `r` for SELECT (Table 5.1 of the manual's chapter on privileges).
    pub code: u8,
    /// Whether it may be granted further.
    pub grant_option: bool,
}

impl AclItem {
    /// Reads the text form of an aclitem (aclitemout in src/backend/utils/adt/acl.c), with names quoted or not.
    ///
    /// # Errors
    /// [`Error::AclItem`] if it is not of that form.
    pub fn parse(item: &[u8]) -> Result<Self> {
        let malformed = |problem| Error::AclItem {
            item: BString::from(item),
            problem,
        };
        let no_end = || malformed("a quoted name has no end");
        let (grantee, rest) = dequote(item).ok_or_else(no_end)?;
        let rest = rest
            .strip_prefix(b"=")
            .ok_or_else(|| malformed("it has no \"=\""))?;
        let (letters, rest) = rest
            .split_once_str("/")
            .ok_or_else(|| malformed("it has no grantor"))?;
        let (grantor, rest) = dequote(rest).ok_or_else(no_end)?;
        if !rest.is_empty() {
            return Err(malformed("something follows the grantor"));
        }
        let mut privileges: Vec<Privilege> = Vec::new();
        for letter in letters {
            match (letter, privileges.last_mut()) {
                (b'*', Some(last)) if !last.grant_option => last.grant_option = true,
                (b'a'..=b'z' | b'A'..=b'Z', _) => {
                    privileges.push(Privilege {
                        code: *letter,
                        grant_option: false,
                    });
                }
                _ => {
                    return Err(malformed(
                        "its privileges are not letters, each with at most one \"*\"",
                    ));
                }
            }
        }
        Ok(Self {
            grantee,
            privileges,
            grantor,
        })
    }
}

/// The role name at the start of `text`, which ends at a `=` outside of quotes, and what follows it; `None` if
/// a quote is not closed.
fn dequote(text: &[u8]) -> Option<(BString, &[u8])> {
    let mut name = BString::default();
    let mut rest = text;
    loop {
        match rest {
            [] | [b'=', ..] => return Some((name, rest)),
            [b'"', tail @ ..] => {
                rest = tail;
                loop {
                    match rest {
                        [b'"', b'"', tail @ ..] => {
                            name.push(b'"');
                            rest = tail;
                        }
                        [b'"', tail @ ..] => {
                            rest = tail;
                            break;
                        }
                        [byte, tail @ ..] => {
                            name.push(*byte);
                            rest = tail;
                        }
                        [] => return None,
                    }
                }
            }
            [byte, tail @ ..] => {
                name.push(*byte);
                rest = tail;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An item in the words of its three parts, privileges as letters again.
    fn parts(item: &AclItem) -> (BString, BString, BString) {
        let mut letters = BString::default();
        for privilege in &item.privileges {
            letters.push(privilege.code);
            if privilege.grant_option {
                letters.push(b'*');
            }
        }
        (item.grantee.clone(), letters, item.grantor.clone())
    }

    #[test]
    fn parts_are_told_apart() {
        let cases = [
            ("a=r/b", "a", "r", "b"),
            ("=r/b", "", "r", "b"),
            ("a=/b", "a", "", "b"),
            ("a=r*w*/b", "a", "r*w*", "b"),
            ("a=arwdDxtm/b", "a", "arwdDxtm", "b"),
            ("\"a b\"=r/\"c d\"", "a b", "r", "c d"),
            ("\"a=b/c\"=r/\"x=y/z\"", "a=b/c", "r", "x=y/z"),
            ("\"a\"\"b\"=r/\"\"\"\"", "a\"b", "r", "\""),
            ("16384=r/b", "16384", "r", "b"),
            ("zoë=U/zoë", "zoë", "U", "zoë"),
        ];
        for (text, grantee, letters, grantor) in cases {
            let item = AclItem::parse(text.as_bytes()).expect(text);
            assert_eq!(
                parts(&item),
                (grantee.into(), letters.into(), grantor.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let letters = "its privileges are not letters, each with at most one \"*\"";
        let cases = [
            ("", "it has no \"=\""),
            ("a", "it has no \"=\""),
            ("a=r", "it has no grantor"),
            ("a=r/b=c", "something follows the grantor"),
            ("\"a=r/b", "a quoted name has no end"),
            ("a=r/\"b", "a quoted name has no end"),
            ("a=*r/b", letters),
            ("a=r**/b", letters),
            ("a=r w/b", letters),
            ("a=7/b", letters),
        ];
        for (text, problem) in cases {
            let expected = Error::AclItem {
                item: BString::from(text),
                problem,
            };
            assert_eq!(AclItem::parse(text.as_bytes()), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn quoted_names_read_back(grantee: Vec<u8>, grantor: Vec<u8>) {
            let quote = |name: &[u8]| [b"\"".as_slice(), &name.replace("\"", "\"\""), b"\""].concat();
            let text = [quote(&grantee).as_slice(), b"=r*w/", &quote(&grantor)].concat();
            let item = AclItem::parse(&text).unwrap();
            prop_assert_eq!(parts(&item), (grantee.into(), "r*w".into(), grantor.into()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(text: Vec<u8>) {
            let _ = AclItem::parse(&text);
        }
    }
}

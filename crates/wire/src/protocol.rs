//! Versions of the protocol, and agreeing on one.
//!
//! Manual: "Message Flow", section "Start-up", and "Message Formats", NegotiateProtocolVersion.

use std::fmt;

use bytes::Buf;

/// A version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(i32);

impl ProtocolVersion {
    /// 3.0, which every server since 7.4 speaks.
    pub const V3_0: Self = Self(3 << 16);

    /// 3.2, of PostgreSQL 18: longer cancel keys. There never was a 3.1.
    pub const V3_2: Self = Self(3 << 16 | 2);

    /// As it stands in a startup message.
    pub(crate) const fn code(self) -> i32 {
        self.0
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 >> 16, self.0 & 0xffff)
    }
}

/// Reads a NegotiateProtocolVersion that answers a request for `wanted` without protocol options: the version to
/// go on with. Source of the rules: pqGetNegotiateProtocolVersion3, fe-protocol3.c.
pub(crate) fn negotiated(
    wanted: ProtocolVersion,
    mut body: &[u8],
) -> Result<ProtocolVersion, String> {
    let mut number = || {
        body.try_get_i32()
            .map_err(|_| String::from("malformed NegotiateProtocolVersion"))
    };
    let (version, refused) = (ProtocolVersion(number()?), number()?);
    if refused != 0 {
        return Err(format!(
            "the server refuses {refused} protocol options where none was asked for"
        ));
    }
    if (version == ProtocolVersion::V3_0 || version == ProtocolVersion::V3_2) && version < wanted {
        Ok(version)
    } else {
        Err(format!(
            "the server offers protocol {version} where {wanted} was asked for"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_may_go_down_to_a_version_that_exists() {
        const V3_1: i32 = 3 << 16 | 1;
        let (v3_0, v3_2) = (ProtocolVersion::V3_0, ProtocolVersion::V3_2);
        for (wanted, offered, refused, expected) in [
            (v3_2, v3_0.code(), 0, Some(v3_0)),
            (v3_2, v3_2.code(), 0, None),
            (v3_0, v3_0.code(), 0, None),
            (v3_0, v3_2.code(), 0, None),
            (v3_2, V3_1, 0, None),
            (v3_2, 2 << 16, 0, None),
            (v3_2, 0, 0, None),
            (v3_2, v3_0.code(), 1, None),
            (v3_2, v3_0.code(), -1, None),
        ] {
            let body = [i32::to_be_bytes(offered), i32::to_be_bytes(refused)].concat();
            assert_eq!(
                negotiated(wanted, &body).ok(),
                expected,
                "{wanted} {offered:x} {refused}"
            );
        }
        assert!(negotiated(v3_2, b"\0\0\0").is_err());
        assert_eq!(v3_2.to_string(), "3.2");
    }
}

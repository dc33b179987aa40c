//! The region in a host's name.

/// The region that the name of an RDS or Aurora host tells (`….REGION.rds.amazonaws.com`, in China with `.cn` behind).
/// `None` for any other name, such as an alias.
pub fn region(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let name = [".rds.amazonaws.com", ".rds.amazonaws.com.cn"]
        .into_iter()
        .find_map(|suffix| strip_suffix(host, suffix))?;
    let (_, region) = name.rsplit_once('.')?;
    // In a signature it is in lower case.
    (!region.is_empty()).then(|| region.to_ascii_lowercase())
}

/// As `str::strip_suffix`, whatever the case.
fn strip_suffix<'a>(host: &'a str, suffix: &str) -> Option<&'a str> {
    let (name, end) = host.split_at_checked(host.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_rds_tell_their_region() {
        for (host, expected) in [
            ("db.c1.us-east-1.rds.amazonaws.com", Some("us-east-1")),
            ("db.c1.us-east-1.rds.amazonaws.com.", Some("us-east-1")),
            ("DB.C1.US-EAST-1.RDS.AmazonAWS.com", Some("us-east-1")),
            (
                "db.cluster-ro-c1.eu-west-3.rds.amazonaws.com",
                Some("eu-west-3"),
            ),
            (
                "p.proxy-c1.us-gov-west-1.rds.amazonaws.com",
                Some("us-gov-west-1"),
            ),
            ("db.c1.cn-north-1.rds.amazonaws.com.cn", Some("cn-north-1")),
            ("us-east-1.rds.amazonaws.com", None),
            ("db..rds.amazonaws.com", None),
            ("rds.amazonaws.com", None),
            ("db.example.com", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(region(host).as_deref(), expected, "{host}");
        }
    }
}

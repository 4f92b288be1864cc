//! CWMP versions, their namespaces, and which version a session speaks (TR-069 3.7.4).

use std::fmt;
use std::str::FromStr;

/// What every CWMP namespace begins with; the minor version follows.
const NAMESPACE: &str = "urn:dslforum-org:cwmp-1-";

/// A version of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// TR-069 and Amendment 1.
    V1_0,
    /// Amendment 2.
    V1_1,
    /// Amendment 3.
    V1_2,
    /// Amendment 4.
    V1_3,
    /// Amendments 5 and 6.
    #[default]
    V1_4,
}

impl Version {
    /// All of them, oldest first.
    pub const ALL: [Version; 5] = [
        Version::V1_0,
        Version::V1_1,
        Version::V1_2,
        Version::V1_3,
        Version::V1_4,
    ];

    /// The namespace in which this version's messages are sent. There is none of its own for 1.3 and 1.4.
    pub fn namespace(self) -> Namespace {
        match self {
            Version::V1_0 => Namespace(0),
            Version::V1_1 => Namespace(1),
            Version::V1_2 | Version::V1_3 | Version::V1_4 => Namespace(2),
        }
    }

    /// Whether this version has that method: the sets are those of the schemas (VN-06), and what none of them knows, a
    /// vendor's method for one, is of no version in particular.
    pub fn has_method(self, name: &str) -> bool {
        let since = match name {
            "GetAllQueuedTransfers" | "AutonomousTransferComplete" => Version::V1_1,
            "ScheduleDownload"
            | "CancelTransfer"
            | "ChangeDUState"
            | "DUStateChangeComplete"
            | "AutonomousDUStateChangeComplete" => Version::V1_2,
            _ => Version::V1_0,
        };
        self >= since
    }

    /// What SupportedCWMPVersions says when this is the highest one offered: `1.0,1.1,1.2` and so on.
    pub fn list(self) -> String {
        let known = Self::ALL.into_iter().take_while(|version| *version <= self);
        known
            .map(|version| version.to_string())
            .collect::<Vec<_>>()
            .join(",")
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::V1_0 => "1.0",
            Version::V1_1 => "1.1",
            Version::V1_2 => "1.2",
            Version::V1_3 => "1.3",
            Version::V1_4 => "1.4",
        })
    }
}

/// A text that names no version from 1.0 to 1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownVersion;

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a CWMP version from 1.0 to 1.4")
    }
}

impl std::error::Error for UnknownVersion {}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::ALL
            .into_iter()
            .find(|version| version.to_string() == text)
            .ok_or(UnknownVersion)
    }
}

/// A namespace `urn:dslforum-org:cwmp-1-N`, by its N. Real ACSes also use 3 and 4, which no schema defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Namespace(u8);

impl Namespace {
    /// Reads a namespace URI.
    pub fn parse(uri: &str) -> Option<Self> {
        let minor = uri.strip_prefix(NAMESPACE)?;
        let canonical = minor.bytes().all(|b| b.is_ascii_digit());
        minor.parse().ok().filter(|_| canonical).map(Namespace)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAMESPACE}{}", self.0)
    }
}

/// The version of a session (table V of the checklist): what UseCWMPVersion says, else what the namespace of
/// InformResponse lets one infer, never above what was offered. `Err` when the ACS chose what was not offered.
pub fn negotiate(
    offered: Version,
    use_cwmp_version: Option<&str>,
    namespace: Option<Namespace>,
) -> Result<Version, UnknownVersion> {
    if let Some(text) = use_cwmp_version {
        let version: Version = text.trim().parse()?;
        return if version <= offered {
            Ok(version)
        } else {
            Err(UnknownVersion)
        };
    }
    let inferred = match namespace {
        Some(Namespace(0)) => Version::V1_0,
        Some(Namespace(1)) => Version::V1_1,
        Some(Namespace(3)) => Version::V1_3,
        Some(Namespace(4..)) => Version::V1_4,
        // TR-069 3.7.4: an ACS that answers in 1-2 without UseCWMPVersion knows nothing of 1.4.
        Some(Namespace(2)) | None => Version::V1_2,
    };
    Ok(inferred.min(offered))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn namespace(minor: u8) -> Option<Namespace> {
        Namespace::parse(&format!("urn:dslforum-org:cwmp-1-{minor}"))
    }

    #[test]
    fn versions_and_namespaces_have_their_texts() {
        // VN-01 VN-02
        assert_eq!(Version::V1_4.list(), "1.0,1.1,1.2,1.3,1.4");
        assert_eq!(Version::V1_0.list(), "1.0");
        for (version, uri) in [
            (Version::V1_0, "urn:dslforum-org:cwmp-1-0"),
            (Version::V1_1, "urn:dslforum-org:cwmp-1-1"),
            (Version::V1_2, "urn:dslforum-org:cwmp-1-2"),
            (Version::V1_3, "urn:dslforum-org:cwmp-1-2"),
            (Version::V1_4, "urn:dslforum-org:cwmp-1-2"),
        ] {
            assert_eq!(version.namespace().to_string(), uri);
            assert_eq!(version.to_string().parse(), Ok(version));
        }
    }

    #[test]
    fn any_minor_namespace_is_known() {
        // VN-09
        for minor in [0, 1, 2, 3, 4, 9, 255] {
            assert_eq!(namespace(minor), Some(Namespace(minor)));
        }
        for uri in [
            "",
            "urn:dslforum-org:cwmp-1-",
            "urn:dslforum-org:cwmp-1-+2",
            "urn:example",
        ] {
            assert_eq!(Namespace::parse(uri), None, "{uri}");
        }
    }

    #[test]
    fn methods_belong_to_versions() {
        // VN-06
        for (method, first) in [
            ("Inform", 0),
            ("SetVouchers", 0),
            ("ScheduleInform", 0),
            ("X_00D0D0_Own", 0),
            ("GetAllQueuedTransfers", 1),
            ("AutonomousTransferComplete", 1),
            ("ScheduleDownload", 2),
            ("CancelTransfer", 2),
            ("ChangeDUState", 2),
            ("DUStateChangeComplete", 2),
            ("AutonomousDUStateChangeComplete", 2),
        ] {
            for (at, version) in Version::ALL.into_iter().enumerate() {
                assert_eq!(
                    version.has_method(method),
                    at >= first,
                    "{version} {method}"
                );
            }
        }
    }

    #[test]
    fn use_cwmp_version_decides() {
        // VN-03 VN-04
        for version in Version::ALL {
            let text = version.to_string();
            assert_eq!(
                negotiate(Version::V1_4, Some(&text), namespace(2)),
                Ok(version)
            );
        }
        for text in ["1.9", "9.9", "abc", "", "1", "1.4,1.3", "1.04"] {
            assert!(
                negotiate(Version::V1_4, Some(text), namespace(2)).is_err(),
                "{text}"
            );
        }
        assert!(negotiate(Version::V1_2, Some("1.4"), namespace(2)).is_err());
        assert_eq!(
            negotiate(Version::V1_4, Some(" 1.4\n"), None),
            Ok(Version::V1_4)
        );
    }

    #[test]
    fn without_it_the_namespace_decides() {
        // VN-05, table V
        for (minor, version) in [
            (0, Version::V1_0),
            (1, Version::V1_1),
            (2, Version::V1_2),
            (3, Version::V1_3),
            (4, Version::V1_4),
            (7, Version::V1_4),
        ] {
            assert_eq!(
                negotiate(Version::V1_4, None, namespace(minor)),
                Ok(version)
            );
        }
        assert_eq!(negotiate(Version::V1_4, None, None), Ok(Version::V1_2));
        assert_eq!(
            negotiate(Version::V1_0, None, namespace(2)),
            Ok(Version::V1_0)
        );
    }
}

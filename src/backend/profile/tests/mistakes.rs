//! What is wrong in a profile is told by file, section and key.

use super::*;

#[test]
fn mistakes_in_a_profile_are_named() {
    let error = |text: &str| Template::parse(text, "x.toml").unwrap_err();
    for (text, words) in [
        ("", "x.toml: name every section by an object's path"),
        ("A = 1", "x.toml:1: invalid type"),
        ("['Device.']\nP = {}\nQ = = 1", "x.toml:3: "),
        ("[Foo]", "x.toml: name every section"),
        (
            "['Device.']\nP = {}\n['Device.A.']\n[\"Device.\"]\nQ = {}",
            "x.toml: [\"Device.\"]: this section is there twice",
        ),
        (
            "['Device.']\nP = { value = \"\"\"\n[\"\"\" }\n['Device.']",
            "x.toml:4: duplicate key",
        ),
        (
            "['Device.']\n['InternetGatewayDevice.']",
            "x.toml: name every section",
        ),
        (
            "['Device.A']",
            "x.toml: [\"Device.A\"]: not an object's path; it must end with a dot",
        ),
        (
            "['Device.*.']",
            "x.toml: [\"Device.*.\"]: not an object's path",
        ),
        (
            "['Device.']\nP = 1",
            "x.toml: [\"Device.\"] P: invalid type",
        ),
        (
            "['Device.']\nP = { typ = 'int' }",
            "x.toml: [\"Device.\"] P: unknown field `typ`",
        ),
        (
            "['Device.']\nP = { type = 'integer' }",
            "P: type: \"integer\" is not a type of XSD or TR-106",
        ),
        (
            "['Device.']\nP = { type = 'int', value = 'x' }",
            "P: Device.P: not a number",
        ),
        (
            "['Device.']\nP = { type = 'MACAddress', value = '00' }",
            "P: Device.P: not a MAC address",
        ),
        (
            "['Device.']\nP = { reference = true, value = 'X.Y' }",
            "P: Device.P: not the full path",
        ),
        (
            "['Device.']\nP = { ranges = ['5'] }",
            "P: ranges: \"5\" is not a range",
        ),
        (
            "['Device.']\nP = { type = 'unsignedInt', computed = 'uptime' }",
            "P: computed: only for type = \"unsignedInt\" with notify = \"canDeny\"",
        ),
        (
            "['Device.']\nP = { computed = 'moon' }",
            "P: unknown variant `moon`",
        ),
        (
            "['Device.']\nP = { follows = ['Enable', 'Up', 'Down'] }",
            "P: follows: there is no boolean Enable in this section",
        ),
        (
            "['Device.']\nE = { type = 'boolean' }\nP = { follows = ['E', 'Up', 'Off'], values = ['Up'] }",
            "P: follows: Device.P: not one of: Up",
        ),
        (
            "['Device.']\nE = { type = 'boolean' }\nP = { follows = ['E', 'Up', 'Down'], value = 'Up' }",
            "P: follows: its value is \"Up\" while E is false",
        ),
        (
            "['Device.A.{i}.']\nAlias = {}\n['Device.A.1.']\nAlias = '1'",
            "Alias: Device.A.1.Alias: not an alias",
        ),
        (
            "['Device.']\nP = { value = [] }",
            "P: not a plain value in `value`",
        ),
        ("['Device.']\n'a.b' = {}", "a.b: not a parameter's name"),
        (
            "['Device.']\ntable = {}",
            "table: only a section that ends with {i}. is a table",
        ),
        (
            "['Device.A.{i}.']\ntable = { unique = [['K']] }",
            "unique: there is no parameter K",
        ),
        (
            "['Device.A.1.']\nP = 1",
            "nothing defines this object; add a section [\"Device.A.{i}.\"]",
        ),
        (
            "['Device.A.{i}.']\n['Device.A.1.']\nP = 1",
            "x.toml: [\"Device.A.1.\"] P: not defined in the section [\"Device.A.{i}.\"]",
        ),
        (
            "['Device.A.{i}.']\nP = {}\n['Device.A.1.']\nP = {}",
            "P: an instance takes plain values",
        ),
        (
            "['Device.A.{i}.']\nP = { max = 1 }\n['Device.A.1.']\nP = 'xx'",
            "P: Device.A.1.P: longer than 1 characters",
        ),
    ] {
        let error = error(text);
        assert!(error.contains(words), "{text:?}: {error:?}");
    }
}

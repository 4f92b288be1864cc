//! What the ACS sets is written back into the file.

use super::*;

#[test]
fn settings_are_written_back_in_place() {
    let scratch = Scratch::new("config-write");
    let path = scratch.0.join("cwmp");
    let before = "# mine\r\nconfig cwmp 'acs'\r\n\toption url \"http://a/\" # here\r\n\toption foreign 1\r\n\r\nconfig cpe\r\n";
    fs::write(&path, before).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let changes = [
        ("acs", "url", "http://b/"),
        ("acs", "passwd", "it's"),
        ("cpe", "port", "1"),
    ];
    assert!(write_back(&path, &changes).unwrap());
    let after = before.replace("\"http://a/\"", "'http://b/'").replace(
        "foreign 1\r\n",
        "foreign 1\r\n\toption passwd 'it'\\''s'\r\n",
    ) + "\toption port '1'\r\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), after);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn a_password_is_not_written_where_everybody_may_read_it() {
    let scratch = Scratch::new("config-open");
    let path = scratch.0.join("cwmp");
    fs::write(&path, "config acs\n").unwrap();
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(write_back(&path, &[("acs", "url", "http://a/")]).unwrap());
    assert_eq!(mode(), 0o644);
    assert!(write_back(&path, &[("acs", "passwd", "x")]).unwrap());
    assert_eq!(mode(), 0o640);
}

#[test]
fn nothing_is_written_when_nothing_differs() {
    let scratch = Scratch::new("config-same");
    let path = scratch.0.join("cwmp");
    fs::write(&path, "config acs\n\toption url http://a/\n").unwrap();
    // A write would need a temporary file in a folder that takes none, and would change the inode.
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap());
    assert!(!write_back(&path, &[("acs", "url", "http://a/")]).unwrap());
    assert_eq!(
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap()),
        inode
    );
    assert!(!write_back(&scratch.0.join("none"), &[]).unwrap());
}

#[test]
fn the_section_where_an_option_counts_is_written() {
    let scratch = Scratch::new("config-sections");
    let path = scratch.0.join("cwmp");
    fs::write(
        &path,
        "config acs\noption url http://a/\nconfig acs\noption passwd x\n",
    )
    .unwrap();
    assert!(
        write_back(
            &path,
            &[("acs", "url", "http://b/"), ("lwn", "enable", "1")]
        )
        .unwrap()
    );
    let expected = "config acs\noption url 'http://b/'\nconfig acs\noption passwd x\n\nconfig lwn 'lwn'\n\toption enable '1'\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn a_missing_file_is_made_for_the_owner_only() {
    let scratch = Scratch::new("config-new");
    let path = scratch.0.join("cwmp");
    assert!(write_back(&path, &[("acs", "passwd", "x")]).unwrap());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        Config::load(&Root::new(&scratch.0), "/cwmp")
            .0
            .acs
            .password
            .expose(),
        "x"
    );
    assert!(write_back(&scratch.0, &[("acs", "passwd", "x")]).is_err());
}

#[test]
fn what_would_not_be_read_is_not_written() {
    let scratch = Scratch::new("config-refused");
    let path = scratch.0.join("cwmp");
    fs::write(&path, "config acs\n").unwrap();
    for (option, value) in [
        ("url", "ftp://a/"),
        ("periodic_inform_interval", "0"),
        ("userid", "a\r\nb"),
    ] {
        let error =
            write_back(&path, &[("acs", "passwd", "x"), ("acs", option, value)]).unwrap_err();
        assert_eq!(error.step, "edit");
        assert_eq!(fs::read_to_string(&path).unwrap(), "config acs\n");
    }
}

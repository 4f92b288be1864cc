//! Sections that are rows of a table: `inform_parameter`.

use super::*;

#[test]
fn sections_of_a_table_that_cannot_do_as_written_are_told() {
    let section = |name: &str, alias: &str| {
        format!(
            "config inform_parameter\noption enable 1\noption parameter_name '{name}'\noption alias '{alias}'\n"
        )
    };
    let text = [
        section("Device.A.B", "mine"),
        section("A.B", ""),
        section("", ""),
        section("InternetGatewayDevice.A.B", "mine"),
        section("Device.A.C", "1st"),
        "config inform_parameter\n".to_owned(), // as the ACS makes one
    ];
    let (config, problems) = read(&text.concat());
    let told = [
        (7, "parameter_name: begins with neither"),
        (11, "parameter_name: is not set"),
        (16, "alias: another section has it"),
        (20, "alias: not an alias"),
    ];
    assert_eq!(problems.len(), told.len(), "{problems:?}");
    for ((line, words), problem) in told.iter().zip(&problems) {
        let start = format!("cwmp:{line}: inform_parameter.{words}");
        assert!(problem.contains(&start), "{problem}");
    }
    let aliases: Vec<_> = config.inform_parameters.iter().map(|e| &e.alias).collect();
    assert_eq!(aliases, ["mine", "", "", "", "", ""]);
}

const ENTRIES: &str = "\
config inform_parameter 'mine'
\toption parameter_name Device.A
\toption instance 2

# a copy
config inform_parameter
\toption parameter_name Device.B
\toption instance 2
config inform_parameter
\toption enable yes
";

#[test]
fn sections_of_a_table_are_numbered_once() // IN-06
{
    let scratch = Scratch::new("config-numbers");
    let path = scratch.0.join("cwmp");
    fs::write(&path, ENTRIES).unwrap();
    number_instances(&path, "inform_parameter", 5).unwrap();
    let numbered = fs::read_to_string(&path).unwrap();
    let (config, problems) = read(&numbered);
    assert_eq!(
        problems,
        ["cwmp:9: inform_parameter.parameter_name: is not set: no effect"]
    );
    let numbers: Vec<u32> = config
        .inform_parameters
        .iter()
        .map(|e| e.instance)
        .collect();
    assert_eq!(numbers, [2, 6, 7]);
    number_instances(&path, "inform_parameter", 9).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), numbered);
}

#[test]
fn sections_beyond_what_a_table_takes_are_left_alone() {
    // Each number costs a reading of the whole file.
    let scratch = Scratch::new("config-many");
    let path = scratch.0.join("cwmp");
    fs::write(&path, "config inform_parameter\n".repeat(1000)).unwrap();
    number_instances(&path, "inform_parameter", 0).unwrap();
    let numbered = fs::read_to_string(&path).unwrap();
    assert_eq!(numbered.matches("instance").count(), MAX_ENTRIES);
    let (config, _) = read(&numbered);
    let numbers = config.inform_parameters.iter().map(|e| e.instance);
    assert!(numbers.eq(1..=MAX_ENTRIES as u32));
}

#[test]
fn an_instance_is_its_section() // IN-06
{
    let scratch = Scratch::new("config-instances");
    let path = scratch.0.join("cwmp");
    fs::write(&path, ENTRIES.replacen("instance 2", "instance 3", 1)).unwrap();
    let changes = [
        ("inform_parameter:2", "enable", "true"),
        ("inform_parameter:3", "", ""),
        ("inform_parameter:4", "enable", "false"),
        ("inform_parameter:4", "parameter_name", "Device.C"),
    ];
    assert!(write_back(&path, &changes).unwrap());
    let after = fs::read_to_string(&path).unwrap();
    assert!(
        after.starts_with("\n# a copy\nconfig inform_parameter\n"),
        "{after}"
    );
    // A power cut may have it all done again.
    assert!(!write_back(&path, &changes).unwrap());
    // And so it is in memory.
    let (mut config, _) = read(&ENTRIES.replacen("instance 2", "instance 3", 1));
    config.inform_parameters.retain(|entry| entry.instance != 0);
    for (section, option, value) in changes {
        config.set(section, option, value).unwrap();
    }
    let (mut read, _) = read(&after);
    read.inform_parameters.retain(|entry| entry.instance != 0);
    assert_eq!(read, config);
}

#[test]
fn what_an_entry_may_not_say_is_told_at_its_line() // IN-07
{
    let (config, problems) = read(
        "config inform_parameter\noption parameter_name Device.ManagementServer.ParameterKey\noption events_list '4 VALUE CHANGE'\n",
    );
    assert_eq!(config.inform_parameters.len(), 1);
    assert_eq!(problems.len(), 2);
    assert!(
        problems[0].starts_with("cwmp:2: inform_parameter.parameter_name:"),
        "{problems:?}"
    );
    assert!(
        problems[1].starts_with("cwmp:3: inform_parameter.events_list:"),
        "{problems:?}"
    );
    let (config, problems) = read(&"config inform_parameter\n".repeat(65));
    assert_eq!((config.inform_parameters.len(), problems.len()), (64, 1));
}

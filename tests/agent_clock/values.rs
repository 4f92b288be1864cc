//! What an ACS reads and writes on the shipped profiles of both root models.

use std::fs;

use crate::cpe::{Cpe, NOON, settled};
use crate::support::acs::Acs;
use crate::support::daemon::{Daemon, repository};
use crate::support::inspect::Message;
use crate::support::rpc::{self, Rpc};

/// A root model as its shipped profile has it.
struct Model {
    profile: &'static str,
    root: &'static str,
    mapping: &'static str,
    enable: &'static str,
    /// The mapping that is there, on another.
    key: &'static [(&'static str, &'static str, &'static str)],
    /// An object that others refer to, two that do, and what counts it.
    gone: &'static str,
    referring: [&'static str; 2],
    count: &'static str,
}

const MODELS: [Model; 2] = [
    Model {
        profile: "tr181-gateway.toml",
        root: "Device.",
        mapping: "Device.NAT.PortMapping.",
        enable: "Enable",
        key: &[
            ("Interface", "string", "Device.IP.Interface.1."),
            ("ExternalPort", "unsignedInt", "8080"),
        ],
        gone: "Device.Ethernet.Link.1.",
        referring: [
            "Device.IP.Interface.1.LowerLayers",
            "Device.InterfaceStack.2.HigherLayer",
        ],
        count: "Device.Ethernet.LinkNumberOfEntries",
    },
    Model {
        profile: "tr098-gateway.toml",
        root: "InternetGatewayDevice.",
        mapping: "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping.",
        enable: "PortMappingEnabled",
        key: &[("ExternalPort", "unsignedInt", "8080")],
        gone: "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.",
        referring: [
            "InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService",
            "InternetGatewayDevice.Layer3Forwarding.Forwarding.1.Interface",
        ],
        count: "InternetGatewayDevice.WANDevice.1.WANConnectionDevice.1.WANIPConnectionNumberOfEntries",
    },
];

impl Model {
    fn device(&self, acs: &mut Acs) -> Cpe {
        let home = Daemon::new(&acs.url());
        let profile = repository().join("etc/profiles").join(self.profile);
        let profile = fs::read(profile).expect("the shipped profile");
        home.write("etc/cwmpd/profile.toml", &profile);
        settled(home, acs)
    }
}

/// A session of these requests; the answers.
fn ask(cpe: &mut Cpe, acs: &mut Acs, requests: impl IntoIterator<Item = Rpc>) -> Vec<Message> {
    acs.plan(requests);
    cpe.inform();
    cpe.session(acs).answers
}

#[test]
fn what_clashes_is_told_by_parameter() // SV-01 SV-04 OB-10 AL-03
{
    for model in &MODELS {
        let mut acs = Acs::start();
        let mut cpe = model.device(&mut acs);
        let new = format!("{}2.", model.mapping);
        let set = |instance: &str, more: &[(&str, &str, &str)], key: &str| {
            let values: Vec<_> = model.key.iter().chain(more).collect();
            let names: Vec<String> = values
                .iter()
                .map(|v| format!("{instance}{}", v.0))
                .collect();
            let values = names
                .iter()
                .zip(values)
                .map(|(name, v)| (name.as_str(), v.1, v.2));
            rpc::set_values(&values.collect::<Vec<_>>(), key)
        };
        let enabled = (model.enable, "boolean", "1");
        let by_alias = format!("{}[cpe-2].", model.mapping);
        let alias = format!("{new}Alias");
        let answers = ask(
            &mut cpe,
            &mut acs,
            [
                rpc::add_object(model.mapping, "added"),
                // Not enabled: it may have the key of another.
                set(&new, &[], "filled"),
                set(&by_alias, &[enabled, ("Alias", "string", "mine")], "clash"),
                rpc::set_values(&[(&alias, "string", "cpe-1")], "alias"),
                rpc::set_values(&[(&alias, "string", "1st")], "alias"),
                rpc::get_values(&[
                    &new,
                    &format!("{}ManagementServer.ParameterKey", model.root),
                ]),
            ],
        );
        assert_eq!(answers[0].text("InstanceNumber").as_deref(), Some("2"));
        assert_eq!(answers[1].method, "SetParameterValuesResponse");
        // Of what it sets only Enable is another value than before, and takes part in the key.
        assert_eq!(answers[2].texts("FaultCode"), ["9003", "9007"]);
        assert_eq!(
            answers[2].texts("ParameterName"),
            [format!("{by_alias}{}", model.enable)]
        );
        for answer in &answers[3..5] {
            assert_eq!(answer.texts("FaultCode"), ["9003", "9007"]);
            assert_eq!(answer.texts("ParameterName"), [alias.as_str()]);
        }
        let values = answers[5].values();
        assert_eq!(values[&alias], "cpe-2");
        assert_eq!(values[&format!("{new}{}", model.enable)], "false");
        assert_eq!(
            answers[5].value_of(".ParameterKey").as_deref(),
            Some("filled")
        );
    }
}

#[test]
fn references_to_what_is_deleted_are_emptied() // OB-06 DM-02 OB-09
{
    for model in &MODELS {
        let mut acs = Acs::start();
        let mut cpe = model.device(&mut acs);
        let [one, two] = model.referring;
        let get = || rpc::get_values(&[one, two, model.count]);
        let answers = ask(
            &mut cpe,
            &mut acs,
            [get(), rpc::delete_object(model.gone, "")],
        );
        let before = answers[0].values();
        let path = model.gone.trim_end_matches('.');
        assert_eq!([&before[one], &before[two]], [path, path]);
        assert_eq!(answers[1].text("Status").as_deref(), Some("0"));
        // Also after a start.
        cpe.restart();
        cpe.settle();
        let answers = ask(
            &mut cpe,
            &mut acs,
            [get(), rpc::get_names(model.gone, false)],
        );
        let after = answers[0].values();
        assert_eq!([&after[one], &after[two]], ["", ""]);
        let counted = |values: &std::collections::BTreeMap<String, String>| {
            values[model.count].parse::<u32>().expect("a number")
        };
        assert_eq!(counted(&after) + 1, counted(&before));
        assert_eq!(answers[1].fault(), Some(9005));
    }
}

#[test]
fn the_time_goes_by() {
    for model in &MODELS {
        let mut acs = Acs::start();
        let mut cpe = model.device(&mut acs);
        let names = ["DeviceInfo.UpTime", "Time.CurrentLocalTime"];
        let names = names.map(|name| format!("{}{name}", model.root));
        let get = || rpc::get_values(&[&names[0], &names[1]]);
        cpe.pass_seconds(100);
        let values = ask(&mut cpe, &mut acs, [get()])[0].values();
        assert_eq!(
            [&values[&names[0]], &values[&names[1]]],
            ["100", "2026-11-22T12:01:40Z"]
        );
        cpe.pass_seconds(3600);
        let values = ask(&mut cpe, &mut acs, [get()])[0].values();
        assert_eq!(
            [&values[&names[0]], &values[&names[1]]],
            ["3700", "2026-11-22T13:01:40Z"]
        );
        // A device whose clock is not set does not make one up.
        cpe.step_clock(-NOON);
        let values = ask(&mut cpe, &mut acs, [get()])[0].values();
        assert_eq!(
            [&values[&names[0]], &values[&names[1]]],
            ["3700", "0001-01-01T00:00:00Z"]
        );
        // Nobody is woken up for it.
        let notify = ask(&mut cpe, &mut acs, [rpc::set_notification(&[&names[0]], 2)]);
        assert_eq!(notify[0].fault(), Some(9009));
    }
}

mod addressing;
mod attributes;
mod names;
mod objects;
mod orders;
mod setting;
mod software;
mod transfers;
mod values;

use super::METHODS;
use crate::cwmp::Promise;
use crate::cwmp::support::harness::*;
use crate::cwmp::support::model::FakeModel;
use crate::datamodel::attributes::{Attributes, MAX_SETTINGS, Notification};
use crate::datamodel::{Code, Fault, Touch, Type};

fn get(names: &[&str]) -> String {
    list_of_names("GetParameterValues", names)
}

fn list_of_names(method: &str, names: &[&str]) -> String {
    let items: String = names
        .iter()
        .map(|name| format!("<string>{name}</string>"))
        .collect();
    let count = names.len();
    format!(
        "<cwmp:{method}><ParameterNames soapenc:arrayType='xsd:string[{count}]'>{items}\
         </ParameterNames></cwmp:{method}>"
    )
}

fn get_names(path: &str, next_level: &str) -> String {
    format!(
        "<cwmp:GetParameterNames><ParameterPath>{path}</ParameterPath><NextLevel>{next_level}\
         </NextLevel></cwmp:GetParameterNames>"
    )
}

/// `(name, type, value)`
fn set(key: &str, entries: &[(&str, &str, &str)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, ty, value)| {
            let ty = if ty.is_empty() {
                String::new()
            } else {
                format!(" xsi:type='{ty}'")
            };
            format!(
                "<ParameterValueStruct><Name>{name}</Name><Value{ty}>{value}</Value>\
                 </ParameterValueStruct>"
            )
        })
        .collect();
    format!(
        "<cwmp:SetParameterValues><ParameterList soapenc:arrayType='cwmp:ParameterValueStruct[9]'>\
         {entries}</ParameterList><ParameterKey>{key}</ParameterKey></cwmp:SetParameterValues>"
    )
}

/// `(name, change, notification, access change, access)`
fn set_attributes(entries: &[(&str, &str, &str, &str, &str)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, change, notification, access_change, access)| {
            format!(
                "<SetParameterAttributesStruct><Name>{name}</Name><NotificationChange>{change}\
                 </NotificationChange><Notification>{notification}</Notification><AccessListChange>\
                 {access_change}</AccessListChange><AccessList>{access}</AccessList>\
                 </SetParameterAttributesStruct>"
            )
        })
        .collect();
    format!(
        "<cwmp:SetParameterAttributes><ParameterList>{entries}</ParameterList>\
         </cwmp:SetParameterAttributes>"
    )
}

fn object(method: &str, name: &str, key: &str) -> String {
    format!(
        "<cwmp:{method}><ObjectName>{name}</ObjectName><ParameterKey>{key}</ParameterKey>\
         </cwmp:{method}>"
    )
}

fn code(method: &str) -> Option<u16> {
    fault_code(&Harness::asked().call(method))
}

/// `name code` of every SetParameterValuesFault.
fn parameter_faults(answer: &str) -> Vec<String> {
    let faults = answer.split("<SetParameterValuesFault>").skip(1);
    faults
        .map(|f| {
            let (name, code) = (text_of(f, "ParameterName"), text_of(f, "FaultCode"));
            format!("{} {}", name.unwrap(), code.unwrap())
        })
        .collect()
}

const CODE: &str = "Device.DeviceInfo.ProvisioningCode";
const INTERVAL: &str = "Device.ManagementServer.PeriodicInformInterval";

#[test]
fn what_is_listed_works_and_all_else_is_9000() {
    // GN-01 GN-02 GN-03 RB-09
    let answer = Harness::asked().call("<cwmp:GetRPCMethods/>");
    for (name, _) in METHODS {
        assert!(answer.contains(&format!("<string>{name}</string>")));
        assert_ne!(code(&format!("<cwmp:{name}/>")), Some(9000), "{name}");
    }
    for name in [
        "SetVouchers",
        "GetOptions",
        "Inform",
        "TransferComplete",
        "getRPCMethods",
        "X_EX_Method",
    ] {
        assert_eq!(
            code(&format!("<cwmp:{name}><A>1</A></cwmp:{name}>")),
            Some(9000),
            "{name}"
        );
        assert!(!answer.contains(&format!("<string>{name}</string>")));
    }
}

#[test]
fn arguments_that_are_missing_are_9003() {
    // SO-27
    for name in [
        "SetParameterValues",
        "GetParameterValues",
        "GetParameterNames",
        "SetParameterAttributes",
        "GetParameterAttributes",
        "AddObject",
        "DeleteObject",
        "ScheduleInform",
        "Download",
        "Upload",
        "ScheduleDownload",
        "ChangeDUState",
    ] {
        let mut cpe = Harness::asked();
        let answer = cpe.call(&format!("<cwmp:{name}><Other/></cwmp:{name}>"));
        assert_eq!(fault_code(&answer), Some(9003), "{name}");
        assert!(text_of(&answer, "FaultString").unwrap().starts_with(name));
        assert_eq!(cpe.promises, [Promise::Informed]);
    }
}

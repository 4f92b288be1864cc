//! The ACS's messages: a step of the script as an envelope, and its answers to the CPE's requests.

use std::convert::Infallible;

use crate::cwmp::envelope::{self, HeaderEntry, array, parameter_value, string_array};
use crate::cwmp::version::{Namespace, Version};
use crate::lab::script::Step;
use crate::wire::xml::Writer;

/// What the ACS itself can be asked, in its GetRPCMethodsResponse.
const METHODS: [&str; 3] = ["Inform", "GetRPCMethods", "TransferComplete"];

/// The envelope of a step; none for a step that is no message.
pub fn request(step: &Step, namespace: Namespace, id: &str) -> Option<Vec<u8>> {
    match step {
        Step::Wake => None,
        Step::Raw { envelope } => Some(envelope.clone().into_bytes()),
        _ => Some(message(namespace, id, |out| {
            let tag = format!("cwmp:{}", step.name());
            out.open(&tag);
            arguments(step, out);
            out.close(&tag);
        })),
    }
}

/// The answer to an Inform that offers those versions of CWMP (TR-069 3.7.4); an older CPE says nothing of them.
pub fn inform_response(offered: Option<&str>, namespace: Namespace, id: &str) -> Vec<u8> {
    let offered = offered.unwrap_or_default().split(',');
    let newest = offered
        .filter_map(|text| text.trim().parse::<Version>().ok())
        .max()
        .map(|version| version.to_string());
    let mut headers = vec![HeaderEntry::id(id)];
    headers.extend(newest.as_deref().map(|value| HeaderEntry {
        name: "UseCWMPVersion",
        must_understand: true,
        value,
    }));
    let written = envelope::message(namespace, &headers, |out| {
        out.open("cwmp:InformResponse");
        out.leaf("MaxEnvelopes", "1");
        out.close("cwmp:InformResponse");
    });
    written.to_vec()
}

/// The answer to another request of the CPE's.
pub fn response(method: &str, namespace: Namespace, id: &str) -> Vec<u8> {
    message(namespace, id, |out| {
        let tag = format!("cwmp:{method}Response");
        out.open(&tag);
        if method == "GetRPCMethods" {
            string_array(out, "MethodList", METHODS);
        }
        out.close(&tag);
    })
}

/// Whether the ACS has an answer to that method.
pub fn is_known(method: &str) -> bool {
    METHODS.contains(&method)
}

/// A fault (TR-069 A.5.2).
pub fn fault(code: u16, text: &str, namespace: Namespace, id: &str) -> Vec<u8> {
    message(namespace, id, |out| {
        out.open("soap-env:Fault");
        out.leaf("faultcode", "Server");
        out.leaf("faultstring", "CWMP fault");
        out.open("detail");
        out.open("cwmp:Fault");
        out.leaf("FaultCode", &code.to_string());
        out.leaf("FaultString", text);
        out.close("cwmp:Fault");
        out.close("detail");
        out.close("soap-env:Fault");
    })
}

fn message(namespace: Namespace, id: &str, body: impl FnOnce(&mut Writer)) -> Vec<u8> {
    envelope::message(namespace, &[HeaderEntry::id(id)], body).to_vec()
}

fn arguments(step: &Step, out: &mut Writer) {
    match step {
        Step::GetRPCMethods | Step::FactoryReset | Step::Raw { .. } | Step::Wake => {}
        Step::GetParameterValues { names } | Step::GetParameterAttributes { names } => {
            string_array(out, "ParameterNames", names.iter().map(String::as_str));
        }
        Step::GetParameterNames { path, next_level } => {
            out.leaf("ParameterPath", path);
            out.leaf("NextLevel", flag(*next_level));
        }
        Step::SetParameterValues {
            values,
            parameter_key,
        } => {
            items(out, "cwmp:ParameterValueStruct", values, |out, setting| {
                parameter_value(out, &setting.name, setting.ty(), &setting.text());
            });
            out.leaf("ParameterKey", parameter_key);
        }
        Step::SetParameterAttributes { attributes } => {
            let ty = "SetParameterAttributesStruct";
            items(out, &format!("cwmp:{ty}"), attributes, |out, setting| {
                let (notification, access) = (setting.notification, &setting.access_list);
                out.open(ty);
                out.leaf("Name", &setting.name);
                out.leaf("NotificationChange", flag(notification.is_some()));
                out.leaf("Notification", &notification.unwrap_or(0).to_string());
                out.leaf("AccessListChange", flag(access.is_some()));
                let entities = access.iter().flatten().map(String::as_str);
                string_array(out, "AccessList", entities.collect::<Vec<_>>());
                out.close(ty);
            });
        }
        Step::AddObject {
            object,
            parameter_key,
        }
        | Step::DeleteObject {
            object,
            parameter_key,
        } => {
            out.leaf("ObjectName", object);
            out.leaf("ParameterKey", parameter_key);
        }
        Step::Reboot { command_key } => out.leaf("CommandKey", command_key),
        Step::ScheduleInform { delay, command_key } => {
            out.leaf("DelaySeconds", &delay.to_string());
            out.leaf("CommandKey", command_key);
        }
    }
}

fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// A `ParameterList` of those items.
fn items<T>(out: &mut Writer, ty: &str, items: &[T], write: impl Fn(&mut Writer, &T)) {
    let Ok(()) = array::<Infallible>(out, "ParameterList", ty, |out| {
        let mut count = 0;
        for item in items {
            write(out, item);
            count += 1;
        }
        Ok(count)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cwmp::envelope::{Body, decode};
    use crate::lab::script::Setting;

    /// The method of an envelope, and its arguments' names.
    fn read(bytes: &[u8]) -> (String, Vec<String>) {
        match decode(bytes).unwrap().body {
            Body::Method(method) => (
                method.name,
                method.children.into_iter().map(|c| c.name).collect(),
            ),
            Body::Fault(fault) => (fault.to_string(), Vec::new()),
        }
    }

    #[test]
    fn every_step_becomes_its_method() {
        let key = || "k".to_string();
        let namespace = Version::V1_2.namespace();
        for (step, arguments) in [
            (Step::GetRPCMethods, &[][..]),
            (
                Step::GetParameterValues {
                    names: vec!["Device.".into()],
                },
                &["ParameterNames"],
            ),
            (
                Step::GetParameterNames {
                    path: "".into(),
                    next_level: true,
                },
                &["ParameterPath", "NextLevel"],
            ),
            (
                Step::GetParameterAttributes { names: Vec::new() },
                &["ParameterNames"],
            ),
            (
                Step::SetParameterValues {
                    values: vec![Setting::string("A", "<&>")],
                    parameter_key: key(),
                },
                &["ParameterList", "ParameterKey"],
            ),
            (
                Step::SetParameterAttributes {
                    attributes: Vec::new(),
                },
                &["ParameterList"],
            ),
            (
                Step::AddObject {
                    object: "T.".into(),
                    parameter_key: key(),
                },
                &["ObjectName", "ParameterKey"],
            ),
            (
                Step::DeleteObject {
                    object: "T.1.".into(),
                    parameter_key: key(),
                },
                &["ObjectName", "ParameterKey"],
            ),
            (Step::Reboot { command_key: key() }, &["CommandKey"]),
            (Step::FactoryReset, &[]),
            (
                Step::ScheduleInform {
                    delay: 9,
                    command_key: key(),
                },
                &["DelaySeconds", "CommandKey"],
            ),
        ] {
            let (method, written) = read(&request(&step, namespace, "1").unwrap());
            assert_eq!(method, step.name());
            assert_eq!(written, arguments);
        }
        assert_eq!(request(&Step::Wake, namespace, "1"), None);
        for (offered, used) in [
            (Some("1.0,1.1,1.2,1.3,1.4"), Some("1.4")),
            (Some("1.0, 1.2 ,7.9"), Some("1.2")),
            (Some("new"), None),
            (None, None),
        ] {
            let answer = inform_response(offered, namespace, "1");
            assert_eq!(read(&answer).0, "InformResponse");
            let told = decode(&answer).unwrap().header.use_cwmp_version;
            assert_eq!(told.as_deref(), used);
        }
        assert!(read(&fault(8000, "no", namespace, "1")).0.contains("8000"));
    }
}

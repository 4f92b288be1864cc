//! The ACS's messages: a step of the script as an envelope, and its answers to the CPE's requests.

use std::convert::Infallible;

use crate::cwmp::envelope::{self, HeaderEntry, array, parameter_value, string_array};
use crate::cwmp::version::{Namespace, Version};
use crate::lab::script::Step;
use crate::wire::xml::{Element, Writer};

/// What the ACS itself can be asked, in its GetRPCMethodsResponse.
const METHODS: [&str; 8] = [
    "Inform",
    "GetRPCMethods",
    "TransferComplete",
    "AutonomousTransferComplete",
    "DUStateChangeComplete",
    "AutonomousDUStateChangeComplete",
    "RequestDownload",
    "Kicked",
];

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
pub fn response(method: &Element, namespace: Namespace, id: &str) -> Vec<u8> {
    message(namespace, id, |out| {
        let tag = format!("cwmp:{}Response", method.name);
        out.open(&tag);
        match method.name.as_str() {
            "GetRPCMethods" => string_array(out, "MethodList", METHODS),
            "Kicked" => out.leaf("NextURL", method.child_text("Next").unwrap_or_default()),
            _ => {}
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
        Step::GetRPCMethods
        | Step::FactoryReset
        | Step::GetQueuedTransfers
        | Step::GetAllQueuedTransfers
        | Step::Raw { .. }
        | Step::Wake => {}
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
            let list = "ParameterList";
            items(
                out,
                list,
                "cwmp:ParameterValueStruct",
                values,
                |out, setting| {
                    parameter_value(out, &setting.name, setting.ty(), &setting.text());
                },
            );
            out.leaf("ParameterKey", parameter_key);
        }
        Step::SetParameterAttributes { attributes } => {
            let ty = "SetParameterAttributesStruct";
            let list = "ParameterList";
            items(
                out,
                list,
                &format!("cwmp:{ty}"),
                attributes,
                |out, setting| {
                    let (notification, access) = (setting.notification, &setting.access_list);
                    out.open(ty);
                    out.leaf("Name", &setting.name);
                    out.leaf("NotificationChange", flag(notification.is_some()));
                    out.leaf("Notification", &notification.unwrap_or(0).to_string());
                    out.leaf("AccessListChange", flag(access.is_some()));
                    let entities = access.iter().flatten().map(String::as_str);
                    string_array(out, "AccessList", entities.collect::<Vec<_>>());
                    out.close(ty);
                },
            );
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
        Step::Reboot { command_key } | Step::CancelTransfer { command_key } => {
            out.leaf("CommandKey", command_key);
        }
        Step::ScheduleInform { delay, command_key } => {
            out.leaf("DelaySeconds", &delay.to_string());
            out.leaf("CommandKey", command_key);
        }
        Step::Download {
            file_type,
            url,
            username,
            password,
            file_size,
            target_file_name,
            delay,
            success_url,
            failure_url,
            command_key,
        } => {
            leaves(
                out,
                &[
                    ("CommandKey", command_key),
                    ("FileType", file_type),
                    ("URL", url),
                    ("Username", username),
                    ("Password", password.expose()),
                    ("FileSize", &file_size.to_string()),
                    ("TargetFileName", target_file_name),
                    ("DelaySeconds", &delay.to_string()),
                    ("SuccessURL", success_url),
                    ("FailureURL", failure_url),
                ],
            );
        }
        Step::Upload {
            file_type,
            url,
            username,
            password,
            delay,
            command_key,
        } => leaves(
            out,
            &[
                ("CommandKey", command_key),
                ("FileType", file_type),
                ("URL", url),
                ("Username", username),
                ("Password", password.expose()),
                ("DelaySeconds", &delay.to_string()),
            ],
        ),
        Step::ScheduleDownload {
            file_type,
            url,
            username,
            password,
            file_size,
            target_file_name,
            windows,
            command_key,
        } => {
            leaves(
                out,
                &[
                    ("CommandKey", command_key),
                    ("FileType", file_type),
                    ("URL", url),
                    ("Username", username),
                    ("Password", password.expose()),
                    ("FileSize", &file_size.to_string()),
                    ("TargetFileName", target_file_name),
                ],
            );
            let (list, ty) = ("TimeWindowList", "TimeWindowStruct");
            items(out, list, &format!("cwmp:{ty}"), windows, |out, window| {
                out.open(ty);
                leaves(
                    out,
                    &[
                        ("WindowStart", &window.start.to_string()),
                        ("WindowEnd", &window.end.to_string()),
                        ("WindowMode", &window.mode),
                        ("UserMessage", &window.user_message),
                        ("MaxRetries", &window.max_retries.to_string()),
                    ],
                );
                out.close(ty);
            });
        }
        Step::ChangeDUState {
            operations,
            command_key,
        } => {
            for operation in operations {
                let (name, arguments) = operation.arguments();
                out.open("Operations");
                out.attribute("xsi:type", &format!("cwmp:{name}OpStruct"));
                leaves(out, &arguments);
                out.close("Operations");
            }
            out.leaf("CommandKey", command_key);
        }
    }
}

fn leaves(out: &mut Writer, leaves: &[(&str, &str)]) {
    for (name, text) in leaves {
        out.leaf(name, text);
    }
}

fn flag(value: bool) -> &'static str {
    if value { "1" } else { "0" }
}

/// An array of those items.
fn items<T>(out: &mut Writer, list: &str, ty: &str, items: &[T], write: impl Fn(&mut Writer, &T)) {
    let Ok(()) = array::<Infallible>(out, list, ty, |out| {
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
            (Step::CancelTransfer { command_key: key() }, &["CommandKey"]),
            (Step::GetQueuedTransfers, &[]),
            (Step::GetAllQueuedTransfers, &[]),
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

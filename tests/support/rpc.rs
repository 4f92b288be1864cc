//! What the ACS sends: envelopes in the shape real ACSes use.

/// The namespace that the test ACS speaks unless told otherwise.
pub const CWMP_1_2: &str = "urn:dslforum-org:cwmp-1-2";

/// Escapes character data.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An envelope around a body, with an ID and more header elements.
pub fn envelope(namespace: &str, id: &str, header: &str, body: &str) -> String {
    let id = escape(id);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope \
         xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:cwmp=\"{namespace}\">\
         <soapenv:Header><cwmp:ID soapenv:mustUnderstand=\"1\">{id}</cwmp:ID>{header}</soapenv:Header>\
         <soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
}

/// A SOAP fault of the ACS.
pub fn fault(namespace: &str, id: &str, code: u16) -> String {
    let body = format!(
        "<soapenv:Fault><faultcode>Server</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>\
         <FaultCode>{code}</FaultCode><FaultString>scripted</FaultString></cwmp:Fault></detail></soapenv:Fault>"
    );
    envelope(namespace, id, "", &body)
}

/// A request of the ACS.
#[derive(Clone, Debug)]
pub struct Rpc {
    /// Body element with its arguments.
    pub body: String,
    /// More header elements.
    pub header: String,
    /// These bytes instead of an envelope of ours.
    pub raw: Option<Vec<u8>>,
}

impl Rpc {
    /// Any method with these (already written) arguments.
    pub fn new(method: &str, arguments: &str) -> Rpc {
        Rpc {
            body: format!("<cwmp:{method}>{arguments}</cwmp:{method}>"),
            header: String::new(),
            raw: None,
        }
    }

    /// A reply body taken as it is.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Rpc {
        Rpc {
            body: String::new(),
            header: String::new(),
            raw: Some(bytes.into()),
        }
    }
}

fn strings(paths: &[&str]) -> String {
    let items: String = paths
        .iter()
        .map(|path| format!("<string>{}</string>", escape(path)))
        .collect();
    format!(
        "<ParameterNames soapenc:arrayType=\"xsd:string[{}]\">{items}</ParameterNames>",
        paths.len()
    )
}

/// GetRPCMethods
pub fn get_rpc_methods() -> Rpc {
    Rpc::new("GetRPCMethods", "")
}

/// Download, to be done in a day.
pub fn download(key: &str) -> Rpc {
    let arguments = format!(
        "<CommandKey>{}</CommandKey><FileType>1 Firmware Upgrade Image</FileType>\
         <URL>http://192.0.2.80/image.bin?a&amp;b</URL><Username>u</Username><Password>p</Password>\
         <FileSize>5</FileSize><TargetFileName>image.bin</TargetFileName><DelaySeconds>86400</DelaySeconds>\
         <SuccessURL></SuccessURL><FailureURL></FailureURL>",
        escape(key)
    );
    Rpc::new("Download", &arguments)
}

/// Upload, to be done in a day.
pub fn upload(key: &str) -> Rpc {
    let arguments = format!(
        "<CommandKey>{}</CommandKey><FileType>3 Vendor Configuration File 1</FileType>\
         <URL>http://192.0.2.80/config</URL><DelaySeconds>86400</DelaySeconds>",
        escape(key)
    );
    Rpc::new("Upload", &arguments)
}

/// ScheduleDownload, for tomorrow.
pub fn schedule_download(key: &str) -> Rpc {
    let arguments = format!(
        "<CommandKey>{}</CommandKey><FileType>2 Web Content</FileType><URL>http://192.0.2.80/web</URL>\
         <TimeWindowList soapenc:arrayType=\"cwmp:TimeWindowStruct[1]\"><TimeWindowStruct>\
         <WindowStart>86400</WindowStart><WindowEnd>90000</WindowEnd><WindowMode>1 At Any Time</WindowMode>\
         <UserMessage></UserMessage><MaxRetries>0</MaxRetries></TimeWindowStruct></TimeWindowList>",
        escape(key)
    );
    Rpc::new("ScheduleDownload", &arguments)
}

/// CancelTransfer
pub fn cancel_transfer(key: &str) -> Rpc {
    let arguments = format!("<CommandKey>{}</CommandKey>", escape(key));
    Rpc::new("CancelTransfer", &arguments)
}

/// ChangeDUState that removes a unit.
pub fn change_du_state(key: &str) -> Rpc {
    let arguments = format!(
        "<Operations xsi:type=\"cwmp:UninstallOpStruct\"><UUID>11111111-2222-5333-8444-555555555555</UUID>\
         </Operations><CommandKey>{}</CommandKey>",
        escape(key)
    );
    Rpc::new("ChangeDUState", &arguments)
}

/// GetParameterValues
pub fn get_values(paths: &[&str]) -> Rpc {
    Rpc::new("GetParameterValues", &strings(paths))
}

/// GetParameterAttributes
pub fn get_attributes(paths: &[&str]) -> Rpc {
    Rpc::new("GetParameterAttributes", &strings(paths))
}

/// GetParameterNames
pub fn get_names(path: &str, next_level: bool) -> Rpc {
    let arguments = format!(
        "<ParameterPath>{}</ParameterPath><NextLevel>{}</NextLevel>",
        escape(path),
        next_level as u8
    );
    Rpc::new("GetParameterNames", &arguments)
}

/// SetParameterValues with `(name, xsd type, value)`.
pub fn set_values(values: &[(&str, &str, &str)], key: &str) -> Rpc {
    let items: String = values
        .iter()
        .map(|(name, ty, value)| {
            format!(
                "<ParameterValueStruct><Name>{}</Name><Value xsi:type=\"xsd:{ty}\">{}</Value></ParameterValueStruct>",
                escape(name),
                escape(value)
            )
        })
        .collect();
    let arguments = format!(
        "<ParameterList soapenc:arrayType=\"cwmp:ParameterValueStruct[{}]\">{items}</ParameterList>\
         <ParameterKey>{}</ParameterKey>",
        values.len(),
        escape(key)
    );
    Rpc::new("SetParameterValues", &arguments)
}

/// SetParameterAttributes: notification 0, 1 or 2 on each.
pub fn set_notification(paths: &[&str], notification: u8) -> Rpc {
    let items: String = paths
        .iter()
        .map(|path| {
            format!(
                "<SetParameterAttributesStruct><Name>{}</Name><NotificationChange>1</NotificationChange>\
                 <Notification>{notification}</Notification><AccessListChange>0</AccessListChange>\
                 <AccessList soapenc:arrayType=\"xsd:string[0]\"></AccessList></SetParameterAttributesStruct>",
                escape(path)
            )
        })
        .collect();
    let arguments = format!(
        "<ParameterList soapenc:arrayType=\"cwmp:SetParameterAttributesStruct[{}]\">{items}</ParameterList>",
        paths.len()
    );
    Rpc::new("SetParameterAttributes", &arguments)
}

/// AddObject
pub fn add_object(table: &str, key: &str) -> Rpc {
    let (table, key) = (escape(table), escape(key));
    Rpc::new(
        "AddObject",
        &format!("<ObjectName>{table}</ObjectName><ParameterKey>{key}</ParameterKey>"),
    )
}

/// DeleteObject
pub fn delete_object(instance: &str, key: &str) -> Rpc {
    let (instance, key) = (escape(instance), escape(key));
    Rpc::new(
        "DeleteObject",
        &format!("<ObjectName>{instance}</ObjectName><ParameterKey>{key}</ParameterKey>"),
    )
}

/// Reboot
pub fn reboot(key: &str) -> Rpc {
    Rpc::new(
        "Reboot",
        &format!("<CommandKey>{}</CommandKey>", escape(key)),
    )
}

/// FactoryReset
pub fn factory_reset() -> Rpc {
    Rpc::new("FactoryReset", "")
}

/// ScheduleInform
pub fn schedule_inform(delay: u32, key: &str) -> Rpc {
    let arguments = format!(
        "<DelaySeconds>{delay}</DelaySeconds><CommandKey>{}</CommandKey>",
        escape(key)
    );
    Rpc::new("ScheduleInform", &arguments)
}

/// Download of a file, as soon as the session has ended.
pub fn download_of(key: &str, file_type: &str, url: &str) -> Rpc {
    download_with(key, file_type, url, "")
}

/// Download; `more` replaces what is usual, element by element.
pub fn download_with(key: &str, file_type: &str, url: &str, more: &str) -> Rpc {
    let usual = [
        ("CommandKey", escape(key)),
        ("FileType", escape(file_type)),
        ("URL", escape(url)),
        ("Username", String::new()),
        ("Password", String::new()),
        ("FileSize", "0".to_owned()),
        ("TargetFileName", String::new()),
        ("DelaySeconds", "0".to_owned()),
        ("SuccessURL", String::new()),
        ("FailureURL", String::new()),
    ];
    Rpc::new("Download", &elements(&usual, more))
}

/// Upload, as soon as the session has ended.
pub fn upload_of(key: &str, file_type: &str, url: &str) -> Rpc {
    let usual = [
        ("CommandKey", escape(key)),
        ("FileType", escape(file_type)),
        ("URL", escape(url)),
        ("Username", String::new()),
        ("Password", String::new()),
        ("DelaySeconds", "0".to_owned()),
    ];
    Rpc::new("Upload", &elements(&usual, ""))
}

/// ScheduleDownload with windows of start, end, mode and MaxRetries.
pub fn schedule_download_of(
    key: &str,
    file_type: &str,
    url: &str,
    windows: &[(u32, u32, &str, i32)],
) -> Rpc {
    let items: String = windows
        .iter()
        .map(|(start, end, mode, retries)| {
            format!(
                "<TimeWindowStruct><WindowStart>{start}</WindowStart><WindowEnd>{end}</WindowEnd>\
                 <WindowMode>{mode}</WindowMode><UserMessage>please</UserMessage>\
                 <MaxRetries>{retries}</MaxRetries></TimeWindowStruct>"
            )
        })
        .collect();
    let list = format!(
        "<TimeWindowList soapenc:arrayType=\"cwmp:TimeWindowStruct[{}]\">{items}</TimeWindowList>",
        windows.len()
    );
    let usual = [
        ("CommandKey", escape(key)),
        ("FileType", escape(file_type)),
        ("URL", escape(url)),
        ("Username", String::new()),
        ("Password", String::new()),
        ("FileSize", "0".to_owned()),
        ("TargetFileName", String::new()),
    ];
    Rpc::new("ScheduleDownload", &elements(&usual, &list))
}

/// Elements, but those that `more` has in their place.
fn elements(usual: &[(&str, String)], more: &str) -> String {
    let kept = usual
        .iter()
        .filter(|(name, _)| !more.contains(&format!("<{name}")));
    let kept: String = kept
        .map(|(name, value)| format!("<{name}>{value}</{name}>"))
        .collect();
    kept + more
}

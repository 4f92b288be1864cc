//! A device of a few lines against the ACS.

use super::*;
use crate::wire::http::request;

struct Device {
    acs: Acs,
    cookie: String,
    count: u8,
}

impl Device {
    fn new(script: &str) -> Device {
        Device {
            acs: Acs::new(Script::parse(script).unwrap()),
            cookie: String::new(),
            count: 0,
        }
    }

    fn post(&mut self, body: &[u8]) -> Answer {
        let text = format!(
            "POST / HTTP/1.1\r\nCookie: a=b; {}\r\nContent-Length: {}\r\n\r\n",
            self.cookie,
            body.len()
        );
        let head = request::parse(text.as_bytes()).unwrap().unwrap();
        self.count += 1;
        let count = self.count;
        let answer = self
            .acs
            .post(&head, body.to_vec(), &mut |bytes| bytes.fill(count));
        if let Some((_, cookie)) = answer
            .headers
            .iter()
            .find(|(name, _)| *name == "Set-Cookie")
        {
            self.cookie = cookie.clone();
        }
        answer
    }

    fn say(&mut self, body: &str) -> Answer {
        let envelope = format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:c='urn:dslforum-org:cwmp-1-0'>\
             <s:Header><c:ID s:mustUnderstand='1'>i&amp;d</c:ID></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        );
        self.post(envelope.as_bytes())
    }

    fn inform(&mut self, serial: &str) -> Answer {
        self.say(&format!(
            "<c:Inform><DeviceId><OUI>00D0D0</OUI><SerialNumber>{serial}</SerialNumber></DeviceId>\
             <Event><EventStruct><EventCode>1 BOOT</EventCode></EventStruct></Event><RetryCount>2</RetryCount>\
             <ParameterList><ParameterValueStruct><Name>Device.ManagementServer.ConnectionRequestURL</Name>\
             <Value>http://127.0.0.1:1/x</Value></ParameterValueStruct></ParameterList></c:Inform>"
        ))
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.acs.event()).collect()
    }
}

fn method(answer: &Answer) -> (String, String) {
    let message = decode(&answer.body).unwrap();
    (
        Said::read(&message.body).method,
        message.header.id.unwrap_or_default(),
    )
}

const SCRIPT: &str = "
    step = [
        { do = 'SetParameterValues', values = [
            { name = 'Device.ManagementServer.ConnectionRequestUsername', value = 'u' },
            { name = 'Device.ManagementServer.ConnectionRequestPassword', value = 'p' } ] },
        { do = 'wake' },
        { do = 'GetParameterValues', names = ['Device.'] },
    ]";

#[test]
fn a_device_is_asked_step_by_step() {
    let mut device = Device::new(SCRIPT);
    let answer = device.inform("S1");
    assert_eq!(method(&answer), ("InformResponse".into(), "i&d".into()));
    assert_eq!(
        method(&device.say("<c:GetRPCMethods/>")).0,
        "GetRPCMethodsResponse"
    );
    assert_eq!(method(&device.say("<c:Nonsense/>")).0, "Fault");
    assert_eq!(method(&device.post(b"")).0, "SetParameterValues");
    assert_eq!(
        device.acs.connection_request("00D0D0-S1"),
        Some(("http://127.0.0.1:1/x", None))
    );
    let end = device
        .say("<c:SetParameterValuesResponse><Status>0</Status></c:SetParameterValuesResponse>");
    assert_eq!((end.status, end.close), (204, true));
    let (_, credentials) = device.acs.connection_request("00D0D0-S1").unwrap();
    assert_eq!(
        credentials,
        Some(&Credentials {
            username: "u".into(),
            password: "p".into()
        })
    );
    let events = device.events();
    assert!(
        matches!(&events[0], Event::Inform { events, retry_count, .. } if events == &["1 BOOT"] && retry_count == "2")
    );
    assert!(matches!(
        events.last(),
        Some(Event::Ended { wake: true, .. })
    ));
    // The next session goes on behind the wake.
    device.inform("S1");
    assert_eq!(method(&device.post(b"")).0, "GetParameterValues");
    assert_eq!(
        device
            .say("<s:Fault><faultcode>Client</faultcode></s:Fault>")
            .status,
        204
    );
    assert!(
        device
            .events()
            .iter()
            .any(|e| matches!(e, Event::Said { said, .. } if said.fault.is_some()))
    );
}

#[test]
fn credentials_that_were_refused_are_not_learnt() {
    let mut device = Device::new(SCRIPT);
    device.inform("S1");
    device.post(b"");
    device.say("<s:Fault><faultcode>Client</faultcode></s:Fault>");
    assert_eq!(device.acs.connection_request("00D0D0-S1").unwrap().1, None);
}

#[test]
fn what_belongs_to_no_session_is_refused() {
    let mut device = Device::new("");
    assert_eq!(device.post(b"").status, 400);
    assert_eq!(device.post(b"<html>").status, 400);
    assert_eq!(device.say("<c:GetRPCMethodsResponse/>").status, 400);
    assert_eq!(device.inform("").status, 400);
    device.inform("S1");
    let old = device.cookie.clone();
    device.inform("S1");
    let new = std::mem::replace(&mut device.cookie, old);
    assert_eq!(device.post(b"").status, 400);
    device.cookie = new;
    assert_eq!(device.post(b"").status, 204);
    assert_eq!(device.post(b"").status, 400);
    assert!(
        device
            .events()
            .iter()
            .filter(|e| matches!(e, Event::Refused { .. }))
            .count()
            >= 6
    );
}

#[test]
fn steps_are_queued_for_known_devices() {
    let mut device = Device::new("");
    device.acs.queue("00D0D0-S1", Step::FactoryReset);
    device.inform("S1");
    device.acs.queue("00D0D0-S1", Step::GetRPCMethods);
    assert_eq!(method(&device.post(b"")).0, "GetRPCMethods");
    let methods = "<c:GetRPCMethodsResponse><MethodList><string>Inform</string><string>Reboot</string></MethodList>\
                   </c:GetRPCMethodsResponse>";
    assert_eq!(device.say(methods).status, 204);
    let events = device.events();
    let said = events.iter().rev().find_map(|e| {
        if let Event::Said { said, .. } = e {
            Some(said)
        } else {
            None
        }
    });
    assert_eq!(said.unwrap().lines, ["Inform", "Reboot"]);
}

#[test]
fn attributes_are_set_and_told_with_their_access_lists() {
    let mut device = Device::new(
        "step = [{ do = 'SetParameterAttributes', attributes = [
            { name = 'Device.A', notification = 2 }, { name = 'Device.B.', access_list = [] },
            { name = 'Device.C', notification = 0, access_list = ['Subscriber', 'X_EX_Y'] } ] }]",
    );
    device.inform("S1");
    let asked = decode(&device.post(b"").body).unwrap();
    assert_eq!(
        Said::read(&asked.body).lines,
        [
            "Name=Device.A NotificationChange=1 Notification=2 AccessListChange=0 AccessList=",
            "Name=Device.B. NotificationChange=0 Notification=0 AccessListChange=1 AccessList=",
            "Name=Device.C NotificationChange=1 Notification=0 AccessListChange=1 AccessList=Subscriber,X_EX_Y",
        ]
    );
    let told = device.events().pop().map(|e| crate::lab::report::lines(&e));
    assert_eq!(
        told.unwrap(),
        [
            "00D0D0-S1 <- SetParameterAttributes",
            "    Device.A notification=2",
            "    Device.B. access_list=",
            "    Device.C notification=0 access_list=Subscriber,X_EX_Y"
        ]
    );
}

/// Whatever the ACS asks, as the device of this project reads it.
#[test]
fn transfers_and_software_are_ordered_and_no_password_is_told() {
    let mut device = Device::new(
        "step = [
            { do = 'Download', file_type = '1 Firmware Upgrade Image', url = 'http://h/f?a&b', username = 'u',
              password = 'geheim', file_size = 5, target_file_name = 't', delay = 3, success_url = 's', failure_url = 'f',
              command_key = 'k' },
            { do = 'Upload', file_type = '4 Vendor Log File 1', url = 'http://h/l', password = 'geheim' },
            { do = 'ScheduleDownload', file_type = '2 Web Content', url = 'http://h/w', windows = [
                { start = 1, end = 2, mode = '1 At Any Time' },
                { start = 3, end = 4, mode = '4 Confirmation Needed', user_message = 'Now?', max_retries = -1 } ] },
            { do = 'CancelTransfer', command_key = 'k' }, { do = 'GetQueuedTransfers' },
            { do = 'GetAllQueuedTransfers' },
            { do = 'ChangeDUState', command_key = 'du', operations = [
                { do = 'Install', url = 'http://h/a.ipk', uuid = '1', password = 'geheim', execution_env_ref = 'E.1.' },
                { do = 'Update', version = '2' }, { do = 'Uninstall', uuid = '1' } ] },
        ]",
    );
    device.inform("S1");
    let mut answer = device.post(b"");
    let mut asked = Vec::new();
    while answer.status == 200 {
        let text = String::from_utf8(answer.body).unwrap();
        let body = text.split("<soap-env:Body>").nth(1).unwrap();
        asked.push(body.split("</soap-env:Body>").next().unwrap().to_owned());
        answer = device.say("<c:AnyResponse/>");
    }
    assert_eq!(
        asked,
        [
            "<cwmp:Download><CommandKey>k</CommandKey><FileType>1 Firmware Upgrade Image</FileType>\
             <URL>http://h/f?a&amp;b</URL><Username>u</Username><Password>geheim</Password><FileSize>5</FileSize>\
             <TargetFileName>t</TargetFileName><DelaySeconds>3</DelaySeconds><SuccessURL>s</SuccessURL>\
             <FailureURL>f</FailureURL></cwmp:Download>",
            "<cwmp:Upload><CommandKey></CommandKey><FileType>4 Vendor Log File 1</FileType><URL>http://h/l</URL>\
             <Username></Username><Password>geheim</Password><DelaySeconds>0</DelaySeconds></cwmp:Upload>",
            "<cwmp:ScheduleDownload><CommandKey></CommandKey><FileType>2 Web Content</FileType><URL>http://h/w</URL>\
             <Username></Username><Password></Password><FileSize>0</FileSize><TargetFileName></TargetFileName>\
             <TimeWindowList soap-enc:arrayType=\"cwmp:TimeWindowStruct[2]\"         ><TimeWindowStruct>\
             <WindowStart>1</WindowStart><WindowEnd>2</WindowEnd><WindowMode>1 At Any Time</WindowMode>\
             <UserMessage></UserMessage><MaxRetries>0</MaxRetries></TimeWindowStruct><TimeWindowStruct>\
             <WindowStart>3</WindowStart><WindowEnd>4</WindowEnd><WindowMode>4 Confirmation Needed</WindowMode>\
             <UserMessage>Now?</UserMessage><MaxRetries>-1</MaxRetries></TimeWindowStruct></TimeWindowList>\
             </cwmp:ScheduleDownload>",
            "<cwmp:CancelTransfer><CommandKey>k</CommandKey></cwmp:CancelTransfer>",
            "<cwmp:GetQueuedTransfers></cwmp:GetQueuedTransfers>",
            "<cwmp:GetAllQueuedTransfers></cwmp:GetAllQueuedTransfers>",
            "<cwmp:ChangeDUState><Operations xsi:type=\"cwmp:InstallOpStruct\"><URL>http://h/a.ipk</URL><UUID>1</UUID>\
             <Password>geheim</Password><ExecutionEnvRef>E.1.</ExecutionEnvRef></Operations>\
             <Operations xsi:type=\"cwmp:UpdateOpStruct\"><Version>2</Version></Operations>\
             <Operations xsi:type=\"cwmp:UninstallOpStruct\"><UUID>1</UUID></Operations>\
             <CommandKey>du</CommandKey></cwmp:ChangeDUState>",
        ]
    );
    let events = device.events();
    assert!(!format!("{events:?}").contains("geheim"));
    let told: Vec<String> = events.iter().flat_map(crate::lab::report::lines).collect();
    let told = told.join("\n");
    assert!(!told.contains("geheim"), "{told}");
    for line in [
        "<- Download\n    \"1 Firmware Upgrade Image\" url=http://h/f?a&b command_key=\"k\"",
        "command_key=\"\"\n    start=1 end=2 mode=\"1 At Any Time\"",
        "    Install URL=http://h/a.ipk UUID=1 ExecutionEnvRef=E.1.\n    Update Version=2",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
}

#[test]
fn what_a_device_reports_is_told_and_answered() {
    let mut device = Device::new("");
    device.inform("S1");
    let body = "<c:TransferComplete><CommandKey>fw-1</CommandKey><FaultStruct><FaultCode>9016</FaultCode>\
                <FaultString>not found</FaultString></FaultStruct><StartTime>0001-01-01T00:00:00Z</StartTime>\
                <CompleteTime>0001-01-01T00:00:00Z</CompleteTime></c:TransferComplete>";
    assert_eq!(
        method(&device.say(body)),
        ("TransferCompleteResponse".into(), "i&d".into())
    );
    let told = device.events().pop().map(|e| crate::lab::report::lines(&e));
    assert_eq!(
        told.unwrap(),
        [
            "00D0D0-S1 -> TransferComplete",
            "    CommandKey=fw-1 StartTime=0001-01-01T00:00:00Z CompleteTime=0001-01-01T00:00:00Z",
            "    FaultCode=9016 FaultString=not found",
        ]
    );
    for name in [
        "AutonomousTransferComplete",
        "DUStateChangeComplete",
        "AutonomousDUStateChangeComplete",
        "RequestDownload",
    ] {
        let answer = device.say(&format!("<c:{name}/>"));
        assert_eq!(method(&answer).0, format!("{name}Response"));
    }
    let answer = device.say("<c:Kicked><Next>http://h/n?a&amp;b</Next></c:Kicked>");
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains("<cwmp:KickedResponse><NextURL>http://h/n?a&amp;b</NextURL>"));
}

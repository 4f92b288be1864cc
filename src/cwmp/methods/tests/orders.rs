//! What is done after the session: Reboot, FactoryReset, ScheduleInform.

use super::*;

#[test]
fn reboot_and_factory_reset_are_promised_and_answered() {
    // RB-01 RB-02 RB-04
    let mut cpe = Harness::asked();
    for key in ["one", ""] {
        let request = format!("<cwmp:Reboot><CommandKey>{key}</CommandKey></cwmp:Reboot>");
        assert!(
            cpe.call(&request)
                .contains("<cwmp:RebootResponse></cwmp:RebootResponse>")
        );
    }
    assert!(
        cpe.call("<cwmp:FactoryReset/>")
            .contains("<cwmp:FactoryResetResponse>")
    );
    assert_eq!(
        cpe.promises[1..],
        [
            Promise::Reboot {
                command_key: "one".into()
            },
            Promise::Reboot {
                command_key: String::new()
            },
            Promise::FactoryReset,
        ]
    );
    cpe.refuse_promise = Some(Fault::new(Code::RESOURCES_EXCEEDED, "too many reboots"));
    assert_eq!(fault_code(&cpe.call("<cwmp:Reboot/>")), Some(9004));
}

#[test]
fn schedule_inform() {
    // RB-05
    let request = |delay: &str| {
        format!(
            "<cwmp:ScheduleInform><DelaySeconds>{delay}</DelaySeconds><CommandKey>si</CommandKey>\
             </cwmp:ScheduleInform>"
        )
    };
    let mut cpe = Harness::asked();
    assert!(
        cpe.call(&request(" 10 "))
            .contains("<cwmp:ScheduleInformResponse>")
    );
    let promise = Promise::ScheduleInform {
        delay: 10,
        command_key: "si".into(),
    };
    assert_eq!(cpe.promises[1], promise);
    for delay in ["0", "-1", "", "x", "4294967296"] {
        assert_eq!(code(&request(delay)), Some(9003), "{delay}");
    }
}

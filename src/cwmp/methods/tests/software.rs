//! ChangeDUState.

use super::*;
use crate::cwmp::software::{DuKind, DuOperation, DuOrder};
use crate::wire::Secret;

const UUID: &str = "11111111-2222-5333-8444-555555555555";

fn change(operations: &str) -> String {
    format!("<cwmp:ChangeDUState>{operations}<CommandKey>du-1</CommandKey></cwmp:ChangeDUState>")
}

fn operation(ty: &str, arguments: &str) -> String {
    format!("<Operations xsi:type='{ty}'>{arguments}</Operations>")
}

#[test]
fn operations_are_ordered_as_they_stand() {
    // RB-06 RB-07
    let all = [
        operation(
            "cwmp:InstallOpStruct",
            &format!(
                "<URL>http://192.0.2.80/app.ipk?a&amp;b</URL><UUID>{UUID}</UUID><Username>u</Username>\
                 <Password>p&amp;</Password><ExecutionEnvRef>Device.SoftwareModules.ExecEnv.1.</ExecutionEnvRef>"
            ),
        ),
        operation(
            "cwmp:UpdateOpStruct",
            "<Version>1.0</Version><URL>nonsense</URL>",
        ),
        operation(" x:UninstallOpStruct ", "<UUID>no-uuid</UUID><X_EX_More/>"),
        operation("UpdateOpStruct", ""),
    ];
    let mut cpe = Harness::asked();
    let answer = cpe.call(&change(&all.concat()));
    assert!(answer.contains("<cwmp:ChangeDUStateResponse></cwmp:ChangeDUStateResponse>"));
    let order = DuOrder {
        command_key: "du-1".into(),
        operations: vec![
            DuOperation {
                kind: DuKind::Install,
                url: "http://192.0.2.80/app.ipk?a&b".into(),
                uuid: UUID.into(),
                username: "u".into(),
                password: Secret::new("p&"),
                execution_env_ref: "Device.SoftwareModules.ExecEnv.1.".into(),
                ..DuOperation::default()
            },
            DuOperation {
                kind: DuKind::Update,
                version: "1.0".into(),
                url: "nonsense".into(),
                ..DuOperation::default()
            },
            DuOperation {
                kind: DuKind::Uninstall,
                uuid: "no-uuid".into(),
                ..DuOperation::default()
            },
            DuOperation {
                kind: DuKind::Update,
                ..DuOperation::default()
            },
        ],
    };
    assert_eq!(cpe.promises.last(), Some(&Promise::ChangeDuState(order)));
}

#[test]
fn an_operation_of_no_known_type_refuses_all() {
    // RB-06
    let good = operation("cwmp:UpdateOpStruct", "");
    for bad in [
        operation("cwmp:RemoveOpStruct", ""),
        operation("cwmp:OperationStruct", ""),
        operation("cwmp:Install", ""),
        operation("", ""),
        "<Operations><UUID>1</UUID></Operations>".to_owned(),
        operation(
            "cwmp:UpdateOpStruct",
            "<Version>123456789012345678901234567890123</Version>",
        ),
    ] {
        assert_eq!(code(&change(&format!("{good}{bad}"))), Some(9003), "{bad}");
    }
    assert_eq!(code(&change("")), Some(9003));
    assert_eq!(code(&change(&good.repeat(16))), None);
    assert_eq!(code(&change(&good.repeat(17))), Some(9004));
    let long = change(&good).replace("du-1", &"k".repeat(33));
    assert_eq!(code(&long), Some(9003));
}

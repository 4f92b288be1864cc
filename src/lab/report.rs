//! What the ACS has seen, in lines for people.

use crate::lab::acs::{Event, Said};
use crate::lab::script::{Step, Window};
use crate::lab::server::Woken;

/// Lines of a message that are shown; the rest is counted.
const MAX_LINES: usize = 40;

/// An event in lines, the first one without indentation.
pub fn lines(event: &Event) -> Vec<String> {
    match event {
        Event::Inform {
            device,
            events,
            retry_count,
            said,
        } => {
            let events = events.join(",");
            with_details(
                format!("{device} -> Inform events=\"{events}\" retry_count={retry_count}"),
                &values(said),
            )
        }
        Event::Asked { device, step } => {
            with_details(format!("{device} <- {}", step.name()), &arguments(step))
        }
        Event::Said { device, said } => match &said.fault {
            Some(fault) => with_details(format!("{device} -> {fault}"), &said.lines),
            None => with_details(format!("{device} -> {}", said.method), &said.lines),
        },
        Event::Ended { device, .. } => vec![format!("{device} session ended")],
        Event::Refused { status, reason } => {
            vec![format!("refused status={status} reason=\"{reason}\"")]
        }
    }
}

/// How a connection request ended.
pub fn woken(woken: &Woken) -> String {
    match &woken.result {
        Ok(status) => format!("{} connection request status={status}", woken.device),
        Err(error) => format!("{} connection request failed: {error}", woken.device),
    }
}

fn with_details(first: String, details: &[String]) -> Vec<String> {
    let mut lines = vec![first];
    lines.extend(
        details
            .iter()
            .take(MAX_LINES)
            .map(|line| format!("    {line}")),
    );
    if details.len() > MAX_LINES {
        lines.push(format!("    … and {} more", details.len() - MAX_LINES));
    }
    lines
}

fn values(said: &Said) -> Vec<String> {
    said.values
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect()
}

/// What a step asks. Passwords are not shown.
fn arguments(step: &Step) -> Vec<String> {
    match step {
        Step::GetParameterValues { names } | Step::GetParameterAttributes { names } => {
            names.clone()
        }
        Step::SetParameterAttributes { attributes } => attributes
            .iter()
            .map(|setting| {
                let mut line = setting.name.clone();
                if let Some(number) = setting.notification {
                    line.push_str(&format!(" notification={number}"));
                }
                if let Some(entities) = &setting.access_list {
                    line.push_str(&format!(" access_list={}", entities.join(",")));
                }
                line
            })
            .collect(),
        Step::GetParameterNames { path, next_level } => {
            vec![format!("{path:?} next_level={next_level}")]
        }
        Step::SetParameterValues { values, .. } => values
            .iter()
            .map(|setting| match setting.name.ends_with("Password") {
                true => format!("{} = (not shown)", setting.name),
                false => format!("{} = {}", setting.name, setting.text()),
            })
            .collect(),
        Step::AddObject { object, .. } | Step::DeleteObject { object, .. } => vec![object.clone()],
        Step::Reboot { command_key } => vec![format!("command_key={command_key:?}")],
        Step::ScheduleInform { delay, command_key } => {
            vec![format!("delay={delay} command_key={command_key:?}")]
        }
        Step::CancelTransfer { command_key } => vec![format!("command_key={command_key:?}")],
        Step::Download {
            file_type,
            url,
            command_key,
            ..
        }
        | Step::Upload {
            file_type,
            url,
            command_key,
            ..
        } => vec![transfer(file_type, url, command_key)],
        Step::ScheduleDownload {
            file_type,
            url,
            command_key,
            windows,
            ..
        } => {
            let mut lines = vec![transfer(file_type, url, command_key)];
            let one = |window: &Window| {
                let Window {
                    start, end, mode, ..
                } = window;
                format!("start={start} end={end} mode={mode:?}")
            };
            lines.extend(windows.iter().map(one));
            lines
        }
        Step::ChangeDUState {
            operations,
            command_key,
        } => {
            let mut lines = vec![format!("command_key={command_key:?}")];
            for operation in operations {
                let (line, arguments) = operation.arguments();
                let shown = arguments.iter().filter(|(name, _)| *name != "Password");
                let line = shown.fold(line.to_owned(), |line, (name, text)| {
                    format!("{line} {name}={text}")
                });
                lines.push(line);
            }
            lines
        }
        Step::GetRPCMethods
        | Step::FactoryReset
        | Step::GetQueuedTransfers
        | Step::GetAllQueuedTransfers
        | Step::Raw { .. }
        | Step::Wake => Vec::new(),
    }
}

fn transfer(file_type: &str, url: &str, command_key: &str) -> String {
    format!("{file_type:?} url={url} command_key={command_key:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::script::Setting;

    #[test]
    fn passwords_are_not_shown_and_long_answers_are_cut() {
        let step = Step::SetParameterValues {
            values: vec![
                Setting::string("A.Password", "geheim"),
                Setting::string("A.Name", "n"),
            ],
            parameter_key: String::new(),
        };
        let shown = lines(&Event::Asked {
            device: "d".into(),
            step,
        });
        assert_eq!(
            shown,
            [
                "d <- SetParameterValues",
                "    A.Password = (not shown)",
                "    A.Name = n"
            ]
        );
        let said = Said {
            method: "M".into(),
            lines: vec!["x".into(); MAX_LINES + 2],
            ..Said::default()
        };
        let shown = lines(&Event::Said {
            device: "d".into(),
            said,
        });
        assert_eq!(shown.len(), MAX_LINES + 2);
        assert_eq!(shown.last().unwrap(), "    … and 2 more");
    }
}

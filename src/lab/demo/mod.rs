//! `cwmp-lab demo`: a device's first minutes, with a commentary. Every chapter fails the demo when what it tells of
//! does not happen.

mod stage;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use super::acs::{Event, Said};
use super::cli::say;
use super::script::{Script, Step};
use stage::{Happening, Stage, Trouble};

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Options {
    /// Leave everything running at the end.
    pub keep: bool,
    /// The daemon to start.
    pub daemon: Option<PathBuf>,
}

const SCRIPT: &str = include_str!("story.toml");
/// The parameter that the story is about.
const SSID: &str = "Device.WiFi.SSID.1.SSID";
const NAMED_BY_ACS: &str = "Named by the ACS";
const NAMED_BY_USER: &str = "Named at home";

/// Plays the demo.
pub fn main(options: &Options) -> ExitCode {
    let started = Instant::now();
    let mut stage = match set_up(options) {
        Ok(stage) => stage,
        Err(trouble) => return explain(&trouble, &[]),
    };
    let played = story(&mut stage).and_then(|()| match options.keep {
        true => keep(&mut stage),
        false => stage.stop(),
    });
    match played {
        Ok(()) | Err(Trouble::Interrupted) if options.keep => ExitCode::SUCCESS,
        Ok(()) => match say(&format!(
            "\nAll of it happened, in {:.1} seconds.",
            started.elapsed().as_secs_f32()
        )) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(trouble) => explain(&trouble, &stage.last_words()),
    }
}

fn explain(trouble: &Trouble, log: &[String]) -> ExitCode {
    let mut lines = vec![format!("\nThe demo stopped: {trouble}.")];
    if !log.is_empty() {
        lines.push("The daemon's last words:".into());
        lines.extend(log.iter().map(|line| format!("    {line}")));
    }
    // With stdout gone the exit code still tells.
    let _: io::Result<()> = lines.iter().try_for_each(|line| say(line));
    ExitCode::FAILURE
}

fn set_up(options: &Options) -> Result<Stage, Trouble> {
    let script = Script::parse(SCRIPT).map_err(|e| Trouble::Wrong(e.to_string()))?;
    Stage::new(options.daemon.as_deref(), script)
}

fn story(stage: &mut Stage) -> Result<(), Trouble> {
    chapter(
        "A router is switched on. All it knows of its operator is the ACS's URL and its login there.",
    )?;
    say(&format!(
        "    ACS {}, root {}",
        stage.url(),
        stage.root.display()
    ))?;
    stage.start()?;
    let (device, events) = stage.wait("the first Inform", informed)?;
    expect(
        events == ["0 BOOTSTRAP", "1 BOOT"],
        "the first Inform says 0 BOOTSTRAP and 1 BOOT",
    )?;

    chapter(
        "The ACS reads it, names its Wi-Fi, takes over the login for connection requests, and asks to be told of changes.",
    )?;
    let mut answered = Vec::new();
    stage.wait("the end of the first session", |happening| {
        if let Happening::Acs(Event::Said { said, .. }) = happening
            && (said.fault.is_some() || said.method.ends_with("Response"))
        {
            answered.push(said.clone());
        }
        ended(happening)
    })?;
    expect(
        answered.len() == 4 && answered.iter().all(|said| said.fault.is_none()),
        "all four requests were answered",
    )?;

    chapter("Later the ACS wants something: a connection request wakes the device.")?;
    stage.acs().queue(
        &device,
        Step::GetParameterValues {
            names: vec![SSID.into()],
        },
    );
    stage.wake(&device);
    // The reply leaves before the session starts, but what is seen first here is a matter of luck.
    let (mut status, mut events, mut said) = (None, None, None::<Said>);
    stage.wait(
        "the session that the connection request asks for",
        |happening| {
            match happening {
                Happening::Woken(woken) => status = woken.result.as_ref().ok().copied(),
                Happening::Acs(Event::Said { said: new, .. }) => said = Some(new.clone()),
                Happening::Acs(_) => {
                    events = informed(happening)
                        .map(|(_, events)| events)
                        .or(events.take())
                }
            }
            ended(happening)
        },
    )?;
    expect(
        matches!(status, Some(200 | 204)),
        "the device accepts the connection request",
    )?;
    expect(
        events.is_some_and(|e| e == ["6 CONNECTION REQUEST"]),
        "the Inform says 6 CONNECTION REQUEST",
    )?;
    let ssid = said.as_ref().and_then(|said| said.value(SSID));
    expect(
        ssid == Some(NAMED_BY_ACS),
        "the Wi-Fi has the name that the ACS gave it",
    )?;

    chapter("Someone at home renames the Wi-Fi: the device reports it by itself.")?;
    let assignment = format!("{SSID}={NAMED_BY_USER}");
    say(&format!(
        "    $ {}",
        stage.command_line(&["set", &assignment])
    ))?;
    stage.run(&["set", &assignment])?;
    let (events, value) = stage.wait("the report of the change", |happening| match happening {
        Happening::Acs(Event::Inform { events, said, .. }) => {
            Some((events.clone(), said.value(SSID).map(str::to_owned)))
        }
        _ => None,
    })?;
    expect(
        events == ["4 VALUE CHANGE"],
        "the Inform says 4 VALUE CHANGE",
    )?;
    expect(
        value.as_deref() == Some(NAMED_BY_USER),
        "the Inform carries the new name",
    )?;
    stage.wait("the end of that session", ended)?;

    chapter("And this is how the device sees it:")?;
    say(&format!("    $ {}", stage.command_line(&["status"])))?;
    for line in stage.run(&["status"])?.lines() {
        say(&format!("    {line}"))?;
    }
    Ok(())
}

fn keep(stage: &mut Stage) -> Result<(), Trouble> {
    chapter("Both are left running; Ctrl-C ends them and removes the root.")?;
    let pid = stage.pid();
    for line in [
        format!("the ACS listens at {}", stage.url()),
        format!(
            "the daemon has pid {pid} and logs to {}",
            stage.log().display()
        ),
        "try:".into(),
        format!("  {}", stage.command_line(&["status"])),
        format!("  {}", stage.command_line(&["get", "Device.DeviceInfo."])),
        format!("  {}", stage.command_line(&["inform"])),
        format!("  {}", stage.command_line(&["trace"])),
    ] {
        say(&format!("    {line}"))?;
    }
    Err(stage.run_on())
}

fn chapter(title: &str) -> Result<(), Trouble> {
    say("")?;
    Ok(say(title)?)
}

fn expect(holds: bool, what: &str) -> Result<(), Trouble> {
    match holds {
        true => Ok(say(&format!("  ok: {what}"))?),
        false => Err(Trouble::Wrong(format!("it does not hold that {what}"))),
    }
}

/// Device and event codes of an Inform.
fn informed(happening: &Happening) -> Option<(String, Vec<String>)> {
    match happening {
        Happening::Acs(Event::Inform { device, events, .. }) => {
            Some((device.clone(), events.clone()))
        }
        _ => None,
    }
}

fn ended(happening: &Happening) -> Option<()> {
    matches!(happening, Happening::Acs(Event::Ended { .. })).then_some(())
}

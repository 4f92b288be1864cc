//! Events (TR-069 3.7.1.5): the codes, and what one event is.

mod queue;

pub use queue::{CAPACITY, EventQueue, MULTIPLES};

use crate::wire::data::{Data, FromData, Map, ToData, Wrong, record};
use std::fmt;
use std::str::FromStr;

/// Longest CommandKey (TR-069 A.3.3.1), in characters.
pub const MAX_COMMAND_KEY: usize = 32;

/// Longest event code (TR-069 A.3.3.1), in characters.
const MAX_EVENT_CODE: usize = 64;

/// An event code. The order is the one in which an Inform lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventCode {
    /// `0 BOOTSTRAP`
    Bootstrap,
    /// `1 BOOT`
    Boot,
    /// `2 PERIODIC`
    Periodic,
    /// `3 SCHEDULED`
    Scheduled,
    /// `4 VALUE CHANGE`
    ValueChange,
    /// `5 KICKED`
    Kicked,
    /// `6 CONNECTION REQUEST`
    ConnectionRequest,
    /// `7 TRANSFER COMPLETE`
    TransferComplete,
    /// `8 DIAGNOSTICS COMPLETE`
    DiagnosticsComplete,
    /// `9 REQUEST DOWNLOAD`
    RequestDownload,
    /// `10 AUTONOMOUS TRANSFER COMPLETE`
    AutonomousTransferComplete,
    /// `11 DU STATE CHANGE COMPLETE`
    DuStateChangeComplete,
    /// `12 AUTONOMOUS DU STATE CHANGE COMPLETE`
    AutonomousDuStateChangeComplete,
    /// `13 WAKEUP`
    Wakeup,
    /// `14 HEARTBEAT`
    Heartbeat,
    /// `M Reboot`
    MReboot,
    /// `M ScheduleInform`
    MScheduleInform,
    /// `M Download`
    MDownload,
    /// `M ScheduleDownload`
    MScheduleDownload,
    /// `M Upload`
    MUpload,
    /// `M ChangeDUState`
    MChangeDuState,
}

/// The message from the ACS that says an event has reached it (table E of the checklist).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Confirmation {
    InformResponse,
    KickedResponse,
    TransferCompleteResponse,
    RequestDownloadResponse,
    AutonomousTransferCompleteResponse,
    DuStateChangeCompleteResponse,
    AutonomousDuStateChangeCompleteResponse,
}

impl EventCode {
    /// All of them, in order.
    pub const ALL: [EventCode; 21] = [
        EventCode::Bootstrap,
        EventCode::Boot,
        EventCode::Periodic,
        EventCode::Scheduled,
        EventCode::ValueChange,
        EventCode::Kicked,
        EventCode::ConnectionRequest,
        EventCode::TransferComplete,
        EventCode::DiagnosticsComplete,
        EventCode::RequestDownload,
        EventCode::AutonomousTransferComplete,
        EventCode::DuStateChangeComplete,
        EventCode::AutonomousDuStateChangeComplete,
        EventCode::Wakeup,
        EventCode::Heartbeat,
        EventCode::MReboot,
        EventCode::MScheduleInform,
        EventCode::MDownload,
        EventCode::MScheduleDownload,
        EventCode::MUpload,
        EventCode::MChangeDuState,
    ];

    /// The text on the wire.
    pub fn text(self) -> &'static str {
        match self {
            EventCode::Bootstrap => "0 BOOTSTRAP",
            EventCode::Boot => "1 BOOT",
            EventCode::Periodic => "2 PERIODIC",
            EventCode::Scheduled => "3 SCHEDULED",
            EventCode::ValueChange => "4 VALUE CHANGE",
            EventCode::Kicked => "5 KICKED",
            EventCode::ConnectionRequest => "6 CONNECTION REQUEST",
            EventCode::TransferComplete => "7 TRANSFER COMPLETE",
            EventCode::DiagnosticsComplete => "8 DIAGNOSTICS COMPLETE",
            EventCode::RequestDownload => "9 REQUEST DOWNLOAD",
            EventCode::AutonomousTransferComplete => "10 AUTONOMOUS TRANSFER COMPLETE",
            EventCode::DuStateChangeComplete => "11 DU STATE CHANGE COMPLETE",
            EventCode::AutonomousDuStateChangeComplete => "12 AUTONOMOUS DU STATE CHANGE COMPLETE",
            EventCode::Wakeup => "13 WAKEUP",
            EventCode::Heartbeat => "14 HEARTBEAT",
            EventCode::MReboot => "M Reboot",
            EventCode::MScheduleInform => "M ScheduleInform",
            EventCode::MDownload => "M Download",
            EventCode::MScheduleDownload => "M ScheduleDownload",
            EventCode::MUpload => "M Upload",
            EventCode::MChangeDuState => "M ChangeDUState",
        }
    }

    /// One entry per cause, with its CommandKey; all others appear at most once and carry none.
    pub fn is_multiple(self) -> bool {
        self >= EventCode::MReboot
    }

    /// What confirms that this event was delivered.
    pub fn delivered_by(self) -> Confirmation {
        match self {
            EventCode::Kicked => Confirmation::KickedResponse,
            EventCode::RequestDownload => Confirmation::RequestDownloadResponse,
            EventCode::TransferComplete
            | EventCode::MDownload
            | EventCode::MScheduleDownload
            | EventCode::MUpload => Confirmation::TransferCompleteResponse,
            EventCode::AutonomousTransferComplete => {
                Confirmation::AutonomousTransferCompleteResponse
            }
            EventCode::DuStateChangeComplete | EventCode::MChangeDuState => {
                Confirmation::DuStateChangeCompleteResponse
            }
            EventCode::AutonomousDuStateChangeComplete => {
                Confirmation::AutonomousDuStateChangeCompleteResponse
            }
            _ => Confirmation::InformResponse,
        }
    }

    /// The single event that always goes along.
    pub fn companion(self) -> Option<EventCode> {
        match self {
            EventCode::MReboot => Some(EventCode::Boot),
            EventCode::MScheduleInform => Some(EventCode::Scheduled),
            EventCode::MDownload | EventCode::MScheduleDownload | EventCode::MUpload => {
                Some(EventCode::TransferComplete)
            }
            EventCode::MChangeDuState => Some(EventCode::DuStateChangeComplete),
            _ => None,
        }
    }
}

impl fmt::Display for EventCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl FromData for EventCode {
    fn read(&mut self, data: Data<'_>) -> Result<(), Wrong> {
        let text = data.as_text().ok_or_else(|| Wrong::kind("a string"))?;
        *self = text
            .parse()
            .map_err(|error: UnknownEvent| Wrong::new(error.to_string()))?;
        Ok(())
    }
}

impl ToData for EventCode {
    fn data(&self) -> Data<'_> {
        self.text().into()
    }
}

/// Whether a text has the form of what a vendor may add to a list: `X <OUI or VENDOR> <text>`, for events (TR-069
/// 3.7.1.5) and FileTypes (A.3.2.8) alike.
pub fn is_vendor_text(text: &str) -> bool {
    let mut words = text.splitn(3, ' ');
    words.next() == Some("X")
        && text.chars().count() <= MAX_EVENT_CODE
        && !text.chars().any(char::is_control)
        && words.all(|word| !word.is_empty())
        && text.matches(' ').count() >= 2
}

/// A text that is no event code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEvent(String);

impl fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no such event code: {:?}", self.0)
    }
}

impl std::error::Error for UnknownEvent {}

impl FromStr for EventCode {
    type Err = UnknownEvent;

    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        let found = Self::ALL.into_iter().find(|code| code.text() == text);
        found.ok_or_else(|| UnknownEvent(text.to_owned()))
    }
}

/// One entry of an Inform's event list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The code.
    pub code: EventCode,
    /// Empty unless the code is a multiple one.
    pub command_key: String,
}

record!(read Event { code, command_key } requires ["code"]);

impl ToData for Event {
    /// Without a key that is empty.
    fn data(&self) -> Data<'_> {
        let mut map = Map::default();
        map.push("code", self.code.data());
        if !self.command_key.is_empty() {
            map.push("command_key", self.command_key.data());
        }
        Data::Map(map)
    }
}

impl Event {
    /// A single event.
    pub fn new(code: EventCode) -> Self {
        Event {
            code,
            command_key: String::new(),
        }
    }

    /// A multiple event with the CommandKey of its cause.
    pub fn with_key(code: EventCode, command_key: &str) -> Self {
        Event {
            code,
            command_key: command_key.to_owned(),
        }
        .normalized()
    }

    /// Without a key that may not be there, and no longer than it may be.
    fn normalized(mut self) -> Self {
        if !self.code.is_multiple() {
            self.command_key.clear();
        } else if let Some((end, _)) = self.command_key.char_indices().nth(MAX_COMMAND_KEY) {
            self.command_key.truncate(end);
        }
        self
    }
}
